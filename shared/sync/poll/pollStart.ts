import { hash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { newRunId } from '../../model/run.ts';
import type { PlannedRead } from './dueReads.ts';
import type { PolledSource } from './polledSource.ts';
import type { ReadRequest } from './readRequest.ts';

/** What an orchestration is told that polls a source once. */
export interface PollInput {
  readonly dealerId: string;
  readonly sourceId: string;
  readonly reason: 'schedule' | 'trigger';
  readonly reads: readonly ReadRequest[];
  /** Reads at the same time. */
  readonly concurrency: number;
  /** RFC 3339: sources of one schedule don't all begin at once. */
  readonly notBefore?: string;
}

/** Starts orchestrations; of one id only one runs at a time. */
export interface PollStarter {
  /** Answers what is running where one of this id is. */
  start(instanceId: string, input: PollInput): Promise<{ readonly kind: 'started' } | RunningPoll>;
  /** What is running under an id. */
  find(instanceId: string): Promise<RunningPoll | undefined>;
}

export interface RunningPoll {
  readonly kind: 'running';
  readonly input: PollInput;
}

/** Instance ids of Durable Functions have at most 100 characters. */
const maxInstanceId = 100;

/** The same for a source, always: so it is never polled twice at once. */
export function instanceIdOf(dealerId: string, sourceId: string): string {
  const id = `poll-${dealerId}.${sourceId}`;
  return id.length <= maxInstanceId ? id : `poll-${hash('sha256', `${dealerId}.${sourceId}`, 'hex')}`;
}

/** Gives each read its run. @param random ten characters of `0-9a-z` that were never given out before */
export function toPollInput(
  { dealerId, sourceId, concurrency }: PolledSource,
  reason: PollInput['reason'],
  reads: readonly PlannedRead[],
  { clock, random }: { readonly clock: Clock; readonly random: () => string },
  delayMs = 0,
): PollInput {
  const now = clock();
  return {
    dealerId,
    sourceId,
    reason,
    // Runs are ordered by their ids: a diff waits for those that began before it.
    reads: reads.map(({ entity, mode }, i) => ({
      entity,
      mode,
      runId: newRunId(dealerId, new Date(now + i), random()),
      ...(reason === 'trigger' ? { anytime: true as const } : {}),
    })),
    concurrency,
    ...(delayMs === 0 ? {} : { notBefore: new Date(now + delayMs).toISOString() }),
  };
}
