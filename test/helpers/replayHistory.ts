import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { EventType, type HistoryEvent } from '../../local/host/durable/history.ts';
import type { Instance } from '../../local/host/durable/instance.ts';
import { openStore } from '../../local/host/durable/store.ts';
import { type Ending, takeTurn } from '../../local/host/durable/turn.ts';
import { callOf, type Orchestrator } from './orchestrate.ts';

/** An orchestration as the local host has kept it: a file of test/fixtures/histories. */
export interface RecordedHistory {
  readonly instance: Instance;
  readonly events: readonly HistoryEvent[];
}

/** Reads an orchestration from the data folder of a host that has been stopped; without stacks, which tell of a machine. */
export function recordHistory(dataDir: string, instanceId: string): RecordedHistory {
  const store = openStore(join(dataDir, 'durable', 'orchestrations.sqlite'), () => 'unused');
  try {
    const instance = store.find(instanceId);
    if (!instance) throw new Error(`${dataDir} has no instance "${instanceId}"`);
    return { instance, events: store.history(instanceId).map(withoutStack) };
  } finally {
    store.close();
  }
}

function withoutStack(event: HistoryEvent): HistoryEvent {
  if (!('Details' in event)) return event;
  return { ...event, Reason: event.Reason.split('\n')[0]?.trim() ?? '', Details: '' };
}

/**
 * Replays a recorded history against today's orchestrator.
 * @throws Error that says where it does something else than it did then, or ends otherwise
 */
export async function replayHistory(orchestrator: Orchestrator, { instance, events }: RecordedHistory): Promise<void> {
  const outcome = await takeTurn(callOf(orchestrator), instance, events, ({ kind, ...what }) => {
    const name = 'name' in what ? ` "${what.name}"` : '';
    return `where the history ends, it goes on with another ${kind}${name} (task ${what.taskId})`;
  });
  const then = recordedEnding({ instance, events });
  const today = describe(outcome.ending);
  // Whatever it would have done next, it was stopped by hand.
  const isStopped = then.kind === 'Terminated' && outcome.ending.kind === 'none';
  if (isStopped || isDeepStrictEqual(then, today)) return;
  throw new Error(`"${instance.id}" ended ${toText(then)} when it was recorded, and now ${toText(today)}`);
}

function toText({ kind, result }: Described): string {
  return `as ${kind} (${typeof result === 'string' ? result : JSON.stringify(result)})`;
}

interface Described {
  readonly kind: string;
  readonly result?: unknown;
}

function recordedEnding({ events }: RecordedHistory): Described {
  for (const event of events) {
    if (event.EventType !== EventType.ExecutionCompleted) continue;
    return { kind: event.OrchestrationStatus, result: JSON.parse(event.Result) };
  }
  return { kind: 'Running' };
}

function describe(ending: Ending): Described {
  switch (ending.kind) {
    case 'completed':
      return { kind: 'Completed', result: ending.output };
    case 'failed':
      return { kind: 'Failed', result: ending.reason };
    case 'continuedAsNew':
      return { kind: 'ContinuedAsNew', result: ending.input };
    case 'none':
      return { kind: 'Running' };
  }
}
