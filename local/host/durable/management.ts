import { type Instance, runtimeStatuses } from './instance.ts';
import type { Effect, Operations } from './operations.ts';
import { toStatusDocument } from './statusDocument.ts';
import type { InstanceFilter } from './store.ts';

/** A request to the management API, without its prefix: `instances/42/raiseEvent/go`. */
export interface ManagementRequest {
  readonly method: string;
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface ManagementAnswer {
  readonly status: number;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: object | string;
}

/** `urls`: the webhooks of an instance, which the start of one answers. */
export type ManagementUrls = (instanceId: string) => Readonly<Record<string, string>>;

/** https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-http-api */
export function manage(request: ManagementRequest, operations: Operations, urls: ManagementUrls): ManagementAnswer {
  const { method, segments, query } = request;
  const [collection, id, action, ...rest] = segments.filter((segment, index) => index === 0 || segment !== '');
  const route = `${method} ${collection}${id === undefined ? '' : '/id'}${action === undefined ? '' : `/${action}`}`;
  switch (route) {
    case 'POST orchestrators/id':
      return start(request, operations, urls, id ?? '', undefined);
    case 'GET instances':
      return withFilter(query, (filter) => list(operations.list(filter), query, operations));
    case 'DELETE instances':
      return withFilter(query, (filter) => purged(operations.purge(operations.list(filter))));
    case 'GET instances/id':
      return status(operations.find(id ?? ''), query, operations);
    case 'DELETE instances/id': {
      const instance = operations.find(id ?? '');
      return purged(instance ? operations.purge([instance]) : 0);
    }
    case 'POST instances/id/raiseEvent': {
      const input = parseBody(request.body);
      return input ? toAnswer(operations.raiseEvent(id ?? '', rest[0] ?? '', input.value)) : notJson;
    }
    case 'POST instances/id/terminate':
      return toAnswer(operations.terminate(id ?? '', query.get('reason') ?? ''));
    case 'POST instances/id/suspend':
      return toAnswer(operations.suspend(id ?? ''));
    case 'POST instances/id/resume':
      return toAnswer(operations.resume(id ?? ''));
    case 'POST instances/id/rewind':
    case 'POST instances/id/restart':
      return { status: 501, body: `The local host doesn't support ${action}` };
    default:
      if (collection === 'entities') return { status: 501, body: `The local host doesn't support entities` };
      if (collection === 'orchestrators' && method === 'POST' && rest.length === 0 && action !== undefined) {
        return start(request, operations, urls, id ?? '', action);
      }
      return { status: 404, body: `There is no ${method} ${segments.join('/')}` };
  }
}

const notJson: ManagementAnswer = { status: 400, body: 'The body must be JSON' };

function start(
  { query, body }: ManagementRequest,
  operations: Operations,
  urls: ManagementUrls,
  name: string,
  instanceId: string | undefined,
): ManagementAnswer {
  const odd = ['version', 'timeout', 'pollingInterval'].find((key) => query.has(key));
  if (odd !== undefined) return { status: 501, body: `The local host doesn't support "${odd}" at a start` };
  const input = parseBody(body);
  if (!input) return notJson;
  const started = operations.start(name, input.value, instanceId);
  if (started.kind === 'started') return { status: 202, body: urls(started.instance.id) };
  return { status: started.kind === 'conflict' ? 409 : 400, body: started.reason };
}

function status(instance: Instance | undefined, query: URLSearchParams, operations: Operations): ManagementAnswer {
  if (!instance) return { status: 404, body: 'There is no such instance' };
  const isUnderWay = ['Pending', 'Running', 'Suspended'].includes(instance.status);
  const isFault = instance.status === 'Failed' && isTrue(query, 'returnInternalServerErrorOnFailure');
  return { status: isUnderWay ? 202 : isFault ? 500 : 200, body: describe(instance, query, operations) };
}

function list(instances: readonly Instance[], query: URLSearchParams, operations: Operations): ManagementAnswer {
  if (query.has('top')) return { status: 501, body: `The local host doesn't support "top"` };
  return { status: 200, body: instances.map((instance) => describe(instance, query, operations)) };
}

function describe(instance: Instance, query: URLSearchParams, operations: Operations): object {
  return toStatusDocument(instance, {
    showInput: query.get('showInput')?.toLowerCase() !== 'false',
    history: isTrue(query, 'showHistory') ? operations.history(instance.id) : undefined,
    showHistoryOutput: isTrue(query, 'showHistoryOutput'),
  });
}

function withFilter(query: URLSearchParams, answer: (filter: InstanceFilter) => ManagementAnswer): ManagementAnswer {
  const statuses = (query.get('runtimeStatus') ?? '').split(',').filter((each) => each !== '');
  const odd = statuses.find((each) => !runtimeStatuses.some((known) => known === each) && each !== 'Canceled');
  if (odd !== undefined) return { status: 400, body: `There is no status "${odd}"` };
  const [createdFrom, createdTo] = [query.get('createdTimeFrom'), query.get('createdTimeTo')].map(toTime);
  if (createdFrom === null || createdTo === null) return { status: 400, body: 'That is no time' };
  return answer({ statuses, createdFrom, createdTo, idPrefix: query.get('instanceIdPrefix') ?? '' });
}

function toTime(text: string | null): string | undefined | null {
  if (!text) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

function isTrue(query: URLSearchParams, key: string): boolean {
  return query.get(key)?.toLowerCase() === 'true';
}

function purged(count: number): ManagementAnswer {
  return { status: count > 0 ? 200 : 404, body: { instancesDeleted: count } };
}

function toAnswer(effect: Effect): ManagementAnswer {
  return { status: { done: 202, unknown: 404, ended: 410 }[effect] };
}

function parseBody(body: string): { readonly value: unknown } | undefined {
  if (body === '') return { value: null };
  try {
    return { value: JSON.parse(body) };
  } catch {
    return undefined;
  }
}
