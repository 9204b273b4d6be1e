import { AdpError } from '../../errors.ts';
import { messagesOf, type RowError, type Run } from '../../model/run.ts';
import type { StoredRun } from '../runStore.ts';
import { openRun, type RunDeps, sealRun } from '../runWork.ts';
import type { Reading } from './pollState.ts';
import type { SourceRead } from './readRequest.ts';

/** Opens the run, or goes on with it: it may be open since it was asked for, or given up while it waited. */
export async function openPollRun(
  { dealerId, sourceId, entity, runId }: SourceRead,
  deps: RunDeps,
): Promise<StoredRun> {
  const stored = await deps.runs.get(runId);
  if (stored !== undefined) return await reopened(stored, deps);
  return await openRun({ dealerId, sourceId, entity, door: 'poll' }, deps, runId);
}

/** A run that the sweep gave up while it waited for its turn goes on. */
async function reopened(stored: StoredRun, { runs }: RunDeps): Promise<StoredRun> {
  if (stored.run.status !== 'failed' || stored.run.sealed !== undefined) return stored;
  await runs.noteOpen(stored.run.runId);
  return await runs.save(stored, { ...stored.run, status: 'running', finishedAt: undefined, errors: [] });
}

/** Says how far the run is, so that it is seen to go on, and not given up. Failing to is no reason to stop. */
export async function notePollProgress(reading: Reading, deps: RunDeps): Promise<void> {
  try {
    const stored = await deps.runs.get(reading.runId);
    if (stored === undefined || stored.run.sealed !== undefined) return;
    const { run } = stored;
    if (run.status !== 'running') await deps.runs.noteOpen(run.runId);
    await deps.runs.save(stored, {
      ...run,
      status: 'running',
      finishedAt: undefined,
      errors: reading.errors,
      progress: progressOf(reading),
    });
  } catch (error) {
    if (!(error instanceof AdpError)) throw error;
  }
}

function progressOf({ counts, notedAt }: Reading): NonNullable<Run['progress']> {
  const { read, upserts, deletes } = counts;
  return { rows: read, sent: upserts + deletes, at: new Date(notedAt).toISOString() };
}

/** Everything of the read was accepted by the queue. Twice is harmless. */
export async function sealPollRun(reading: Reading, deps: RunDeps): Promise<void> {
  const stored = await deps.runs.get(reading.runId);
  // Purged, or sealed by an earlier try.
  if (stored === undefined || stored.run.sealed !== undefined) return;
  const { counts, segments, errors, notes, read, to, suspicion } = reading;
  if (stored.run.status !== 'running') await deps.runs.noteOpen(reading.runId);
  const says: RowError[] = suspicion === undefined ? [] : [{ code: 'DATA_ERROR', detail: suspicion }];
  await sealRun(
    stored,
    {
      counts,
      segments,
      messages: messagesOf(segments),
      errors: [...says, ...errors],
      notes,
      since: new Date(deps.clock()).toISOString(),
      cursor: { ...(read.from === undefined ? {} : { from: read.from }), ...(to === undefined ? {} : { to }) },
      ...(suspicion === undefined ? {} : { isSuspect: true }),
    },
    deps,
  );
}
