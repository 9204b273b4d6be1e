import type { App } from '../../shared/app.ts';
import { AdpError } from '../../shared/errors.ts';
import type { PollStarter } from '../../shared/sync/poll/pollStart.ts';
import { describeError, type Log, logLine } from '../../shared/telemetry/log.ts';
import { matchPath, segmentsOf } from './path.ts';
import { fail, toProblem } from './problem.ts';
import { type ApiResponse, type HttpAnswer, toHttpAnswer } from './response.ts';
import type { Route } from './route.ts';

/** What is needed of the host's request. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** What is needed of the host's invocation. */
export interface Invocation {
  readonly invocationId: string;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

/** Answers any request below `/api/v1`, whatever function the host handed it to. Never throws. */
export type Dispatch = (request: HttpRequest, invocation: Invocation, polls?: PollStarter) => Promise<HttpAnswer>;

/**
 * The Functions host tries routes in the alphabetical order of their functions' names (azure-functions-host #3153), and
 * decodes parameters in ways of its own: so the route that answers is chosen here, by its path.
 */
export function createDispatch(app: App, routes: readonly Route[]): Dispatch {
  const answer: Dispatch = async (request, invocation, polls) => {
    const receivedAt = app.clock();
    const requestId = requestIdOf(request.headers.get('x-request-id'), invocation.invocationId);
    const log = logOf(invocation, requestId);
    const url = new URL(request.url);
    const started = { status: 0, name: 'none' };
    try {
      const { route, params } = choose(routes, request.method, url.pathname);
      started.name = route.name;
      const response = await route.answer({
        app,
        url,
        headers: request.headers,
        bytes: bytesOf(request.body),
        params,
        receivedAt,
        requestId,
        log,
        ...(polls === undefined ? {} : { polls }),
      });
      return toHttpAnswer(response, requestId);
    } catch (error) {
      const response: ApiResponse = toProblem(error, url.pathname, requestId);
      if (response.status >= 500) {
        log.error('A request failed.', { route: started.name, status: response.status, error: describeError(error) });
      }
      return toHttpAnswer(response, requestId);
    }
  };
  return async (request, invocation, polls) => {
    const { body, ...head } = await answer(request, invocation, polls);
    return body === undefined || request.method === 'HEAD' ? head : { ...head, body };
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
  // RFC 9110, 9.3.2: what GET answers, without its body.
  const wanted = method === 'HEAD' ? 'GET' : method;
  const match = matches.find(({ route }) => route.method === wanted);
  if (match !== undefined) return match;
  if (matches.length === 0) return fail(404, 'DATA_ERROR', 'There is nothing at this path; see /api/v1/openapi.json.');
  const methods = new Set(matches.flatMap(({ route }) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method])));
  const allow = [...methods].join(', ');
  return fail(405, 'DATA_ERROR', `This path takes ${allow}.`, {}, { allow });
}

/** The caller's own request id if it is harmless in a header and a log; else ours. */
function requestIdOf(shown: string | null, ours: string): string {
  return shown !== null && /^[A-Za-z0-9._-]{1,64}$/.test(shown) ? shown : ours;
}

function logOf(invocation: Invocation, requestId: string): Log {
  return {
    info: (message, fields) => invocation.info(logLine(message, { request_id: requestId, ...fields })),
    warn: (message, fields) => invocation.warn(logLine(message, { request_id: requestId, ...fields })),
    error: (message, fields) => invocation.error(logLine(message, { request_id: requestId, ...fields })),
  };
}

/** A client that goes away in the middle of its body is no failure of ours. */
async function* bytesOf(body: AsyncIterable<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await next(chunks);
      if (done === true) return;
      yield value;
    }
  } finally {
    await chunks.return?.();
  }
}

async function next(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await chunks.next();
  } catch (error) {
    throw new AdpError('DATA_ERROR', 'The body ended before its end.', { disposition: 'park', cause: error });
  }
}
