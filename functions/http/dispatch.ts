import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { App } from '../../shared/app.ts';
import { describeError, type Log, logLine } from '../../shared/telemetry/log.ts';
import { matchPath, segmentsOf } from './path.ts';
import { fail, toProblem } from './problem.ts';
import { type ApiResponse, toHttpResponse } from './response.ts';
import type { Route } from './route.ts';

/** Answers any request below `/api/v1`, whatever function the host handed it to. Never throws. */
export type Dispatch = (request: HttpRequest, context: InvocationContext) => Promise<HttpResponseInit>;

/**
 * The Functions host tries routes in the alphabetical order of their functions' names (azure-functions-host #3153), and
 * decodes parameters in ways of its own: so the route that answers is chosen here, by its path.
 */
export function createDispatch(app: App, routes: readonly Route[]): Dispatch {
  return async (request, context) => {
    const receivedAt = app.clock();
    const requestId = requestIdOf(request.headers.get('x-request-id'), context.invocationId);
    const log = logOf(context, requestId);
    const url = new URL(request.url);
    const started = { status: 0, name: 'none' };
    try {
      const { route, params } = choose(routes, request.method, url.pathname);
      started.name = route.name;
      const response = await route.answer({
        app,
        url,
        headers: request.headers,
        bytes: request.body ?? nothing(),
        params,
        receivedAt,
        requestId,
        log,
      });
      return toHttpResponse(response, requestId);
    } catch (error) {
      const response: ApiResponse = toProblem(error, url.pathname, requestId);
      if (response.status >= 500) {
        log.error('A request failed.', { route: started.name, status: response.status, error: describeError(error) });
      }
      return toHttpResponse(response, requestId);
    }
  };
}

function choose(
  routes: readonly Route[],
  method: string,
  pathname: string,
): { readonly route: Route; readonly params: Readonly<Record<string, string>> } {
  const segments = segmentsOf(pathname) ?? [];
  const matches = routes
    .flatMap((route) => {
      const match = matchPath(route.path, segments);
      return match === undefined ? [] : [{ route, params: match.values, rank: match.rank }];
    })
    .sort((a, b) => (a.rank < b.rank ? 1 : -1));
  const match = matches.find(({ route }) => route.method === method);
  if (match !== undefined) return match;
  if (matches.length === 0) return fail(404, 'DATA_ERROR', 'There is nothing at this path; see /api/v1/openapi.json.');
  const allow = [...new Set(matches.map(({ route }) => route.method))].join(', ');
  return fail(405, 'DATA_ERROR', `This path takes ${allow}.`, {}, { allow });
}

/** The caller's own request id if it is harmless in a header and a log; else ours. */
function requestIdOf(shown: string | null, ours: string): string {
  return shown !== null && /^[A-Za-z0-9._-]{1,64}$/.test(shown) ? shown : ours;
}

function logOf(context: InvocationContext, requestId: string): Log {
  return {
    info: (message, fields) => context.info(logLine(message, { request_id: requestId, ...fields })),
    warn: (message, fields) => context.warn(logLine(message, { request_id: requestId, ...fields })),
    error: (message, fields) => context.error(logLine(message, { request_id: requestId, ...fields })),
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
