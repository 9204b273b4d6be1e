import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type Access, type AccessOptions, createAccess } from './access.ts';
import { bodyOf } from './body.ts';
import { createFaults, type Fault, type Faults } from './faults.ts';
import { isPagination, paginations } from './pages.ts';
import { createRate, type RateOptions } from './rate.ts';
import { createResource, type Resource, type ResourceOptions } from './resource.ts';

export interface DmsApiOptions {
  /** By the last step of the path. */
  readonly resources: Readonly<Record<string, ResourceOptions>>;
  /** Default: none. */
  readonly access?: AccessOptions;
  /** Default: as often as you like. */
  readonly rate?: RateOptions;
  /** A key and a certificate, as PEM: then it speaks https. */
  readonly tls?: ServerOptions;
  /** Default: one that is free. */
  readonly port?: number;
  readonly clock?: () => number;
}

/** A request as the API saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
}

/** A dealer's system with a REST API, for tests and the demo; it holds what it is given in memory, on this machine only. */
export interface DmsApi {
  /** `http://127.0.0.1:{port}`, or `https://localhost:{port}`. */
  readonly url: string;
  readonly faults: Faults;
  readonly access: Access;
  /** The last 10,000 requests, the oldest first. */
  readonly requests: readonly SeenRequest[];
  /** @throws Error where there is none of that name */
  resource(name: string): Resource;
  close(): Promise<void>;
}

const mostSeen = 10_000;

/**
 * Starts the API. `GET /{pagination}/{resource}?format=json|ndjson|csv|xml&updated_since=…` with the paginations of
 * pages.ts, and `POST /oauth/token`.
 */
export async function startDmsApi(options: DmsApiOptions): Promise<DmsApi> {
  const { clock = Date.now, tls } = options;
  const resources = new Map(
    Object.entries(options.resources).map(([name, settings]) => [name, createResource(settings, clock)]),
  );
  const access = createAccess(options.access ?? { kind: 'none' }, clock);
  const rate = options.rate === undefined ? undefined : createRate(options.rate, clock);
  const faults = createFaults();
  const requests: SeenRequest[] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', api.url);
    response.on('close', () => {
      const { method = '', headers } = request;
      requests.push({ method, path: url.pathname, query: url.search, status: response.statusCode, headers });
      if (requests.length > mostSeen) requests.shift();
    });
    const fault = faults.take(url.pathname);
    if (fault !== undefined && (await commit(fault, response))) return;
    if (url.pathname === '/oauth/token') {
      const { status, body } = access.grant(new URLSearchParams(await textOf(request)), request.headers.authorization);
      respond(
        response,
        status,
        { 'content-type': 'application/json', 'cache-control': 'no-store' },
        JSON.stringify(body),
      );
      return;
    }
    const limit = rate?.();
    if (limit?.isAllowed === false) {
      respond(
        response,
        429,
        { 'content-type': 'application/json', ...limit.headers },
        '{"message":"Too many requests"}',
      );
      return;
    }
    if (!access.isAllowed({ headers: request.headers, query: url.searchParams })) {
      respond(response, 401, { 'www-authenticate': 'Bearer error="invalid_token"' }, '{"message":"Unauthorized"}');
      return;
    }
    const [, pagination = '', name = ''] = url.pathname.split('/');
    const resource = resources.get(name);
    if (resource === undefined || !isPagination(pagination)) {
      respond(response, 404, { 'content-type': 'application/json' }, '{"message":"There is no such thing here"}');
      return;
    }
    const page = paginations[pagination]({
      url: new URL(url.pathname, api.url),
      query: url.searchParams,
      resource,
      shift: fault?.kind === 'shifted' ? fault.rows : 0,
      isLooping: fault?.kind === 'looping',
    });
    const { type, text } = bodyOf(page, url.searchParams.get('format'));
    const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 20)}"`;
    const headers = { 'content-type': type, etag, ...limit?.headers, ...page.headers };
    if (request.headers['if-none-match'] === etag) respond(response, 304, headers, '');
    else if (fault?.kind === 'truncated') truncate(response, headers, text, fault.quietly ?? false);
    else if (/\bgzip\b/.test(String(request.headers['accept-encoding']))) {
      respond(response, 200, { ...headers, 'content-encoding': 'gzip' }, gzipSync(text));
    } else respond(response, 200, headers, text);
  };

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const port = portOf(server.address());
  const api: DmsApi = {
    url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    faults,
    access,
    requests,
    resource(name) {
      const resource = resources.get(name);
      if (resource === undefined) throw new Error(`The API has no ${name}.`);
      return resource;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return api;
}

/** True where the fault is all that there is to the answer. */
async function commit(fault: Fault, response: ServerResponse): Promise<boolean> {
  switch (fault.kind) {
    case 'status':
      respond(
        response,
        fault.status,
        { 'content-type': 'application/json', ...fault.headers },
        fault.body ?? '{"message":"On purpose"}',
      );
      return true;
    case 'dropped':
      response.destroy();
      return true;
    case 'hanging':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      return true;
    case 'redirect':
      respond(response, fault.status ?? 302, { location: fault.to }, '');
      return true;
    case 'html':
      respond(
        response,
        200,
        { 'content-type': 'text/html' },
        '<!DOCTYPE html><title>Log in</title><h1>Please log in</h1>',
      );
      return true;
    case 'bomb': {
      const zeros = gzipSync(Buffer.alloc(fault.megabytes * 1024 * 1024));
      respond(response, 200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }, zeros);
      return true;
    }
    case 'slow':
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, fault.ms);
        response.once('close', () => {
          clearTimeout(timer);
          resolve();
        });
      });
      return response.destroyed;
    default:
      return false;
  }
}

function respond(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
): void {
  response.writeHead(status, headers);
  response.end(body);
}

function truncate(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  text: string,
  quietly: boolean,
): void {
  const half = text.slice(0, Math.floor(text.length / 2));
  if (quietly) {
    respond(response, 200, headers, half);
    return;
  }
  response.writeHead(200, { ...headers, 'content-length': String(Buffer.byteLength(text)) });
  response.write(half, () => response.destroy());
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The API listens at no port.');
  return address.port;
}
