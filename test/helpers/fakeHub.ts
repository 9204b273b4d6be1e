import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeRequest {
  readonly method: string;
  /** Below /api/v1. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** Ends the connection instead of answering. */
  readonly hangUp?: boolean;
}

export interface FakeHub extends AsyncDisposable {
  readonly baseUrl: string;
  readonly requests: FakeRequest[];
}

/** An HTTP server that answers as a test says, and remembers what it was asked. */
export async function startFakeHub(
  answer: (request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>,
): Promise<FakeHub> {
  const requests: FakeRequest[] = [];
  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
    const url = new URL(incoming.url ?? '/', 'http://hub');
    const request: FakeRequest = {
      method: incoming.method ?? '',
      path: url.pathname.replace(/^\/api\/v1/, ''),
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
    };
    requests.push(request);
    const { status, headers = {}, body, hangUp = false } = await answer(request);
    if (hangUp) {
      incoming.socket.destroy();
      return;
    }
    outgoing.writeHead(status, { 'content-type': 'application/json', ...headers });
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** A run whose receipt balances: everything read was inserted, but what was rejected. */
export function fakeRun(
  id: string,
  read: number,
  more: { status?: string; rejected?: number; startedAt?: string } = {},
): object {
  const rejected = more.rejected ?? 0;
  return {
    run_id: id,
    dealer_id: 'acme',
    source_id: 'dms',
    entity: 'part',
    door: 'push',
    status: more.status ?? (rejected > 0 ? 'partial' : 'succeeded'),
    started_at: more.startedAt ?? new Date().toISOString(),
    finished_at: new Date().toISOString(),
    receipt: {
      read,
      rejected,
      repeated: 0,
      unchanged: 0,
      upserts: read - rejected,
      deletes: 0,
      applied: { inserted: read - rejected, updated: 0, deleted: 0 },
      skipped: { unchanged: 0, stale: 0 },
      held: 0,
      quarantined: 0,
      balanced: true,
    },
    errors: [],
  };
}
