import { isJsonObject, type JsonObject, requireNumber, requireText } from './json.ts';

/** What an orchestrator asks for. Actions carry no ids: both sides count, in the order in which they are begun. */
export type Action =
  | { readonly kind: 'activity'; readonly name: string; readonly input: unknown; readonly retry: Retry | undefined }
  | {
      readonly kind: 'subOrchestration';
      readonly name: string;
      readonly input: unknown;
      readonly instanceId: string | undefined;
      readonly retry: Retry | undefined;
    }
  | { readonly kind: 'timer'; readonly fireAt: Date; readonly isCancelled: boolean }
  | { readonly kind: 'externalEvent'; readonly name: string }
  | { readonly kind: 'all' | 'any'; readonly actions: readonly Action[] }
  | { readonly kind: 'continueAsNew'; readonly input: unknown };

export interface Retry {
  readonly firstIntervalMs: number;
  readonly maxAttempts: number;
  readonly backoff: number;
  readonly maxIntervalMs: number;
}

/** `ActionType` of durable-functions 3. */
const ActionType = {
  CallActivity: 0,
  CallActivityWithRetry: 1,
  CallSubOrchestrator: 2,
  CallSubOrchestratorWithRetry: 3,
  ContinueAsNew: 4,
  CreateTimer: 5,
  WaitForExternalEvent: 6,
  WhenAny: 11,
  WhenAll: 12,
};

const unsupported: Readonly<Record<number, string>> = {
  7: 'callEntity',
  8: 'callHttp',
  9: 'signalEntity',
  13: 'lock',
  14: 'the release of a lock',
};

/** @throws Error that names what an orchestration asked for and the local host doesn't support */
export function toAction(value: unknown): Action {
  if (!isJsonObject(value)) throw new Error(`An action must be an object, not ${JSON.stringify(value)}`);
  switch (value.actionType) {
    case ActionType.CallActivity:
    case ActionType.CallActivityWithRetry:
      return {
        kind: 'activity',
        name: requireText(value, 'functionName'),
        input: value.input,
        retry: toRetry(value.retryOptions),
      };
    case ActionType.CallSubOrchestrator:
    case ActionType.CallSubOrchestratorWithRetry:
      if (value.version !== undefined) throw new Error(`The local host doesn't support versions of orchestrations`);
      return {
        kind: 'subOrchestration',
        name: requireText(value, 'functionName'),
        input: value.input,
        instanceId: value.instanceId === undefined ? undefined : requireText(value, 'instanceId'),
        retry: toRetry(value.retryOptions),
      };
    case ActionType.ContinueAsNew:
      return { kind: 'continueAsNew', input: value.input };
    case ActionType.CreateTimer:
      return { kind: 'timer', fireAt: new Date(requireText(value, 'fireAt')), isCancelled: value.isCanceled === true };
    case ActionType.WaitForExternalEvent:
      return { kind: 'externalEvent', name: requireText(value, 'externalEventName') };
    case ActionType.WhenAny:
    case ActionType.WhenAll:
      return { kind: value.actionType === ActionType.WhenAny ? 'any' : 'all', actions: toActions(value) };
    default: {
      const name = unsupported[Number(value.actionType)] ?? `the action ${String(value.actionType)}`;
      throw new Error(`The local host doesn't support ${name} in an orchestration`);
    }
  }
}

function toActions({ compoundActions }: JsonObject): Action[] {
  if (!Array.isArray(compoundActions)) throw new Error('A compound action must have actions');
  return compoundActions.map(toAction);
}

function toRetry(options: unknown): Retry | undefined {
  if (options === undefined) return undefined;
  if (!isJsonObject(options)) throw new Error('Retry options must be an object');
  if (options.retryTimeoutInMilliseconds !== undefined) {
    throw new Error('retryTimeoutInMilliseconds makes durable-functions 3 wait for ever; count attempts instead');
  }
  return {
    firstIntervalMs: requireNumber(options, 'firstRetryIntervalInMilliseconds'),
    maxAttempts: requireNumber(options, 'maxNumberOfAttempts'),
    backoff: options.backoffCoefficient === undefined ? 1 : requireNumber(options, 'backoffCoefficient'),
    maxIntervalMs:
      options.maxRetryIntervalInMilliseconds === undefined
        ? Number.POSITIVE_INFINITY
        : requireNumber(options, 'maxRetryIntervalInMilliseconds'),
  };
}
