import type { Clock } from '../clock.ts';
import { isConflict } from '../errors.ts';
import {
  addTallies,
  balances,
  emptyTally,
  maxErrorsShown,
  messagesOf,
  parseRunId,
  type RowError,
  type Run,
  type RunId,
  type Segment,
  statusOf,
} from '../model/run.ts';
import type { OpenRun, Part, RunStore, StoredRun } from './runStore.ts';

export interface ClosingDeps {
  readonly runs: RunStore;
  readonly clock: Clock;
  /** After this many milliseconds a run that doesn't balance is given up. */
  readonly giveUpAfterMs: number;
}

/** A run that was given up is looked at for this long, in case its missing part comes. */
const lateDays = 14;
/** A run that was given up is looked at in one sweep of so many. */
const lateEvery = 12;

/** Runs that a sweep looks at at once. */
const atOnce = 8;

/**
 * Closes every open run that balances, gives up on those that can't, and reopens those whose missing part came late.
 * Whoever does it, and however often: the run's ETag decides. Answers how many are still open.
 * @throws the first error that a run met, once all others were looked at: one must not keep the rest open
 */
export async function closeRuns(deps: ClosingDeps, sweep: number): Promise<number> {
  let open = 0;
  let n = 0;
  const failures: unknown[] = [];
  const closing = new Set<Promise<void>>();
  const look = async (entry: OpenRun) => {
    try {
      if (!(await closeRun(deps, entry))) open++;
    } catch (error) {
      failures.push(error);
    }
  };
  for await (const entry of deps.runs.listOpen()) {
    if (entry.givenUpAt !== undefined && n++ % lateEvery !== sweep % lateEvery) continue;
    const one = look(entry).then(() => void closing.delete(one));
    closing.add(one);
    if (closing.size >= atOnce) await Promise.race(closing);
  }
  await Promise.all(closing);
  if (failures.length > 0) throw failures[0];
  return open;
}

/**
 * The run as it stands now: closed if its parts are complete. For a run that is asked for.
 */
export async function currentRun(deps: ClosingDeps, runId: RunId): Promise<Run | undefined> {
  const stored = await deps.runs.get(runId);
  if (stored === undefined || stored.run.status !== 'running') return stored?.run;
  await closeRun(deps, { runId });
  return (await deps.runs.get(runId))?.run;
}

/** True if the run is closed for good. */
async function closeRun(deps: ClosingDeps, entry: OpenRun): Promise<boolean> {
  const { runId, givenUpAt } = entry;
  const stored = await deps.runs.get(runId);
  const now = new Date(deps.clock());
  if (stored === undefined) return await forget(deps, entry, now);
  const { run } = stored;
  const failed = run.status === 'failed';
  if (run.status !== 'running' && !(failed && run.sealed !== undefined)) {
    await deps.runs.close(runId, entry.etag);
    return true;
  }
  const parts = run.sealed === undefined ? [] : await partsOf(deps, runId, run.sealed.segments);
  const next = judge(run, parts, now, deps.giveUpAfterMs);
  if (next === undefined) {
    if (givenUpAt !== undefined && now.getTime() - givenUpAt.getTime() > lateDays * 86_400_000) {
      await deps.runs.close(runId, entry.etag);
      return true;
    }
    // Whoever gave it up died before the list said so: without that it would be looked at in every sweep, for ever.
    if (failed && givenUpAt === undefined) await deps.runs.noteOpen(runId, run.finishedAt ?? now);
    return false;
  }
  if (!(await saved(deps, stored, next))) return false;
  if (next.status === 'failed' && next.sealed !== undefined) {
    await deps.runs.noteOpen(runId, now);
    return false;
  }
  await deps.runs.close(runId, entry.etag);
  return true;
}

/** What becomes of a run, given the parts that are there; `undefined`: nothing yet. */
export function judge(run: Run, parts: readonly Part[], now: Date, giveUpAfterMs: number): Run | undefined {
  const failed = run.status === 'failed';
  const since = new Date((run.sealed === undefined ? run.progress?.at : run.sealed.since) ?? run.startedAt);
  const late = now.getTime() - since.getTime() > giveUpAfterMs;
  if (run.sealed === undefined) {
    if (!late || failed) return undefined;
    return givenUp(run, now, unfinished(run));
  }
  const { held = 0, isSuspect, segments } = run.sealed;
  const tally = parts.map((part) => part.tally).reduce(addTallies, { ...emptyTally, held });
  const errors = [...run.errors.filter(fromDoor), ...parts.flatMap((part) => part.errors)].slice(0, maxErrorsShown);
  if (parts.length === messagesOf(segments) && balances(run.sealed.counts, tally)) {
    const { progress, ...closed } = run;
    return { ...closed, status: statusOf(run.sealed.counts, tally, isSuspect), tally, errors, finishedAt: now };
  }
  if (!late || failed) return undefined;
  return givenUp({ ...run, tally, errors }, now, missing(segments, parts));
}

/** Marks what the closing itself says, so that a run that is reopened loses it. */
const closingMark = 'This run was given up: ';

function unfinished({ door }: Run): string {
  return door === 'poll'
    ? 'nothing was heard of it for long. If it still waits for its source it goes on by itself, else the next poll reads what is missing.'
    : 'it ended before all of its rows were accepted, and was not finished. Send them again.';
}

function givenUp(run: Run, now: Date, why: string): Run {
  const error: RowError = { code: 'INTERNAL', detail: closingMark + why };
  return { ...run, status: 'failed', finishedAt: now, errors: [error, ...run.errors.slice(0, maxErrorsShown - 1)] };
}

/** True where the closing gave the run up: whoever still works on it may know better. */
export function wasGivenUp({ status, errors }: Run): boolean {
  return status === 'failed' && !errors.every(fromDoor);
}

/** False for what the closing itself says. */
export function fromDoor(error: RowError): boolean {
  return !error.detail.startsWith(closingMark);
}

function missing(segments: readonly Segment[], parts: readonly Part[]): string {
  const there = new Set(parts.map(({ attempt, seq }) => `${attempt}.${seq}`));
  const named = (attempt: number, seq: number) => (segments.length === 1 ? String(seq) : `${attempt}.${seq}`);
  const gone = segments.flatMap(({ attempt, messages }) =>
    Array.from({ length: messages }, (_, seq) => seq)
      .filter((seq) => !there.has(`${attempt}.${seq}`))
      .map((seq) => named(attempt, seq)),
  );
  if (gone.length === 0) return 'what the writer counted does not add up to what was sent.';
  const some = gone.slice(0, 20).join(', ') + (gone.length > 20 ? ', …' : '');
  return `${gone.length} of its ${messagesOf(segments)} messages were not applied yet (numbers ${some}). It closes by itself when they are.`;
}

/** The parts that count: what an attempt sent beyond its messages was read again by a later one. */
async function partsOf({ runs }: ClosingDeps, runId: RunId, segments: readonly Segment[]): Promise<Part[]> {
  const found: Part[] = [];
  for (const { attempt, messages } of segments) {
    for (const part of await runs.parts(runId, attempt)) if (part.seq < messages) found.push(part);
  }
  return found;
}

/** An open run without a run: its door died in between, or is just about to write it. */
async function forget(deps: ClosingDeps, { runId, etag }: OpenRun, now: Date): Promise<boolean> {
  const startedAt = parseRunId(runId)?.startedAt;
  if (startedAt !== undefined && now.getTime() - startedAt.getTime() < deps.giveUpAfterMs) return false;
  await deps.runs.close(runId, etag);
  return true;
}

async function saved(deps: ClosingDeps, stored: StoredRun, next: Run): Promise<boolean> {
  try {
    await deps.runs.save(stored, next);
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}
