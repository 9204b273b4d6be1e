import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Connection } from '../../shared/connectors/connector.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { readToEnd } from '../helpers/readToEnd.ts';
import { type Asked, openRestSource, type RestApi, restQuery, startRestApi, valuesOf } from '../helpers/restApi.ts';

let api: RestApi;
let connection: Connection;
beforeAll(async () => {
  api = await startRestApi();
  connection = await openRestSource(api);
});
afterAll(async () => {
  await connection.close();
  await api.close();
});

interface Row {
  readonly id: number;
  readonly name: string;
}

const number = (asked: Asked, name: string, usual: number) => Number(asked.url.searchParams.get(name) ?? usual);

/** Each kind of pagination: what a source says, and how an API of that kind answers, which gives `cap` rows at most. */
const kinds: Readonly<
  Record<
    string,
    { pagination: JsonObject; settings?: JsonObject; answer(rows: readonly Row[], asked: Asked, cap: number): object }
  >
> = {
  page: {
    pagination: { kind: 'page', param: 'page', size_param: 'per', size: 5 },
    answer: (rows, asked, cap) => {
      const size = Math.min(number(asked, 'per', cap), cap);
      const start = (number(asked, 'page', 1) - 1) * size;
      return { body: { items: rows.slice(start, start + size) } };
    },
  },
  'page from 0': {
    pagination: { kind: 'page', param: 'p', first: 0, size: 5 },
    answer: (rows, asked, cap) => ({
      body: { items: rows.slice(number(asked, 'p', 0) * cap, (number(asked, 'p', 0) + 1) * cap) },
    }),
  },
  offset: {
    pagination: { kind: 'offset', param: 'skip', size_param: 'take', size: 5 },
    answer: (rows, asked, cap) => {
      const start = number(asked, 'skip', 0);
      return { body: { items: rows.slice(start, start + Math.min(number(asked, 'take', cap), cap)) } };
    },
  },
  'cursor in the body': {
    pagination: { kind: 'cursor', from: 'meta.next', param: 'after' },
    answer: (rows, asked, cap) => {
      const start = Number((asked.url.searchParams.get('after') ?? 'at&=#0').slice(5));
      const end = start + cap;
      return { body: { meta: { next: end < rows.length ? `at&=#${end}` : null }, items: rows.slice(start, end) } };
    },
  },
  'cursor in a header, in the body of a POST': {
    pagination: { kind: 'cursor', header: 'X-Next' },
    settings: { method: 'POST', body: { after: '{{next}}' } },
    answer: (rows, asked, cap) => {
      const start = Number(JSON.parse(asked.body).after ?? 0);
      const end = start + cap;
      return { headers: end < rows.length ? { 'x-next': String(end) } : {}, body: { items: rows.slice(start, end) } };
    },
  },
  'cursor of the last row, with a flag': {
    pagination: { kind: 'cursor', from_row: 'id', more: 'has_more', param: 'starting_after' },
    answer: (rows, asked, cap) => {
      const start = rows.findIndex(({ id }) => id === number(asked, 'starting_after', -1)) + 1;
      return { body: { has_more: start + cap < rows.length, items: rows.slice(start, start + cap) } };
    },
  },
  'cursor of the last row': {
    pagination: { kind: 'cursor', from_row: 'id', param: 'starting_after' },
    answer: (rows, asked, cap) => {
      const start = rows.findIndex(({ id }) => id === number(asked, 'starting_after', -1)) + 1;
      return { body: { items: rows.slice(start, start + cap) } };
    },
  },
  next_url: {
    pagination: { kind: 'next_url', from: 'links.next' },
    answer: (rows, asked, cap) => {
      const start = number(asked, 'from', 0);
      const end = start + cap;
      return { body: { links: end < rows.length ? { next: `?from=${end}` } : {}, items: rows.slice(start, end) } };
    },
  },
  link_header: {
    pagination: { kind: 'link_header' },
    answer: (rows, asked, cap) => {
      const start = number(asked, 'from', 0);
      const end = start + cap;
      const link = `<${api.url}/parts?from=0>; rel="first", <${api.url}/parts?from=${end}>; rel="next"`;
      return { headers: end < rows.length ? { link } : {}, body: { items: rows.slice(start, end) } };
    },
  },
};

const tables = fc.uniqueArray(fc.nat({ max: 10_000 }), { maxLength: 23 }).chain((ids) =>
  fc.record({
    rows: fc.constant(ids.map((id) => ({ id, name: `n${id % 3}` }))),
    cap: fc.integer({ min: 1, max: 8 }),
  }),
);

describe.each(Object.entries(kinds))('%s', (_, { pagination, settings, answer }) => {
  const query = restQuery({ path: '/parts', records: 'items', pagination, ...settings });

  test('gives each row once, whatever the size of a page, though the API may give fewer than asked for', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async ({ rows, cap }) => {
        api.answer = (asked) => answer(rows, asked, cap);
        const { rows: read } = await readToEnd(connection, query, { mode: 'all' });
        expect(valuesOf(read)).toEqual(rows);
      }),
      { numRuns: 40 },
    );
  });

  test('may ask for any page again', async () => {
    const rows = Array.from({ length: 12 }, (_row, id) => ({ id, name: 'x' }));
    api.answer = (asked) => answer(rows, asked, 4);
    const { signal } = new AbortController();
    const read = await connection.begin(query, 'all', undefined, signal);
    const first = await connection.pull(query, read, undefined, 5_000, signal);
    const second = await connection.pull(query, read, first.next, 5_000, signal);
    expect(await connection.pull(query, read, first.next, 5_000, signal)).toEqual(second);
    expect(valuesOf([...first.rows, ...second.rows])).toEqual(rows.slice(0, first.rows.length + second.rows.length));
  });
});

test('a read goes on only as it was begun: where its source is another one now, the next read begins anew', async () => {
  api.answer = () => ({ body: { next: '/more', items: [{ id: 1 }] } });
  const moved = await startRestApi();
  const { signal } = new AbortController();
  const query = restQuery({ path: '/parts', records: 'items', pagination: { kind: 'next_url', from: 'next' } });
  const read = await connection.begin(query, 'changes', undefined, signal);
  const { next } = await connection.pull(query, read, undefined, 5_000, signal);
  const others = [await openRestSource(moved), await openRestSource(api, { settings: { query: { site: '2' } } })];
  for (const other of others) {
    const page = other.pull(query, read, next, 5_000, signal);
    await expect(page).rejects.toMatchObject({ code: 'CONFLICT', disposition: 'park' });
    await other.close();
  }
  expect(moved.asked).toEqual([]);
  await moved.close();
});

describe('rows that move while they are read', () => {
  type Change = { readonly kind: 'insert' | 'delete' | 'update'; readonly at: number };
  const change: fc.Arbitrary<Change> = fc.record({
    kind: fc.constantFrom('insert', 'delete', 'update'),
    at: fc.nat({ max: 30 }),
  });

  /** Reads by offset while a change is made before each page; those rows that were there all the time must come. */
  async function lost(
    pagination: JsonObject,
    changes: readonly (readonly Change[])[],
    size: number,
  ): Promise<number[]> {
    const rows = Array.from({ length: 20 }, (_, id) => ({ id, name: 'x' }));
    const touched = new Set<number>();
    let fresh = 1_000;
    let turn = 0;
    const mutate = () => {
      for (const { kind, at } of changes[turn] ?? []) {
        if (kind === 'insert') {
          rows.splice(at % (rows.length + 1), 0, { id: fresh, name: 'new' });
          touched.add(fresh);
          fresh += 1;
        } else if (rows.length > 0) {
          const [row] = rows.splice(at % rows.length, 1);
          if (row === undefined) continue;
          touched.add(row.id);
          // In the order of modification a row that is changed moves to the end.
          if (kind === 'update') rows.push({ ...row, name: `changed ${turn}` });
        }
      }
      turn += 1;
    };
    api.answer = (asked) => kinds.offset?.answer(rows, asked, 50) ?? {};
    const query = restQuery({
      path: '/parts',
      records: 'items',
      pagination: { kind: 'offset', param: 'skip', size_param: 'take', size, ...pagination },
    });
    const result = await readToEnd(connection, query, { mode: 'all', beforePage: mutate });
    const read = new Set(valuesOf(result.rows).map(({ id }) => id));
    return rows.map(({ id }) => id).filter((id) => !touched.has(id) && !read.has(id));
  }

  const plans = fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 12 });

  test('are all read where the source pages by offset', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 2, max: 7 }), async (changes, size) => {
        expect(await lost({}, changes, size)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('would be lost without the row that each page repeats', async () => {
    const deletion = [[], [{ kind: 'delete', at: 0 }]] as const;
    expect(await lost({ recheck: false }, deletion, 5)).toEqual([5]);
    expect(await lost({}, deletion, 5)).toEqual([]);
  });

  test('are none where the API has the same row twice: what stands between is read', async () => {
    const items = ['a', 'b', 'c', 'x', 'b', 'y', 'y', 'z'].map((name) => ({ id: name.charCodeAt(0), name }));
    api.answer = (asked) => kinds.offset?.answer(items, asked, 50) ?? {};
    for (const size of [2, 3, 4, 5]) {
      const pagination = { kind: 'offset', param: 'skip', size_param: 'take', size };
      const query = restQuery({ path: '/parts', records: 'items', pagination });
      expect(valuesOf((await readToEnd(connection, query, { mode: 'all' })).rows)).toEqual(items);
    }
  });

  test('end the read where they move without end', async () => {
    let id = 0;
    api.answer = () => {
      id += 5;
      return { body: { items: [1, 2, 3, 4, 5].map((step) => ({ id: id + step })) } };
    };
    const pagination = { kind: 'offset', param: 'skip', size_param: 'take', size: 5 };
    const query = restQuery({ path: '/parts', records: 'items', pagination });
    await expect(readToEnd(connection, query, { mode: 'all' })).rejects.toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'retry',
      message: expect.stringContaining('keep moving'),
    });
  });
});

describe('pages that go in a circle', () => {
  const circular = { code: 'DATA_ERROR', disposition: 'park', message: expect.stringContaining('circle') };

  test.each([1, 2, 5, 9])('are found where %i links lead back to the first', async (length) => {
    let asked = 0;
    api.answer = (request) => {
      asked += 1;
      const page = number(request, 'page', 0);
      return { body: { next: `?page=${(page + 1) % length}`, items: [{ id: asked }] } };
    };
    const query = restQuery({ path: '/parts', records: 'items', pagination: { kind: 'next_url', from: 'next' } });
    await expect(readToEnd(connection, query)).rejects.toMatchObject(circular);
    expect(asked).toBeLessThanOrEqual(4 * length + 4);
  });

  test.each([
    ['page', { kind: 'page', param: 'page' }],
    ['offset', { kind: 'offset', param: 'skip' }],
    ['offset without looking back', { kind: 'offset', param: 'skip', recheck: false }],
    ['cursor', { kind: 'cursor', param: 'after', from: 'next' }],
  ])('are found where the API ignores which page is asked for: %s', async (_, pagination) => {
    let next = 0;
    api.answer = () => {
      next += 1;
      return { body: { next, items: [{ id: 1 }, { id: 2 }] } };
    };
    const query = restQuery({ path: '/parts', records: 'items', pagination });
    await expect(readToEnd(connection, query)).rejects.toMatchObject(circular);
  });

  test('are not seen in one page that comes twice: new rows may have pushed it on', async () => {
    const pages = [[1, 2], [1, 2], [3], []].map((ids) => ids.map((id) => ({ id })));
    api.answer = (asked) => ({ body: { items: pages[number(asked, 'page', 1) - 1] } });
    const query = restQuery({ path: '/parts', records: 'items', pagination: { kind: 'page', param: 'page' } });
    expect(valuesOf((await readToEnd(connection, query)).rows).map(({ id }) => id)).toEqual([1, 2, 1, 2, 3]);
  });

  test('are given up where page after page is empty', async () => {
    let next = 0;
    api.answer = () => {
      next += 1;
      return { body: { next, items: [] } };
    };
    const query = restQuery({
      path: '/parts',
      records: 'items',
      pagination: { kind: 'cursor', param: 'after', from: 'next' },
    });
    await expect(readToEnd(connection, query)).rejects.toMatchObject(circular);
    expect(next).toBeLessThan(200);
  });
});

describe('an API that answers 404 past its last page', () => {
  const rows = Array.from({ length: 10 }, (_, id) => ({ id, name: 'n' }));
  const pageOf = (asked: Asked, found: number) => {
    const start = found * number(asked, 'n', 5);
    const items = rows.slice(start, start + 5);
    return items.length === 0 ? { status: 404, body: { detail: 'Invalid page.' } } : { body: { items } };
  };

  test.each([
    ['page', 'page 3', (asked: Asked) => pageOf(asked, number(asked, 'at', 1) - 1)],
    ['offset', 'row 10', (asked: Asked) => pageOf(asked, number(asked, 'at', 0) / 5)],
  ])('is read by its links: who counts by %s is told so', async (kind, where, answer) => {
    api.answer = answer;
    const pagination = { kind, param: 'at', size: 5, ...(kind === 'offset' ? { recheck: false } : {}) };
    const query = restQuery({ path: '/parts', records: 'items', pagination });
    await expect(readToEnd(connection, query)).rejects.toMatchObject({
      code: 'CONFIG_ERROR',
      disposition: 'park',
      message: expect.stringMatching(new RegExp(`404.*${where}.*next_url.*ends_short`)),
    });
  });

  test('has no such page at all where that is the first one', async () => {
    api.answer = () => ({ status: 404 });
    const query = restQuery({ path: '/parts', pagination: { kind: 'page', param: 'at' } });
    await expect(readToEnd(connection, query)).rejects.toMatchObject({
      code: 'CONFIG_ERROR',
      message: expect.stringContaining('Check the path'),
    });
  });

  test('may mean by it that it has forgotten the read, where incremental.expired says so', async () => {
    api.answer = (asked) => pageOf(asked, number(asked, 'at', 1) - 1);
    const pagination = { kind: 'page', param: 'at', size: 5 };
    const incremental = { param: 'since', expired: [404] };
    const query = restQuery({ path: '/parts', records: 'items', pagination, incremental });
    await expect(readToEnd(connection, query)).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('a total', () => {
  const items = [{ id: 1 }, { id: 2 }, { id: 3 }];
  const settings = { path: '/parts', records: 'items', pagination: { kind: 'page', param: 'page', size: 2 } };
  const serve = (told: (asked: Asked) => object) => {
    api.answer = (asked) => {
      const page = number(asked, 'page', 1);
      return { body: { ...told(asked), items: items.slice((page - 1) * 2, page * 2) } };
    };
  };

  test('that is reached is told with the pages', async () => {
    serve(() => ({ count: 3 }));
    const result = await readToEnd(connection, restQuery({ ...settings, total: { path: 'count' } }), { mode: 'all' });
    expect(result.pages.map(({ total }) => total)).toEqual([3, 3, 3]);
  });

  test.each(['all', 'keys', 'changes'] as const)(
    'that is not reached is told with the last page of a read of everything, for the poll to judge (%s)',
    async (mode) => {
      // Behind the last row it says 0, as some do.
      serve((asked) => ({ count: number(asked, 'page', 1) > 2 ? 0 : 4 }));
      const query = restQuery({ ...settings, total: { path: 'count' } });
      const { pages, rows } = await readToEnd(connection, query, { mode });
      expect([pages.at(-1)?.total, rows.length]).toEqual([4, 3]);
    },
  );

  test('of a part of the rows may count all: it is a note, and not told', async () => {
    serve(() => ({ count: 4 }));
    const query = restQuery(
      { ...settings, total: { path: 'count' }, incremental: { param: 'since' } },
      { cursor: { kind: 'timestamp', column: undefined, overlapSeconds: 0, overlapIds: 0 } },
    );
    const cursor = JSON.stringify({ at: '2026-01-01T00:00:00Z' });
    const { pages, notes } = await readToEnd(connection, query, { cursor });
    expect(pages.map(({ total }) => total)).toEqual([undefined, undefined, undefined]);
    expect(notes.join()).toContain('4 rows, and gave 3');
  });

  test('in a header counts as well', async () => {
    api.answer = () => ({ headers: { 'x-total-count': '9' }, body: items });
    const query = restQuery({ path: '/parts', total: { header: 'X-Total-Count' } });
    expect((await readToEnd(connection, query, { mode: 'all' })).pages.map(({ total }) => total)).toEqual([9]);
  });
});
