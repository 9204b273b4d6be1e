import { afterEach, describe, expect, test } from '@jest/globals';
import type { AccessOptions } from '../../examples/dmsApi/access.ts';
import { type DmsApi, type DmsApiOptions, startDmsApi } from '../../examples/dmsApi/dmsApi.ts';
import type { Connection, Query } from '../../shared/connectors/connector.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { readToEnd } from '../helpers/readToEnd.ts';
import { openRestSource, restQuery, valuesOf } from '../helpers/restApi.ts';

/** A dealer's system as one is sold, with its kinds of pages, formats, logins and faults. */
const parts = Array.from({ length: 25 }, (_, n) => ({
  id: `P${String(n).padStart(3, '0')}`,
  name: `Part ${n}, "new" & <used>`,
  updated_at: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString(),
}));

let api: DmsApi;
let connection: Connection;
afterEach(async () => {
  await connection.close();
  await api.close();
});

async function start(options: Partial<DmsApiOptions> = {}, secret?: object, settings: JsonObject = {}): Promise<void> {
  api = await startDmsApi({ resources: { parts: { key: 'id', rows: parts } }, ...options });
  connection = await openRestSource(api, {
    settings,
    secret: secret === undefined ? undefined : JSON.stringify(secret),
  });
}

const byTime = { kind: 'timestamp', column: 'updated_at', overlapSeconds: 300, overlapIds: 0 } as const;
const kinds: Readonly<Record<string, JsonObject>> = {
  page: {
    path: '/page/parts',
    pagination: { kind: 'page', param: 'page', size_param: 'per_page', size: 4 },
    total: { header: 'X-Total-Count' },
  },
  offset: {
    path: '/offset/parts',
    records: 'items',
    pagination: { kind: 'offset', param: 'offset', size_param: 'limit', size: 4 },
    total: { path: 'total' },
  },
  cursor: {
    path: '/cursor/parts',
    records: 'data',
    pagination: { kind: 'cursor', from: 'meta.next_cursor', param: 'cursor', size_param: 'limit', size: 4 },
    total: { path: 'meta.total' },
  },
  link: { path: '/link/parts', pagination: { kind: 'link_header', size_param: 'limit', size: 4 } },
  next: {
    path: '/next/parts',
    records: 'results',
    pagination: { kind: 'next_url', from: 'links.next', size_param: 'limit', size: 4 },
  },
  all: { path: '/all/parts' },
};

const query = (kind: string, more: JsonObject = {}, changes: Partial<Query> = {}) =>
  restQuery({ ...kinds[kind], incremental: { param: 'updated_since' }, ...more }, { cursor: byTime, ...changes });
const ids = (rows: Awaited<ReturnType<typeof readToEnd>>['rows']) => valuesOf(rows).map(({ id }) => id);

describe.each(Object.keys(kinds))('an API that pages by %s', (kind) => {
  test('is read, and then what has changed', async () => {
    await start();
    const first = await readToEnd(connection, query(kind));
    expect(ids(first.rows)).toEqual(parts.map(({ id }) => id));
    api.resource('parts').put({ id: 'P007', name: 'changed', updated_at: '2026-01-01T02:00:00.000Z' });
    const second = await readToEnd(connection, query(kind), { cursor: first.cursor });
    // What was within the overlap comes again.
    expect(ids(second.rows)).toEqual(['P007', 'P019', 'P020', 'P021', 'P022', 'P023', 'P024']);
    expect(second.read.from).toBe('2026-01-01T00:19:00Z');
    expect(JSON.parse(second.cursor ?? '')).toEqual({ at: '2026-01-01T02:00:00.000Z' });
  });

  test('is read over a login, which stays out of all that is kept', async () => {
    const access: AccessOptions = { kind: 'api_key', value: 'sesame-open', query: 'key' };
    await start({ access }, { kind: 'api_key', query: 'key', value: 'sesame-open' });
    const { pages, rows } = await readToEnd(connection, query(kind));
    expect(rows).toHaveLength(parts.length);
    expect(JSON.stringify(pages)).not.toContain('sesame');
  });
});

test.each(['json', 'csv', 'xml', 'ndjson'])('%s gives the same rows', async (format) => {
  await start();
  const { rows } = await readToEnd(connection, query('link', { format, query: { format } }));
  expect(valuesOf(rows)).toEqual(parts);
});

test('a feed of changes is followed by its token, deletes included', async () => {
  await start();
  const feed = restQuery(
    {
      path: '/sync/parts',
      records: 'data',
      query: { limit: 10 },
      pagination: { kind: 'cursor', from: 'next_token', more: 'has_more', param: 'token' },
      incremental: { param: 'token' },
      sync_token: { path: 'next_token' },
      soft_delete: { field: 'deleted' },
      sparse: true,
    },
    { cursor: { ...byTime, kind: 'token', column: undefined } },
  );
  const first = await readToEnd(connection, feed);
  expect(ids(first.rows)).toEqual(parts.map(({ id }) => id));
  expect((await readToEnd(connection, feed, { cursor: first.cursor })).rows).toEqual([]);
  api.resource('parts').remove('P003');
  api.resource('parts').put({ id: 'P100' });
  const second = await readToEnd(connection, feed, { cursor: first.cursor });
  expect(valuesOf(second.rows)).toEqual([
    { id: 'P003', deleted: true, _op: 'delete' },
    { id: 'P100', updated_at: expect.anything() },
  ]);
  expect((await readToEnd(connection, feed, { cursor: second.cursor })).rows).toEqual([]);
});

describe('an API that goes wrong', () => {
  test.each([
    [
      { kind: 'truncated', quietly: true },
      { code: 'NETWORK_ERROR', disposition: 'retry' },
    ],
    [{ kind: 'truncated' }, { code: 'NETWORK_ERROR', disposition: 'retry' }],
    [{ kind: 'dropped' }, { code: 'NETWORK_ERROR', disposition: 'retry' }],
    [
      { kind: 'status', status: 503 },
      { code: 'NETWORK_ERROR', disposition: 'retry' },
    ],
    [
      { kind: 'status', status: 429, headers: { 'retry-after': '2' } },
      { code: 'RATE_LIMITED', retryAfterMs: 2_000 },
    ],
    [{ kind: 'html' }, { code: 'DATA_ERROR', disposition: 'park', message: expect.stringContaining('web page') }],
    [
      { kind: 'redirect', to: 'http://169.254.169.254/' },
      { code: 'CONFIG_ERROR', disposition: 'park' },
    ],
  ] as const)('by %j is asked for the same page again, and nothing is lost', async (fault, error) => {
    await start();
    const { signal } = new AbortController();
    const of = query('cursor');
    const read = await connection.begin(of, 'changes', undefined, signal);
    const first = await connection.pull(of, read, undefined, 5_000, signal);
    api.faults.add({ fault });
    await expect(connection.pull(of, read, first.next, 5_000, signal)).rejects.toMatchObject(error);
    const second = await connection.pull(of, read, first.next, 5_000, signal);
    expect(ids([...first.rows, ...second.rows])).toEqual(parts.slice(0, 8).map(({ id }) => id));
  });

  test.each([-1, 1, -3, 3])('by moving %i rows for a moment loses none of them', async (moved) => {
    await start();
    api.faults.add({ fault: { kind: 'shifted', rows: moved }, after: 2 });
    const { rows } = await readToEnd(connection, query('offset'));
    expect([...new Set(ids(rows))].sort()).toEqual(parts.map(({ id }) => id));
  });

  test.each(['cursor', 'link', 'next'])('by a loop of %s is found out', async (kind) => {
    await start();
    api.faults.add({ fault: { kind: 'looping' }, times: 100, after: 2 });
    await expect(readToEnd(connection, query(kind))).rejects.toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringContaining('circle'),
    });
    expect(api.requests.length).toBeLessThan(10);
  });
});
