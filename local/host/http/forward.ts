import { randomUUID } from 'node:crypto';
import {
  Agent,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import type { AppFunction, FunctionApp } from '../functionApp.ts';
import { describeError, type Log } from '../log.ts';
import type { RpcData } from '../rpc.ts';

/** One request on its way to its function. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly fn: AppFunction;
  readonly parameters: Readonly<Record<string, string>>;
  /** Where the library takes requests: the invocation's id in a header says whose they are. */
  readonly proxy: URL;
  readonly app: FunctionApp;
  readonly log: Log;
}

/**
 * To the library's proxy, which ends a connection that was idle for five seconds. Here it is given up after one, so that
 * none ends under a request, whose streamed body couldn't be sent again. An agent without a `timeout` of its own heeds no
 * Keep-Alive header, nor its buffer.
 */
const connections = new Agent({ keepAlive: true, timeout: 60_000, agentKeepAliveTimeoutBuffer: 4_000 });

/** How long the rest of a body that nobody reads may take before the connection is closed. Kestrel's is the same. */
const drainMs = 5000;

/**
 * Hands a request to its function and the function's answer to the client, both while they arrive: nothing is held in
 * memory, whoever is slower slows the other down. A handler that fails before it answered is a 500, later an aborted
 * answer; a client that goes away aborts the body that the handler reads.
 */
export function forward(exchange: Exchange): void {
  const { request, response, fn, log } = exchange;
  const id = randomUUID();
  const gone = new AbortController();
  const inner = openInner(exchange, id);
  let invocationFailed = false;

  inner.on('response', (answer) => {
    answer.on('error', () => response.destroy());
    answer.on('end', () => {
      // A connection on which half a body was sent is of no use to the next request.
      if (!inner.writableFinished) inner.destroy();
      discardBody(request);
    });
    response.writeHead(answer.statusCode ?? 500, answer.statusMessage, withoutHopByHop(answer.headers));
    answer.pipe(response);
  });
  inner.on('error', (error) => {
    if (!invocationFailed && !gone.signal.aborted && !response.headersSent) {
      log('error', fn.name, `The request did not reach the function: ${describeError(error)}`);
      fail(exchange, 502);
    }
  });
  response.on('close', () => {
    if (response.writableFinished) return;
    gone.abort();
    inner.destroy();
  });
  request.pipe(inner);

  exchange.app
    .invoke(fn, { id, gone: gone.signal, data: { http: {} }, metadata: toTriggerMetadata(exchange) })
    .catch((error: unknown) => {
      invocationFailed = true;
      if (gone.signal.aborted) log('information', fn.name, 'The client went away before the answer was complete');
      else log('error', fn.name, describeError(error));
      inner.destroy();
      fail(exchange, 500);
    });
}

function openInner({ request, proxy }: Exchange, id: string): ClientRequest {
  return sendRequest({
    host: '127.0.0.1',
    port: proxy.port,
    path: request.url,
    method: request.method,
    agent: connections,
    headers: {
      ...withoutHopByHop(request.headers),
      // Without it Node would take the bodies of methods that usually have none for none at all.
      ...(request.headers['transfer-encoding'] !== undefined && { 'transfer-encoding': 'chunked' }),
      // Or the proxy would reset the connection, and its answer with it, when a handler leaves a body unread.
      connection: 'keep-alive',
      'x-ms-invocation-id': id,
      'x-forwarded-host': request.headers.host ?? '127.0.0.1',
      'x-forwarded-proto': 'http',
    },
  });
}

// The library takes headers and parameters from here, not from the request (azure-functions-host issue 9840).
function toTriggerMetadata({ request, url, parameters }: Exchange): Record<string, RpcData> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const metadata: Record<string, RpcData> = {
    Query: { json: JSON.stringify(Object.fromEntries(url.searchParams)) },
    Headers: { json: JSON.stringify(headers) },
  };
  for (const [name, value] of Object.entries(parameters)) metadata[name] = { string: value };
  return metadata;
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1, and what the library's proxy adds. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-ms-invocation-id',
]);

function withoutHopByHop(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

// A handler may answer without having read the body. A client that sends it to the end before it reads the answer must
// still get it, and its connection must stay usable.
function discardBody(request: IncomingMessage): void {
  request.unpipe();
  if (request.readableEnded || request.destroyed) return;
  const timer = setTimeout(() => request.socket.destroy(), drainMs);
  request.on('close', () => clearTimeout(timer)).resume();
}

function fail({ request, response }: Exchange, status: number): void {
  if (response.destroyed) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status).end();
  discardBody(request);
}
