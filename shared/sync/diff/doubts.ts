import type { EntityName } from '../../model/entities.ts';
import type { Run, RunId } from '../../model/run.ts';
import type { RunStore } from '../runStore.ts';
import type { BaselineKey, BaselineState } from './baselines.ts';

export interface DoubtDeps {
  readonly runs: Pick<RunStore, 'get'> & {
    /** A dealer's runs of an entity, newest first. */
    since(dealerId: string, entity: EntityName, startedAfter: Date): AsyncIterable<Run>;
  };
}

/** So long a snapshot waits, at most, for what was under way when it arrived. */
const patienceMs = 15 * 60 * 1_000;
/** What began longer before has ended, or was given up. */
const underWayMs = 2 * 60 * 60 * 1_000;

/**
 * True while a run that began before this one isn't closed: what is still in the queue would be written over rows that
 * were found to be the same. Not for ever: what is never applied must not keep the files back, and what is applied after
 * all makes the next snapshot doubtful.
 */
export async function mustWait(
  { dealerId, entity }: BaselineKey,
  { runId, startedAt }: Pick<Run, 'runId' | 'startedAt'>,
  arrivedAt: Date,
  now: number,
  { runs }: DoubtDeps,
): Promise<boolean> {
  if (now - arrivedAt.getTime() > patienceMs) return false;
  for await (const run of runs.since(dealerId, entity, new Date(startedAt.getTime() - underWayMs))) {
    // Ids descend in time. Of two snapshots that wait, the older one goes first.
    if (run.runId > runId && run.status === 'running') return true;
  }
  return false;
}

/** A run may write for as long after it began; what comes later still comes from one that had failed. */
const lookBackMs = 24 * 60 * 60 * 1_000;

/**
 * Why the last complete read's fingerprints don't tell what the store holds; undefined where they do. architecture.md,
 * "Crashes": a baseline knows only files.
 * @param runId of the run that asks
 * @param what such a read is called: `snapshot`, or `complete read` of a source that is polled
 */
export async function doubtOf(
  key: BaselineKey,
  { last, pending, isDoubtful }: BaselineState,
  runId: RunId,
  epoch: number,
  what: string,
  { runs }: DoubtDeps,
): Promise<string | undefined> {
  if (last === undefined) return `this is the first ${what}`;
  if (last.epoch !== epoch) return 'the mapping or the zone has changed, or the source was reset';
  if (pending !== undefined && pending.runId !== runId) return 'the run before was not finished';
  if (isDoubtful) return `the last ${what} does not know all that is held`;
  const before = (await runs.get(last.runId))?.run;
  if (before === undefined || before.status === 'running' || before.status === 'failed') {
    return `not all that the last ${what} brought is applied`;
  }
  const { quarantined, stale } = before.tally;
  if (quarantined > 0) return `some of what the last ${what} brought could not be written`;
  if (stale > 0) return `what was held was newer than some of the last ${what}`;
  for await (const run of runs.since(key.dealerId, key.entity, new Date(last.comparedAt - lookBackMs))) {
    const isOther = run.runId !== runId && run.runId !== last.runId;
    if (isOther && mayHaveWritten(run, last.comparedAt)) return `something else was written since the last ${what}`;
  }
  return undefined;
}

function mayHaveWritten({ status, tally, finishedAt }: Run, since: number): boolean {
  if (status === 'superseded') return false;
  if (finishedAt === undefined) return true;
  if (finishedAt.getTime() < since) return false;
  // What a run that has failed had sent may still be applied.
  if (status === 'failed') return true;
  return tally.inserted + tally.updated + tally.deleted > 0;
}
