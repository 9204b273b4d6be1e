import { AdpError } from '../../errors.ts';
import { entities } from '../../model/entities.ts';
import type { Run, RunId } from '../../model/run.ts';
import type { IngestDeps } from '../ingest.ts';
import type { RunDeps } from '../runWork.ts';
import { type BaselineLease, type Baselines, newestOf } from './baselines.ts';
import { suspicionMark } from './plan.ts';
import type { SnapshotBlobs } from './snapshotBlobs.ts';
import { readChanges } from './spool.ts';

export interface ApproveDeps extends Pick<RunDeps, 'runs' | 'clock'>, Pick<IngestDeps, 'deliver'> {
  readonly baselines: Baselines;
  readonly blobs: SnapshotBlobs;
}

/**
 * Sends the deletes that a suspect run holds; the run closes again when they are applied. A crash in between leaves the
 * run as it was: approved again, the same messages are sent again.
 *
 * The keys stay in the baseline, so the next snapshot is compared with the store instead.
 *
 * @throws AdpError CONFLICT (park) where nothing is held, or a newer snapshot was read; CONFLICT (retry) while one is
 * being read
 */
export async function approveRun(runId: RunId, deps: ApproveDeps): Promise<Run> {
  const { run } = await suspectRun(runId, deps);
  const { dealerId, entity, sourceId } = run;
  if (entity === null) throw refused('It has no deletes that wait for approval.');
  // In the name of its own diff, which is over, but may hold it still: that has nothing to save any more.
  const lease = await deps.baselines.take({ dealerId, entity, sourceId }, runId);
  if ('retryAfterMs' in lease) {
    throw new AdpError('CONFLICT', 'A newer snapshot is being read right now.', { retryAfterMs: lease.retryAfterMs });
  }
  try {
    return await sendHeld(runId, lease, deps);
  } finally {
    await lease.release();
  }
}

async function sendHeld(runId: RunId, lease: BaselineLease, deps: ApproveDeps): Promise<Run> {
  const last = newestOf(lease.state);
  if (last?.runId !== runId || lease.state.pending !== undefined) throw refused('A newer snapshot was read since.');
  const stored = await suspectRun(runId, deps);
  const { run, sealed } = stored;
  const { entity } = run;
  if (last.held === undefined || entity === null) throw refused('It has no deletes that wait for approval.');
  const [segment] = sealed.segments;
  if (segment === undefined) throw refused('It has no deletes that wait for approval.');
  const { attempt } = segment;
  let { messages } = segment;
  const heading = {
    run_id: runId,
    attempt,
    dealer_id: run.dealerId,
    entity,
    source_id: run.sourceId,
    schema_version: entities[entity].schemaVersion,
  };
  // Before the first one is sent: of an approval that dies, and that nobody repeats, some are applied all the same.
  await lease.save({ ...lease.state, isDoubtful: true });
  for await (const changes of readChanges(deps.blobs, last.held)) {
    messages += await deps.deliver({ ...heading, seq: messages }, changes);
  }
  // Noted as open first: what is sealed and not on the list would never close.
  await deps.runs.noteOpen(runId);
  const { held, isSuspect, ...rest } = sealed;
  const { finishedAt, ...open } = run;
  const now = new Date(deps.clock()).toISOString();
  const approved: Run = {
    ...open,
    finishedAt: undefined,
    status: 'running',
    sealed: { ...rest, segments: [{ attempt, messages }], since: now },
    errors: run.errors.filter((error) => !error.detail.startsWith(suspicionMark)),
    notes: [...(run.notes ?? []), `Approved on ${now}: its deletes were applied.`],
  };
  await deps.runs.save(stored, approved);
  return approved;
}

async function suspectRun(runId: RunId, { runs }: ApproveDeps) {
  const stored = await runs.get(runId);
  const sealed = stored?.run.sealed;
  if (stored === undefined || sealed === undefined || stored.run.status !== 'suspect' || (sealed.held ?? 0) === 0) {
    throw refused('It has no deletes that wait for approval.');
  }
  return { ...stored, sealed };
}

function refused(why: string): AdpError {
  return new AdpError('CONFLICT', `The run can't be approved. ${why}`, { disposition: 'park' });
}
