import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { emulatorKey } from './auth.ts';
import { Commits } from './commits.ts';
import { Containers } from './containers.ts';
import { openDatabase } from './database.ts';
import { DocumentCalls } from './documentCalls.ts';
import { keepPurging } from './expiry.ts';
import { Faults } from './faults.ts';
import type { Answer, Call } from './http.ts';
import { codeOf, Refusal } from './refusal.ts';
import { route } from './router.ts';

const maximumRequestBytes = 8 * 1024 * 1024;
/** How long the end waits for clients that keep their connections. */
const patienceMs = 1_000;

export interface CosmosOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Created where it is missing. */
  readonly dataDir: string;
  /** The account's key, base64. Default: the emulator's. */
  readonly key?: string;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
}

export interface CosmosServer {
  readonly port: number;
  /** Resolves when everything accepted is on disk and the file is closed. */
  close(): Promise<void>;
}

/** Starts the server on 127.0.0.1. Rejects with the system's error where the port is in use. */
export async function startCosmos(options: CosmosOptions): Promise<CosmosServer> {
  mkdirSync(options.dataDir, { recursive: true });
  const now = options.now ?? Date.now;
  const database = openDatabase(join(options.dataDir, 'cosmos.sqlite'));
  const containers = new Containers(database);
  const commits = new Commits(database);
  const faults = new Faults();
  const documents = new DocumentCalls({ database, containers, commits, faults, now });
  const parts = { containers, documents, commits, faults, key: options.key ?? emulatorKey };
  const stopPurging = keepPurging(database, containers, commits, now);
  const server = createServer((request, response) => {
    void respond(request, response, (call) => route(call, parts));
  });
  server.keepAliveTimeout = 60_000;
  const close = async () => {
    stopPurging();
    await new Promise((resolve) => {
      server.close(resolve);
      setTimeout(() => server.closeAllConnections(), patienceMs).unref();
    });
    database.close();
  };
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port, '127.0.0.1', resolve);
    });
  } catch (error) {
    stopPurging();
    database.close();
    throw error;
  }
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : options.port, close };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  serve: (call: Call) => Promise<Answer>,
): Promise<void> {
  let result: Answer;
  try {
    result = await serve(await readCall(request));
  } catch (error) {
    if (request.destroyed && !request.complete) return;
    result = answerTo(error);
  }
  const body = result.body ?? '';
  response.writeHead(result.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-ms-activity-id': randomUUID(),
    'x-ms-request-charge': '1',
    'x-ms-version': '2020-07-15',
    ...result.headers,
  });
  response.end(body);
}

async function readCall(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes <= maximumRequestBytes) chunks.push(buffer);
  }
  // Only now: a client that is still sending wouldn't read the answer.
  if (bytes > maximumRequestBytes) throw new Refusal(413, `A request can't exceed ${maximumRequestBytes} bytes.`);
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: request.method ?? 'GET',
    path: pathOf(request.url ?? '/'),
    headers,
    body: Buffer.concat(chunks).toString(),
  };
}

function pathOf(url: string): string[] {
  const [path = ''] = url.split('?');
  try {
    return path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    throw new Refusal(400, `The path is not valid: ${path}`);
  }
}

function answerTo(error: unknown): Answer {
  if (!(error instanceof Refusal)) {
    console.error(error);
    return answerTo(new Refusal(500, error instanceof Error ? error.message : String(error)));
  }
  const { status, substatus, retryAfterMs, message } = error;
  return {
    status,
    headers: {
      ...(substatus === undefined ? {} : { 'x-ms-substatus': String(substatus) }),
      ...(retryAfterMs === undefined ? {} : { 'x-ms-retry-after-ms': String(retryAfterMs) }),
    },
    body: JSON.stringify({ code: codeOf(status), message }),
  };
}
