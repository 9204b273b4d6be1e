import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Connection, CursorSettings } from '../../shared/connectors/connector.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { testClock } from '../helpers/clock.ts';
import { readToEnd } from '../helpers/readToEnd.ts';
import { type Asked, openRestSource, type RestApi, restQuery, startRestApi, valuesOf } from '../helpers/restApi.ts';

let api: RestApi;
const clock = testClock(Date.parse('2026-11-20T12:00:00Z'));
let connection: Connection;
beforeAll(async () => {
  api = await startRestApi();
  connection = await openRestSource(api, { clock });
});
afterAll(async () => {
  await connection.close();
  await api.close();
});

const byTime = (changes: Partial<CursorSettings> = {}): CursorSettings => ({
  kind: 'timestamp',
  column: 'modified',
  overlapSeconds: 300,
  overlapIds: 10,
  ...changes,
});
const settings: JsonObject = {
  path: '/parts',
  records: 'items',
  pagination: { kind: 'offset', param: 'skip', size_param: 'take', size: 3 },
  incremental: { param: 'since' },
};
const query = restQuery(settings, { cursor: byTime() });
const date = (ms: number) => ({ date: new Date(ms).toUTCString() });
const iso = (ms: number) => new Date(ms).toISOString();
const sinceOf = ({ url }: Asked) => url.searchParams.get('since');

/** One page of rows, with the API's clock. */
function serve(items: readonly object[], apiMs = clock()) {
  api.answer = ({ url }) => {
    const start = Number(url.searchParams.get('skip') ?? 0);
    return { headers: date(apiMs), body: { items: items.slice(start, start + 3) } };
  };
}

async function sinceAsked(cursor: string | undefined, of = query): Promise<string | null> {
  const before = api.asked.length;
  await readToEnd(connection, of, { cursor });
  const first = api.asked[before];
  return first === undefined ? null : sinceOf(first);
}

describe('a cursor by time', () => {
  test('is the latest time of the rows, told with the last page only; the next read begins before it', async () => {
    const now = clock();
    serve([3, 1, 2, 5, 4].map((id) => ({ id, modified: iso(now - id * 60_000) })));
    const { pages, cursor } = await readToEnd(connection, query);
    expect(pages.filter((page) => page.cursor !== undefined)).toEqual([pages.at(-1)]);
    expect(JSON.parse(cursor ?? '')).toEqual({ at: iso(now - 60_000) });
    expect(await sinceAsked(undefined)).toBeNull();
    expect(await sinceAsked(cursor)).toBe(iso(now - 360_000).replace('.000', ''));
  });

  test("never passes the API's clock at the start of the read", async () => {
    const apiNow = clock() - 3_600_000;
    serve([{ id: 1, modified: '2099-01-01T00:00:00Z' }], apiNow);
    const { rows, cursor } = await readToEnd(connection, query);
    expect(rows).toHaveLength(1);
    expect(JSON.parse(cursor ?? '')).toEqual({ at: iso(apiNow) });
  });

  test('never passes our clock where the API tells no time', async () => {
    api.answer = () => ({ headers: { date: '' }, body: { items: [] } });
    const page = restQuery({ path: '/parts', records: 'items', incremental: { param: 'since' } }, { cursor: byTime() });
    api.answer = () => ({ headers: { date: 'none' }, body: { items: [{ id: 1, modified: '2099-01-01T00:00:00Z' }] } });
    expect(JSON.parse((await readToEnd(connection, page)).cursor ?? '')).toEqual({ at: iso(clock()) });
  });

  test('is the start of the read as of the first page, where the rows have no time', async () => {
    const start = clock();
    let asked = 0;
    api.answer = () => {
      asked += 1;
      return {
        headers: date(start + (asked - 1) * 60_000),
        body: { items: asked < 4 ? [{ id: asked }, { id: -asked }] : [] },
      };
    };
    const without = restQuery(
      { ...settings, pagination: { kind: 'page', param: 'page' } },
      { cursor: byTime({ column: undefined }) },
    );
    expect(JSON.parse((await readToEnd(connection, without)).cursor ?? '')).toEqual({ at: iso(start) });
  });

  test('stays where it is when nothing has changed, and is not made of nothing', async () => {
    serve([]);
    expect((await readToEnd(connection, query)).cursor).toBeUndefined();
    const cursor = JSON.stringify({ at: iso(clock() - 7_200_000) });
    expect(JSON.parse((await readToEnd(connection, query, { cursor })).cursor ?? '')).toEqual(JSON.parse(cursor));
  });

  test('does not go back where only rows of the overlap come', async () => {
    const cursor = JSON.stringify({ at: iso(clock() - 10_000) });
    serve([{ id: 1, modified: iso(clock() - 200_000) }]);
    expect(JSON.parse((await readToEnd(connection, query, { cursor })).cursor ?? '')).toEqual(JSON.parse(cursor));
  });

  test('goes back to the clock of an API that was set back, and says so', async () => {
    const apiNow = clock() - 3_600_000;
    serve([], apiNow);
    const result = await readToEnd(connection, query, { cursor: JSON.stringify({ at: iso(clock()) }) });
    expect(JSON.parse(result.cursor ?? '')).toEqual({ at: iso(apiNow) });
    expect(result.notes.join()).toContain('3600 s behind');
  });

  test('does not pass the end that the API was told, however that is written', async () => {
    serve([{ id: 1, modified: iso(clock() - 1_000) }]);
    const until = restQuery(
      { ...settings, incremental: { param: 'since', until_param: 'until', format: 'date' } },
      { cursor: byTime() },
    );
    const { cursor } = await readToEnd(connection, until);
    expect(api.asked.at(-1)?.url.searchParams.get('until')).toBe('2026-11-20');
    expect(JSON.parse(cursor ?? '')).toEqual({ at: '2026-11-20T00:00:00.000Z' });
  });

  test('is not held back by an end that the API was not told', async () => {
    const apiNow = clock() - 1_000;
    serve([{ id: 1, modified: '20.11.2026 11:30:00' }], apiNow);
    const daily = restQuery(
      { ...settings, incremental: { param: 'since', format: 'date', row_format: 'dd.MM.yyyy HH:mm:ss' } },
      { cursor: byTime() },
    );
    expect(JSON.parse((await readToEnd(connection, daily)).cursor ?? '')).toEqual({ at: '2026-11-20T11:30:00.000Z' });
  });

  test('says where no row has a time that can be read', async () => {
    serve([{ id: 1, modified: 'yesterday' }]);
    const { cursor, notes } = await readToEnd(connection, query);
    expect([cursor, notes.join()]).toEqual([undefined, expect.stringContaining('No row has a time in modified')]);
  });

  test('takes whatever it can not read for none', async () => {
    serve([]);
    for (const cursor of ['', 'x', '[]', '{"at":"never"}', '{"at":5}', 'null'])
      expect(await sinceAsked(cursor)).toBeNull();
  });

  test('finds every version of every row, written late, by clocks that differ, with ties', async () => {
    const step = fc.record({
      /** Milliseconds until the next poll. */
      wait: fc.integer({ min: 0, max: 400_000 }),
      writes: fc.array(fc.record({ id: fc.nat({ max: 6 }), late: fc.integer({ min: 0, max: 299_000 }) }), {
        maxLength: 5,
      }),
    });
    const skews = fc.integer({ min: -7_200_000, max: 7_200_000 });
    const formats = fc.constantFrom('rfc3339', 'unix', 'unix_ms', 'yyyy-MM-dd HH:mm:ss', 'date');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), skews, formats, async (steps, skew, format) => {
        const table: { id: number; modified: string; n: number }[] = [];
        const seen = new Set<string>();
        let n = 0;
        const told = (text: string | null) => {
          if (text === null) return 0;
          if (format === 'unix') return Number(text) * 1_000;
          return format === 'unix_ms'
            ? Number(text)
            : Date.parse(format === 'rfc3339' || format === 'date' ? text : `${text}Z`);
        };
        api.answer = (asked) => {
          const { searchParams } = asked.url;
          const since = told(searchParams.get('since'));
          const rows = table
            .filter(({ modified }) => Date.parse(modified) > since)
            .sort((a, b) => a.modified.localeCompare(b.modified));
          const start = Number(searchParams.get('skip') ?? 0);
          return { headers: date(clock() + skew), body: { items: rows.slice(start, start + 3) } };
        };
        const of = restQuery({ ...settings, incremental: { param: 'since', format } }, { cursor: byTime() });
        let cursor: string | undefined;
        for (const { wait, writes } of steps) {
          for (const { id, late } of writes) {
            n += 1;
            const modified = iso(clock() + skew - late);
            const at = table.findIndex((row) => row.id === id);
            if (at >= 0) table.splice(at, 1);
            table.push({ id, modified, n });
          }
          const result = await readToEnd(connection, of, { cursor });
          for (const row of valuesOf(result.rows)) seen.add(`${row.id}/${row.n}`);
          ({ cursor } = result);
          clock.move(wait);
        }
        const final = await readToEnd(connection, of, { cursor });
        for (const row of valuesOf(final.rows)) seen.add(`${row.id}/${row.n}`);
        expect(table.filter(({ id, n: version }) => !seen.has(`${id}/${version}`))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('other cursors', () => {
  test('a rising id is the highest of the rows, of any size, and some are read again', async () => {
    const ids = restQuery(
      { ...settings, incremental: { param: 'after' }, headers: { 'x-cursor': '{{cursor}}' } },
      { cursor: byTime({ kind: 'monotonic_id', column: 'id' }) },
    );
    const big = '90071992547409931234';
    api.answer = ({ url }) => ({
      body:
        url.searchParams.get('skip') === '0'
          ? `{"items":[{"id":7},{"id":${big}},{"id":"12"}]}`
          : '{"items":[{"id":"12"}]}',
    });
    const { cursor } = await readToEnd(connection, ids);
    expect(JSON.parse(cursor ?? '')).toEqual({ id: big });
    const before = api.asked.length;
    await readToEnd(connection, ids, { cursor });
    expect(api.asked[before]?.url.searchParams.get('after')).toBe('90071992547409931224');
    expect(api.asked[before]?.headers['x-cursor']).toBe(big);
  });

  test('a rising id is never told as a negative one where there was none', async () => {
    const ids = restQuery(
      { ...settings, incremental: { param: 'since' } },
      { cursor: byTime({ kind: 'monotonic_id', column: 'id', overlapIds: 1_000 }) },
    );
    serve([{ id: 7 }]);
    expect(await sinceAsked('{"id":"7"}', ids)).toBe('0');
    expect(await sinceAsked('{"id":"-7"}', ids)).toBe('-1007');
  });

  test('a token is what the API said with any page; without one the next read asks for the same', async () => {
    const tokens = restQuery(
      {
        path: '/parts',
        records: 'items',
        incremental: { param: 'sync' },
        sync_token: { path: 'meta.sync' },
        pagination: { kind: 'cursor', from: 'next', param: 'after' },
      },
      { cursor: byTime({ kind: 'token', column: undefined }) },
    );
    api.answer = ({ url }) =>
      url.searchParams.has('after')
        ? { body: { items: [{ id: 2 }], meta: { sync: 't&1' } } }
        : { body: { items: [{ id: 1 }], next: 'n' } };
    const { cursor } = await readToEnd(connection, tokens);
    expect(JSON.parse(cursor ?? '')).toEqual({ token: 't&1' });
    api.answer = () => ({ body: { items: [] } });
    const again = await readToEnd(connection, tokens, { cursor });
    expect(api.asked.at(-1)?.url.searchParams.get('sync')).toBe('t&1');
    expect([again.cursor, again.notes.join()]).toEqual([cursor, expect.stringContaining('no sync token')]);
  });

  test('a token, and what leads to the next page, may be long, but not without end', async () => {
    const tokens = restQuery(
      {
        path: '/parts',
        method: 'POST',
        body: { from: '{{next}}', since: '{{cursor}}' },
        records: 'items',
        sync_token: { path: 'next' },
        pagination: { kind: 'cursor', from: 'next' },
      },
      { cursor: byTime({ kind: 'token', column: undefined }) },
    );
    const cached = await openRestSource(api, { clock, settings: { cache: { validators: true, ttl_seconds: 1 } } });
    let length = 7_500;
    api.answer = ({ body }) => {
      const { from } = JSON.parse(body);
      const next = String(from === undefined ? 1 : Number(from.trim()) + 1).padEnd(length);
      return { body: { items: [{ id: next.trim() }], ...(next.startsWith('3') ? {} : { next }) } };
    };
    const { cursor } = await readToEnd(cached, tokens);
    clock.move(2_000);
    expect((await readToEnd(cached, tokens, { cursor })).rows).toHaveLength(3);
    length += 1;
    await expect(readToEnd(cached, tokens)).rejects.toMatchObject({ code: 'DATA_ERROR', disposition: 'park' });
    api.answer = () => ({ body: { items: [{ id: 1 }], next: 5, token: 'x'.repeat(100_000) } });
    const other = restQuery({ ...tokens.settings, sync_token: { path: 'token' } }, { cursor: tokens.cursor });
    await expect(readToEnd(cached, other)).rejects.toMatchObject({ code: 'DATA_ERROR', disposition: 'park' });
    await cached.close();
  });

  test('an API that must be told something at first is', async () => {
    serve([]);
    const initial = restQuery(
      { ...settings, incremental: { param: 'since', initial: '1970-01-01T00:00:00Z' } },
      { cursor: byTime() },
    );
    expect(await sinceAsked(undefined, initial)).toBe('1970-01-01T00:00:00Z');
  });
});

describe('rows that say that they are deleted', () => {
  const rows = [
    { id: 1, gone: null },
    { id: 2, gone: '2026-01-01' },
    { id: 3, gone: 'No' },
    { id: 4, gone: true },
    { id: 5 },
  ];

  test.each(['changes', 'all', 'keys'] as const)('are told as deletes where %s are read', async (mode) => {
    serve(rows);
    const soft = restQuery({ ...settings, soft_delete: { field: 'gone' } }, { cursor: byTime({ column: undefined }) });
    const read = valuesOf((await readToEnd(connection, soft, { mode })).rows);
    expect(read.filter((row) => row._op === 'delete').map(({ id }) => id)).toEqual([2, 4]);
    expect(read).toHaveLength(5);
  });

  test('need have nothing but their key: of what is deleted many APIs say no more', async () => {
    const soft = restQuery(
      { ...settings, soft_delete: { field: 'gone' } },
      { cursor: byTime(), needed: [['name']], keyColumns: ['id'] },
    );
    serve([{ id: 1, gone: true }]);
    expect(valuesOf((await readToEnd(connection, soft)).rows)).toMatchObject([{ id: 1, _op: 'delete' }]);
    serve([{ id: 1, gone: false }]);
    await expect(readToEnd(connection, soft)).rejects.toMatchObject({ code: 'MAPPING_ERROR' });
  });

  test('do not where their flag is a zero, however it is written', async () => {
    api.answer = () => ({
      body: '[{"id":1,"gone":0.0},{"id":2,"gone":-0},{"id":3,"gone":"0.00"},{"id":4,"gone":0.1},{"id":5,"gone":1.0}]',
    });
    const soft = restQuery({ path: '/p', soft_delete: { field: 'gone' } });
    const read = valuesOf((await readToEnd(connection, soft)).rows);
    expect(read.filter((row) => row._op === 'delete').map(({ id }) => id)).toEqual([4, 5]);
  });

  test('may say so by values of their own', async () => {
    api.answer = () => ({
      body: '[{"id":1,"s":{"code":9}},{"id":2,"s":{"code":"9"}},{"id":3,"s":{"code":9.0}},{"id":4}]',
    });
    const soft = restQuery({ path: '/p', soft_delete: { field: 's.code', values: [9] } });
    const { rows: read } = await readToEnd(connection, soft);
    expect(valuesOf(read).map((row) => row._op)).toEqual(['delete', 'delete', undefined, undefined]);
  });

  test('say nothing by what is neither text, number, true nor false', async () => {
    api.answer = () => ({
      body: '[{"id":1,"s":{"toString":1,"valueOf":2}},{"id":2,"s":[{"toString":1}]},{"id":3,"s":[9]}]',
    });
    for (const values of [['9'], ['[object Object]']]) {
      const soft = restQuery({ path: '/p', soft_delete: { field: 's', values } });
      expect(valuesOf((await readToEnd(connection, soft)).rows).map((row) => row._op)).toEqual(Array(3));
    }
  });
});

describe('data that have not changed', () => {
  const cached = { base: { cache: { validators: true } }, aged: { cache: { ttl_seconds: 600 } } };
  const one = restQuery({ path: '/parts' });

  test('cost one request and an answer without a body; nothing is taken for gone', async () => {
    const source = await openRestSource(api, { clock, settings: cached.base });
    api.answer = ({ headers }) =>
      headers['if-none-match'] === '"v1"'
        ? { status: 304 }
        : {
            headers: { etag: '"v1"', 'last-modified': 'Fri, 20 Nov 2026 11:00:00 GMT', ...date(clock()) },
            body: [{ id: 1 }],
          };
    const first = await readToEnd(source, one, { mode: 'all' });
    const second = await readToEnd(source, one, { mode: 'all', cursor: first.cursor });
    expect(api.asked.at(-1)?.headers['if-modified-since']).toBe('Fri, 20 Nov 2026 11:00:00 GMT');
    expect(second.pages).toEqual([{ rows: [], unchanged: true }]);
    expect(first.pages.map(({ unchanged }) => unchanged)).toEqual([undefined]);
    // Another way to read, other settings: what was seen then says nothing.
    for (const [query, mode] of [
      [one, 'keys'],
      [restQuery({ path: '/parts', sparse: true }), 'all'],
    ] as const) {
      expect((await readToEnd(source, query, { mode, cursor: first.cursor })).rows).toHaveLength(1);
    }
    await source.close();
  });

  test('are not told by a time that was just then', async () => {
    const source = await openRestSource(api, { clock, settings: cached.base });
    const modified = new Date(clock() - 59_000).toUTCString();
    api.answer = () => ({ headers: { 'last-modified': modified, ...date(clock()) }, body: [{ id: 1 }] });
    expect((await readToEnd(source, one, { mode: 'all' })).cursor).toBeUndefined();
    await source.close();
  });

  test('are asked for without validators where they came in several pages', async () => {
    const source = await openRestSource(api, { clock, settings: cached.base });
    api.answer = ({ url }) => ({
      headers: { etag: '"v1"' },
      body: url.searchParams.get('page') === '2' ? [] : [{ id: 1 }],
    });
    const paged = restQuery({ path: '/parts', pagination: { kind: 'page', param: 'page' } });
    const { cursor } = await readToEnd(source, paged, { mode: 'all' });
    expect(cursor).toBeUndefined();
    await source.close();
  });

  test('are asked for without validators where something else is asked for', async () => {
    const source = await openRestSource(api, { clock, settings: cached.base });
    const since = restQuery({ path: '/parts', incremental: { param: 'since' } }, { cursor: byTime() });
    api.answer = () => ({ headers: { etag: '"v1"', ...date(clock()) }, body: [{ id: 1, modified: iso(clock()) }] });
    const { cursor } = await readToEnd(source, since);
    await readToEnd(source, since, { cursor });
    expect(api.asked.at(-1)?.headers['if-none-match']).toBeUndefined();
    await source.close();
  });

  test('an answer that nothing has changed, to who knows nothing, is an error', async () => {
    api.answer = () => ({ status: 304 });
    await expect(readToEnd(connection, one)).rejects.toMatchObject({ code: 'DATA_ERROR', disposition: 'park' });
  });

  test('are not asked for at all for as long as the source says', async () => {
    const source = await openRestSource(api, { clock, settings: cached.aged });
    api.answer = () => ({ body: [{ id: 1 }] });
    const { cursor } = await readToEnd(source, one, { mode: 'all' });
    const asked = api.asked.length;
    clock.move(599_000);
    const fresh = await readToEnd(source, one, { mode: 'all', cursor });
    expect(fresh.pages).toMatchObject([{ rows: [], unchanged: true }]);
    expect(api.asked).toHaveLength(asked);
    expect(fresh.cursor).toBe(cursor);
    clock.move(1_000);
    expect((await readToEnd(source, one, { mode: 'all', cursor })).rows).toHaveLength(1);
    await source.close();
  });

  test('are asked for no more often than that either where the API said that nothing has changed', async () => {
    const source = await openRestSource(api, { clock, settings: { cache: { validators: true, ttl_seconds: 600 } } });
    api.answer = ({ headers }) =>
      headers['if-none-match'] === '"v1"' ? { status: 304 } : { headers: { etag: '"v1"' }, body: [{ id: 1 }] };
    const first = await readToEnd(source, one, { mode: 'all' });
    clock.move(601_000);
    const { cursor } = await readToEnd(source, one, { mode: 'all', cursor: first.cursor });
    const asked = api.asked.length;
    clock.move(599_000);
    expect((await readToEnd(source, one, { mode: 'all', cursor })).pages).toMatchObject([{ unchanged: true }]);
    expect(api.asked).toHaveLength(asked);
    clock.move(1_000);
    await readToEnd(source, one, { mode: 'all', cursor });
    expect(api.asked.at(-1)?.headers['if-none-match']).toBe('"v1"');
    await source.close();
  });

  test('leave the cursor of changes where it is', async () => {
    const source = await openRestSource(api, { clock, settings: { cache: { validators: true, ttl_seconds: 600 } } });
    const kinds: readonly [CursorSettings, JsonObject][] = [
      [byTime({ overlapSeconds: 0 }), {}],
      [byTime({ kind: 'monotonic_id', column: 'id', overlapIds: 0 }), {}],
      [byTime({ kind: 'token', column: undefined }), { sync_token: { header: 'x-token' } }],
    ];
    for (const [cursor, more] of kinds) {
      const of = restQuery({ path: '/parts', incremental: { param: 'since' }, ...more }, { cursor });
      api.answer = ({ headers }) =>
        headers['if-none-match'] === '"v1"'
          ? { status: 304 }
          : { headers: { etag: '"v1"', 'x-token': 't7' }, body: [{ id: 7, modified: '2026-11-20T10:00:00Z' }] };
      // The second read is the first one that asks for what the third asks for.
      const first = await readToEnd(source, of);
      clock.move(601_000);
      const second = await readToEnd(source, of, { cursor: first.cursor });
      clock.move(601_000);
      const third = await readToEnd(source, of, { cursor: second.cursor });
      expect(third.pages).toMatchObject([{ unchanged: true }]);
      const { seen: before, ...reached } = JSON.parse(second.cursor ?? '');
      expect(JSON.parse(third.cursor ?? '')).toEqual({ ...reached, seen: { ...before, atMs: clock() } });
    }
    await source.close();
  });
});

describe('a cursor that the API has forgotten', () => {
  const tokens = restQuery(
    {
      path: '/parts',
      records: 'items',
      pagination: { kind: 'cursor', param: 'page', from: 'next' },
      incremental: { param: 'token', initial: 'all' },
      sync_token: { path: 'token' },
    },
    { cursor: byTime({ kind: 'token', column: undefined }) },
  );
  /** Two pages of two rows, and a token; who comes with an old one is refused. */
  const forget = (status: number, more: (asked: Asked) => number | undefined = () => undefined) => {
    api.answer = (asked) => {
      const { searchParams } = asked.url;
      const refused = searchParams.get('token') === 'old' ? status : more(asked);
      if (refused !== undefined) return { status: refused, body: { error: 'resync' } };
      return searchParams.get('page') === '2'
        ? { body: { token: 'new', items: [{ id: 3 }, { id: 4 }] } }
        : { body: { next: '2', items: [{ id: 1 }, { id: 2 }] } };
    };
  };
  const cursor = JSON.stringify({ token: 'old' });

  test('is void: the same read goes on with everything, says so, and leads to a new one', async () => {
    forget(410);
    const asked = api.asked.length;
    const result = await readToEnd(connection, tokens, { cursor });
    expect(result.pages.map(({ forgotten, rows }) => [forgotten, rows.length])).toEqual([
      [true, 0],
      [undefined, 2],
      [undefined, 2],
    ]);
    expect(api.asked.slice(asked).map(({ url }) => url.searchParams.get('token'))).toEqual(['old', 'all', 'all']);
    expect(result.notes).toEqual([expect.stringContaining('everything is read again')]);
    expect(JSON.parse(result.cursor ?? '')).toEqual({ token: 'new' });
  });

  test('may be told by another status, where the source says so', async () => {
    forget(400);
    await expect(readToEnd(connection, tokens, { cursor })).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    const incremental = { param: 'token', initial: 'all', expired: [400] };
    const told = { ...tokens, settings: { ...tokens.settings, incremental } };
    expect((await readToEnd(connection, told, { cursor })).rows).toHaveLength(4);
  });

  test('is asked without once: an API that is gone parks', async () => {
    forget(410, () => 410);
    const parked = { code: 'CONFIG_ERROR', disposition: 'park', message: expect.stringContaining('410') };
    await expect(readToEnd(connection, tokens, { cursor })).rejects.toMatchObject(parked);
    await expect(readToEnd(connection, tokens)).rejects.toMatchObject(parked);
  });

  test('in the midst of pages ends the read, and parks nothing', async () => {
    forget(410, ({ url }) => (url.searchParams.get('page') === '2' ? 410 : undefined));
    await expect(readToEnd(connection, tokens)).rejects.toMatchObject({ code: 'CONFLICT', disposition: 'park' });
  });
});
