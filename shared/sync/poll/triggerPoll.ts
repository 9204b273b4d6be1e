import { AdpError, isConflict } from '../../errors.ts';
import type { RunId } from '../../model/run.ts';
import { openRun, type RunDeps } from '../runWork.ts';
import type { Breakers } from './breakers.ts';
import { type PlannedRead, usualMode } from './dueReads.ts';
import type { PolledSource } from './polledSource.ts';
import { instanceIdOf, type PollInput, type PollStarter, type RunningPoll, toPollInput } from './pollStart.ts';
import type { StatusStore } from './sourceStatus.ts';

export interface TriggerDeps extends RunDeps {
  readonly statuses: StatusStore;
  readonly breakers: Breakers;
  readonly wait: (ms: number) => Promise<void>;
}

const turnMs = 100;
const maxTurns = 50;

/** What is asked for; nothing: every entity, as usual. */
export type Asked = Partial<PlannedRead>;

/** By which runs; they are open. */
export type Triggered =
  /** What was asked for is being read. */
  | { readonly kind: 'polled'; readonly runs: readonly RunId[] }
  /** Something else is, and a source is polled once at a time: nothing was begun. */
  | { readonly kind: 'busy'; readonly runs: readonly RunId[] };

/**
 * Polls a source now, outside its windows too: somebody asked for it. A parked source is tried, and an open breaker let
 * through. Where it is being polled already for what is asked, that poll is joined.
 * @throws AdpError `CONFIG_ERROR` where the source doesn't bring the entity
 */
export async function triggerPoll(
  source: PolledSource,
  asked: Asked,
  starter: PollStarter,
  deps: TriggerDeps,
): Promise<Triggered> {
  const { dealerId, sourceId } = source;
  const some = source.entities.filter(({ entity }) => asked.entity === undefined || asked.entity === entity);
  if (some.length === 0) {
    throw new AdpError('CONFIG_ERROR', `The source ${sourceId} does not bring ${asked.entity ?? 'any entity'}.`);
  }
  const reads = some.map((each) => ({ entity: each.entity, mode: asked.mode ?? usualMode(each) }));
  await deps.statuses.change(dealerId, sourceId, (status) => {
    if (status.parked === undefined) return status;
    const { parked, ...rest } = status;
    return rest;
  });
  await deps.breakers.probe(`${dealerId}/${sourceId}`);
  const id = instanceIdOf(dealerId, sourceId);
  const running = await findRunning(id, starter, deps);
  if (running !== undefined) return await join(running, reads, deps);
  const input = toPollInput(source, 'trigger', reads, deps);
  // Opened first: an orchestration that never starts leaves runs that the sweep ends, one that starts meets its runs.
  await openRuns(input, deps);
  const started = await starter.start(id, input);
  // What runs may be this very poll, if the answer to its start was lost.
  if (started.kind === 'started' || isSame(started.input, input)) {
    return { kind: 'polled', runs: input.reads.map(({ runId }) => runId) };
  }
  await withdraw(input, deps);
  return await join(started, reads, deps);
}

function isSame(one: PollInput, other: PollInput): boolean {
  return one.reads[0]?.runId === other.reads[0]?.runId;
}

/** What runs under an id; a poll whose runs are over is about to end, and waited for. */
async function findRunning(id: string, starter: PollStarter, deps: TriggerDeps): Promise<RunningPoll | undefined> {
  for (let turn = 0; ; turn++) {
    const running = await starter.find(id);
    if (running === undefined || turn === maxTurns || !(await isOver(running.input, deps))) return running;
    await deps.wait(turnMs);
  }
}

async function isOver({ reads }: PollInput, { runs }: TriggerDeps): Promise<boolean> {
  const stored = await Promise.all(reads.map(({ runId }) => runs.get(runId)));
  return stored.every((each) => each !== undefined && (each.run.sealed !== undefined || each.run.status !== 'running'));
}

async function join({ input }: RunningPoll, asked: readonly PlannedRead[], deps: TriggerDeps): Promise<Triggered> {
  await openRuns(input, deps);
  const areAllRead = asked.every((each) => input.reads.some((read) => reads(read, each)));
  return { kind: areAllRead ? 'polled' : 'busy', runs: input.reads.map(({ runId }) => runId) };
}

/** Whether a read finds what another one would: who reads everything finds all changes, and what is gone. */
function reads(one: PlannedRead, other: PlannedRead): boolean {
  return one.entity === other.entity && (one.mode === other.mode || one.mode === 'all');
}

async function openRuns({ dealerId, sourceId, reads }: PollInput, deps: TriggerDeps): Promise<void> {
  await Promise.all(
    reads.map(async ({ entity, runId }) => {
      try {
        await openRun({ dealerId, sourceId, entity, door: 'poll' }, deps, runId);
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }),
  );
}

/** Runs that turn out not to be needed. */
async function withdraw({ reads }: PollInput, { runs, clock }: TriggerDeps): Promise<void> {
  for (const { runId } of reads) {
    const stored = await runs.get(runId);
    if (stored === undefined) continue;
    const finishedAt = new Date(clock());
    const notes = ['The source was being polled already.'];
    await runs.save(stored, { ...stored.run, status: 'superseded', finishedAt, notes });
    await runs.close(runId);
  }
}
