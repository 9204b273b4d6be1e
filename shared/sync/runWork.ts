import type { Clock } from '../clock.ts';
import { AdpError, isConflict } from '../errors.ts';
import type { EntityName } from '../model/entities.ts';
import {
  type CursorSpan,
  type Door,
  emptyTally,
  maxErrorsShown,
  messagesOf,
  newRunId,
  type RowError,
  type Run,
  type RunFile,
  type RunId,
  type Sealed,
  type Segment,
} from '../model/run.ts';
import { judge } from './closeRuns.ts';
import type { Ingested } from './ingest.ts';
import type { RunStore, StoredRun } from './runStore.ts';

export interface RunDeps {
  readonly runs: RunStore;
  readonly clock: Clock;
  /** Ten characters of `0-9a-z` that were never given out before. */
  readonly random: () => string;
}

export interface NewRun {
  readonly dealerId: string;
  readonly entity: EntityName | null;
  readonly sourceId: string | null;
  readonly door: Door;
  readonly file?: RunFile;
}

/**
 * Opens a run, does a door's work on its behalf, and seals it: from then on it closes as soon as the writer has applied
 * what was sent. Work that fails leaves a failed run that says why.
 */
export async function runWork(
  heading: NewRun,
  deps: RunDeps,
  work: (run: Run) => Promise<Ingested>,
): Promise<{ run: Run; ingested: Ingested }> {
  const stored = await openRun(heading, deps);
  let ingested: Ingested;
  try {
    ingested = await work(stored.run);
  } catch (error) {
    await failRun(stored, deps, error);
    throw error;
  }
  return { run: await sealRun(stored, ingested, deps), ingested };
}

/** @param runId where it was fixed beforehand, so that a second try goes on with the same run */
export async function openRun(heading: NewRun, deps: RunDeps, runId?: RunId): Promise<StoredRun> {
  const startedAt = new Date(deps.clock());
  return await deps.runs.open({
    ...heading,
    runId: runId ?? newRunId(heading.dealerId, startedAt, deps.random()),
    status: 'running',
    startedAt,
    finishedAt: undefined,
    sealed: undefined,
    tally: emptyTally,
    errors: [],
  });
}

/** What a door has done, and what a person may want to know of it. */
export interface SealedWork extends Ingested, Pick<Sealed, 'held' | 'isSuspect' | 'since'> {
  readonly notes?: readonly string[];
  /** Default: all `messages`, of the one attempt. */
  readonly segments?: readonly Segment[];
  readonly cursor?: CursorSpan;
}

/** Everything was accepted by the queue. @param attempt whose messages count */
export async function sealRun(
  stored: StoredRun,
  { counts, messages, errors, notes, held, isSuspect, since, cursor, ...work }: SealedWork,
  deps: RunDeps,
  attempt = 1,
): Promise<Run> {
  const segments = work.segments ?? [{ attempt, messages }];
  const sealed: Run = {
    ...stored.run,
    status: 'running',
    sealed: {
      counts,
      segments,
      ...(held === undefined ? {} : { held }),
      ...(isSuspect === undefined ? {} : { isSuspect }),
      ...(since === undefined ? {} : { since }),
    },
    errors,
    ...(cursor === undefined ? {} : { cursor }),
    ...(notes === undefined || notes.length === 0 ? {} : { notes }),
  };
  // Nothing was sent: there is nothing to wait for.
  const isEmpty = messagesOf(segments) === 0;
  const run = isEmpty ? (judge(sealed, [], new Date(deps.clock()), Number.POSITIVE_INFINITY) ?? sealed) : sealed;
  try {
    await deps.runs.save(stored, run);
  } catch (error) {
    if (!isConflict(error)) throw error;
    // The sweep gave it up while this process was held up; it goes on after all.
    const now = await deps.runs.get(run.runId);
    if (now === undefined) throw error;
    await deps.runs.noteOpen(run.runId);
    await deps.runs.save(now, run);
  }
  if (run.status !== 'running') await deps.runs.close(run.runId);
  return run;
}

/**
 * As well as it can: a run that can't even be failed is given up by the sweep.
 * @param rows what was wrong with single rows, where that is why
 */
export async function failRun(
  stored: StoredRun,
  deps: RunDeps,
  why: unknown,
  rows: readonly RowError[] = [],
): Promise<void> {
  const error: RowError =
    why instanceof AdpError
      ? { code: why.code, detail: why.message }
      : { code: 'INTERNAL', detail: 'Something unexpected went wrong; the log has it under this run.' };
  try {
    await deps.runs.save(stored, {
      ...stored.run,
      status: 'failed',
      finishedAt: new Date(deps.clock()),
      errors: [error, ...rows].slice(0, maxErrorsShown),
    });
    await deps.runs.close(stored.run.runId);
  } catch (unsaved) {
    if (!(unsaved instanceof AdpError)) throw unsaved;
  }
}
