import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Connection, PulledRow, Query } from '../../shared/connectors/connector.ts';
import { rest } from '../../shared/connectors/rest/rest.ts';
import { pulledRows } from '../../shared/formats/pulledRows.ts';
import { createHttp } from '../../shared/http/createHttp.ts';
import { timeZone } from '../../shared/mapping/zone.ts';
import type { JsonObject } from '../../shared/model/json.ts';

/** What an API was asked. */
export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What it answers; an object becomes JSON. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
  /** The connection breaks so many bytes into the body. */
  readonly breaksAfter?: number;
  /** The body is never ended. */
  readonly hangs?: boolean;
}

/** What is not answered yet is waited for. */
export type Answering = (asked: Asked) => Answer | Promise<Answer>;

/** An API whose answers a test decides, one by one. */
export interface RestApi {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** Answers that the other side didn't wait for. */
  readonly broken: number;
  answer: Answering;
  close(): Promise<void>;
}

export async function startRestApi(): Promise<RestApi> {
  const asked: Asked[] = [];
  let broken = 0;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', headers } = request;
    const one = { method, url: new URL(request.url ?? '/', api.url), headers, body: Buffer.concat(chunks).toString() };
    asked.push(one);
    response.on('close', () => {
      if (!response.writableFinished) broken += 1;
    });
    const { status = 200, headers: own = {}, body = '', breaksAfter, hangs = false } = await api.answer(one);
    const type = typeof body === 'string' ? {} : { 'content-type': 'application/json' };
    response.writeHead(status, { ...type, ...own });
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    if (hangs) response.write(text);
    else if (breaksAfter === undefined) response.end(text);
    else response.write(text.slice(0, breaksAfter), () => response.destroy());
  });
  // A line that ends while it is used for the next request fails that one: no test waits so long on purpose.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const api: RestApi = {
    url: `http://127.0.0.1:${port}`,
    asked,
    get broken() {
      return broken;
    },
    answer: () => ({ status: 404 }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return api;
}

const unused = (): never => {
  throw new Error('There is no credential here.');
};

/** The REST connector, opened on an API of this machine, over real HTTP. */
export async function openRestSource(
  api: Pick<RestApi, 'url'>,
  {
    settings = {},
    secret,
    clock = Date.now,
  }: { settings?: JsonObject; secret?: string | undefined; clock?: () => number } = {},
): Promise<Connection> {
  const http = createHttp({
    clock,
    random: (size) => new Uint8Array(size),
    secrets: { get: unused, set: unused },
    leases: { take: unused },
    wait: unused,
  });
  return await rest.open(
    {
      dealerId: 'acme',
      sourceId: 'dms',
      settings: { base_url: api.url, allow_http: true, networks: ['127.0.0.0/8'], ...settings },
      secret,
      zone: 'UTC',
      concurrency: 2,
    },
    { clock, http, readRows: pulledRows, timeZone },
  );
}

export function restQuery(settings: JsonObject, changes: Partial<Query> = {}): Query {
  return {
    entity: 'part',
    settings,
    cursor: { kind: 'full', column: undefined, overlapSeconds: 300, overlapIds: 10 },
    columns: undefined,
    needed: [],
    keyColumns: ['id'],
    zone: 'UTC',
    ...changes,
  };
}

export function valuesOf(rows: readonly PulledRow[]): Record<string, unknown>[] {
  return rows.map((row) => {
    if ('error' in row) throw new Error(row.error);
    return row.values;
  });
}
