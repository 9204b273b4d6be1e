import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { configError, readConfig } from '../config.ts';
import type { AppFunction } from '../functionApp.ts';
import type { Host, Listener, TriggerKind } from '../trigger.ts';
import { forward } from './forward.ts';
import { compileRoute, type Route } from './route.ts';

interface HttpFunction {
  readonly fn: AppFunction;
  readonly route: Route;
  readonly methods: ReadonlySet<string>;
}

/**
 * How long a client may keep a connection that it doesn't use; Kestrel's is the same. With Node's five seconds a client
 * that is held up for a moment sends its next request into a connection that has just been closed.
 */
const idleMs = 130_000;

/** HTTP on 127.0.0.1, streamed in both directions (`app.setup({ enableHttpStream: true })`). */
export const httpTrigger: TriggerKind = {
  types: ['httpTrigger'],
  section: 'http',
  outputs: ['http'],
  inputs: [],
  prepare: (functions, host) => {
    const prefix = readConfig(host.section, 'host.json, "http"', ['routePrefix']).text('routePrefix') ?? 'api';
    const { httpProxy } = host.app;
    if (functions.length > 0 && !httpProxy) {
      const call = 'app.setup({ enableHttpStream: true })';
      throw configError(
        `Function "${functions[0]?.name}": the local host only streams HTTP; the app must call ${call}`,
      );
    }
    const served = functions
      .map((fn) => toHttpFunction(fn, prefix))
      .sort((a, b) => (a.route.rank < b.route.rank ? -1 : a.route.rank > b.route.rank ? 1 : 0));
    const server = createServer((request, response) => serve(request, response, served, host));
    server.keepAliveTimeout = idleMs;
    return listenOn(server, host.port);
  },
};

const known = ['name', 'type', 'direction', 'properties', 'authLevel', 'methods', 'route'];

function toHttpFunction(fn: AppFunction, prefix: string): HttpFunction {
  const where = `Function "${fn.name}", binding "${fn.trigger.name}"`;
  const binding = readConfig(fn.trigger, where, known);
  const authLevel = binding.text('authLevel') ?? 'function';
  if (authLevel.toLowerCase() !== 'anonymous') {
    throw configError(`${where}: the local host has no function keys; use authLevel "anonymous", not "${authLevel}"`);
  }
  const route = [prefix, binding.text('route') ?? fn.name].filter((part) => part !== '').join('/');
  const methods = new Set((binding.texts('methods') ?? ['GET', 'POST']).map((method) => method.toUpperCase()));
  return { fn, route: compileRoute(route, where), methods };
}

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  functions: readonly HttpFunction[],
  host: Host,
): void {
  const url = requestUrl(request);
  const webhook = url && [...host.webhooks].find(([prefix]) => url.pathname.startsWith(prefix))?.[1];
  if (webhook) {
    webhook(request, response, url);
    return;
  }
  if (!url || !host.app.httpProxy) {
    refuse(request, response, url ? 404 : 400);
    return;
  }
  const allowed = new Set<string>();
  for (const { fn, route, methods } of functions) {
    const parameters = route.match(url.pathname);
    if (!parameters) continue;
    if (methods.has(request.method ?? '')) {
      forward({ request, response, url, fn, parameters, proxy: host.app.httpProxy, app: host.app, log: host.log });
      return;
    }
    for (const method of methods) allowed.add(method);
  }
  if (allowed.size > 0) response.setHeader('allow', [...allowed].join(', '));
  refuse(request, response, allowed.size > 0 ? 405 : 404);
}

// The address as the client wrote it. Undefined where the library could make no request of it, which is the client's
// fault and must not look like the app's.
function requestUrl(request: IncomingMessage): URL | undefined {
  const target = request.url ?? '';
  const host = request.headers.host ?? '127.0.0.1';
  if (!target.startsWith('/')) return undefined;
  const url = URL.parse(`http://${host}${target}`);
  return url && url.username === '' && url.password === '' ? url : undefined;
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  request.resume();
  response.writeHead(status).end();
}

function listenOn(server: Server, port: number): Listener {
  // Without this, a client that keeps its connection would hold up the stop.
  server.on('request', (_, response) =>
    response.on('close', () => {
      if (!server.listening) server.closeIdleConnections();
    }),
  );
  return {
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', (error) => reject(explainListenError(error, port)));
        server.listen(port, '127.0.0.1', () => {
          const address = server.address();
          resolve(typeof address === 'object' ? address?.port : undefined);
        });
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

function explainListenError(error: Error, port: number): Error {
  if (!('code' in error) || error.code !== 'EADDRINUSE') return error;
  return configError(`Port ${port} is in use: stop what holds it, or choose another by --port`);
}
