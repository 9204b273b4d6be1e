/**
 * The events of an orchestration's history, by the numbers and names of the Durable Task Framework (`EventType` of
 * https://github.com/Azure/durabletask). durable-functions is handed them as they are here.
 */
export const EventType = {
  ExecutionStarted: 0,
  ExecutionCompleted: 1,
  ExecutionTerminated: 3,
  TaskScheduled: 4,
  TaskCompleted: 5,
  TaskFailed: 6,
  SubOrchestrationInstanceCreated: 7,
  SubOrchestrationInstanceCompleted: 8,
  SubOrchestrationInstanceFailed: 9,
  TimerCreated: 10,
  TimerFired: 11,
  OrchestratorStarted: 12,
  OrchestratorCompleted: 13,
  EventRaised: 15,
} as const;

type Types = typeof EventType;

/** What happened. `Input` and `Result` are JSON as text; tasks and timers are counted together, from 0. */
export type Happening =
  | { readonly EventType: Types['ExecutionStarted']; readonly Name: string; readonly Input: string }
  | { readonly EventType: Types['ExecutionCompleted']; readonly OrchestrationStatus: string; readonly Result: string }
  | { readonly EventType: Types['ExecutionTerminated']; readonly Input: string }
  | TaskCreated
  | { readonly EventType: Types['TaskCompleted']; readonly TaskScheduledId: number; readonly Result: string }
  | ({ readonly EventType: Types['TaskFailed'] } & TaskFailure)
  | { readonly EventType: Types['SubOrchestrationInstanceCompleted']; readonly TaskScheduledId: number; Result: string }
  | ({ readonly EventType: Types['SubOrchestrationInstanceFailed'] } & TaskFailure)
  | { readonly EventType: Types['TimerFired']; readonly TimerId: number; readonly FireAt: string }
  | { readonly EventType: Types['OrchestratorStarted' | 'OrchestratorCompleted'] }
  | { readonly EventType: Types['EventRaised']; readonly Name: string; readonly Input: string };

/** Something was begun; its number is `EventId`. */
export type TaskCreated =
  | { readonly EventType: Types['TaskScheduled']; readonly EventId: number; readonly Name: string }
  | {
      readonly EventType: Types['SubOrchestrationInstanceCreated'];
      readonly EventId: number;
      readonly Name: string;
      readonly InstanceId: string;
    }
  | { readonly EventType: Types['TimerCreated']; readonly EventId: number; readonly FireAt: string };

interface TaskFailure {
  readonly TaskScheduledId: number;
  readonly Reason: string;
  readonly Details: string;
}

/** A happening with its time (RFC 3339). `IsPlayed`: an earlier turn has seen it. */
export type HistoryEvent = Happening & {
  readonly Timestamp: string;
  readonly IsPlayed: boolean;
  /** -1 but for what begins something. */
  readonly EventId: number;
};

export function toEvent(happening: Happening, now: Date): HistoryEvent {
  return { EventId: -1, ...happening, Timestamp: now.toISOString(), IsPlayed: false };
}

/** `TaskCompleted` of 5. */
export function nameOfEvent({ EventType: number }: HistoryEvent): string {
  return Object.entries(EventType).find(([, each]) => each === number)?.[0] ?? String(number);
}
