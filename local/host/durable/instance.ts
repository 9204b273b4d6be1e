export const runtimeStatuses = ['Pending', 'Running', 'Suspended', 'Completed', 'Failed', 'Terminated'] as const;

export type RuntimeStatus = (typeof runtimeStatuses)[number];

/** One orchestration. Each `continueAsNew`, and each new start under the same id, begins another execution of it. */
export interface Instance {
  readonly id: string;
  readonly executionId: string;
  /** Of its orchestrator function. */
  readonly name: string;
  readonly status: RuntimeStatus;
  readonly input: unknown;
  /** The result; of a failure or a termination, the reason. */
  readonly output: unknown;
  readonly customStatus: unknown;
  /** RFC 3339, as `updatedAt`. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Whoever waits for it. */
  readonly parent: Parent | undefined;
}

export interface Parent {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
}

/** What an orchestration has begun, and who is to hear of its end. */
export interface PendingActivity {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  readonly input: unknown;
}

export interface PendingTimer {
  readonly instanceId: string;
  readonly taskId: number;
  /** RFC 3339 in UTC with milliseconds, so that texts sort as times do. */
  readonly fireAt: string;
}

export function hasEnded({ status }: Instance): boolean {
  return status === 'Completed' || status === 'Failed' || status === 'Terminated';
}
