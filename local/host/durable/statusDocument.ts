import { EventType, type HistoryEvent, nameOfEvent } from './history.ts';
import type { Instance } from './instance.ts';

export interface StatusOptions {
  readonly showInput: boolean;
  /** Undefined: without its history. */
  readonly history: readonly HistoryEvent[] | undefined;
  /** Whether the history shows what came out. */
  readonly showHistoryOutput: boolean;
}

/** https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api#get-instance-status */
export function toStatusDocument(instance: Instance, { showInput, history, showHistoryOutput }: StatusOptions): object {
  return {
    name: instance.name,
    instanceId: instance.id,
    runtimeStatus: instance.status,
    input: showInput ? (instance.input ?? null) : null,
    customStatus: instance.customStatus,
    output: instance.output,
    createdTime: instance.createdAt,
    lastUpdatedTime: instance.updatedAt,
    ...(history && { historyEvents: toHistoryDocument(history, showHistoryOutput) }),
  };
}

/** As the extension tells it: what was begun is told with its end, and turns are not told. */
function toHistoryDocument(history: readonly HistoryEvent[], showOutput: boolean): object[] {
  const created = new Map<number, HistoryEvent>();
  const document: object[] = [];
  for (const event of history) {
    const { Timestamp, EventType: type } = event;
    const said = { EventType: nameOfEvent(event), Timestamp };
    switch (type) {
      case EventType.OrchestratorStarted:
      case EventType.OrchestratorCompleted:
        break;
      case EventType.TaskScheduled:
      case EventType.SubOrchestrationInstanceCreated:
        created.set(event.EventId, event);
        break;
      case EventType.TimerCreated:
        document.push({ ...said, FireAt: event.FireAt });
        break;
      case EventType.TimerFired:
        document.push({ ...said, FireAt: event.FireAt });
        break;
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        document.push({
          ...said,
          ...toBeginning(created.get(event.TaskScheduledId)),
          ...(showOutput && { Result: JSON.parse(event.Result) }),
        });
        break;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed:
        document.push({ ...said, ...toBeginning(created.get(event.TaskScheduledId)), Reason: event.Reason });
        break;
      case EventType.ExecutionStarted:
        document.push({ ...said, FunctionName: event.Name });
        break;
      case EventType.ExecutionCompleted: {
        const { OrchestrationStatus } = event;
        document.push({ ...said, OrchestrationStatus, ...(showOutput && { Result: JSON.parse(event.Result) }) });
        break;
      }
      case EventType.EventRaised:
        document.push({ ...said, Name: event.Name, ...(showOutput && { Input: JSON.parse(event.Input) }) });
        break;
      case EventType.ExecutionTerminated:
        document.push({ ...said, Input: JSON.parse(event.Input) });
    }
  }
  return document;
}

function toBeginning(created: HistoryEvent | undefined): object {
  return created && 'Name' in created ? { FunctionName: created.Name, ScheduledTime: created.Timestamp } : {};
}
