import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection, Query } from '../../shared/connectors/connector.ts';
import { BodyWatch } from '../../shared/connectors/rest/bodyWatch.ts';
import { withoutSecrets } from '../../shared/errors.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';
import { readToEnd } from '../helpers/readToEnd.ts';
import { openRestSource, type RestApi, restQuery, startRestApi, valuesOf } from '../helpers/restApi.ts';

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

const readAs = (settings: JsonObject, changes: Partial<Query> = {}) =>
  readToEnd(connection, restQuery({ path: '/parts', ...settings }, changes));

const park = (code: string, message: string) => ({
  code,
  disposition: 'park',
  message: expect.stringContaining(message),
});

describe('an answer', () => {
  test.each<[string, JsonObject, string]>([
    ['JSON', { records: 'd.list' }, '{"d":{"list":[{"id":"1","q":2.50},{"id":"2","q":null}]}}'],
    ['NDJSON', { format: 'ndjson' }, '{"id":"1","q":2.50}\n{"id":"2","q":null}\n'],
  ])('of %s keeps numbers as they are written', async (_, settings, body) => {
    api.answer = () => ({ body });
    expect(valuesOf((await readAs(settings)).rows)).toEqual([
      { id: '1', q: new NumberLiteral('2.50') },
      { id: '2', q: null },
    ]);
  });

  test.each<[string, JsonObject, string]>([
    ['CSV', { format: 'csv', delimiter: ';', encoding: 'windows-1252' }, 'id;q\r\n1;2.50\r\n2;\r\n'],
    [
      'XML',
      { format: 'xml', element: 'a/part' },
      '<a><n/><part><id>1</id><q>2.50</q></part><part id="2"><q/></part></a>',
    ],
  ])('of %s is text', async (_, settings, body) => {
    api.answer = () => ({ body });
    expect(valuesOf((await readAs(settings)).rows)).toEqual([
      { id: '1', q: '2.50' },
      { id: '2', q: '' },
    ]);
  });

  test('has the rows that can be read and those that can not', async () => {
    api.answer = () => ({ body: '[{"id":1},7,{"id":2}]' });
    expect((await readAs({})).rows.map((row) => ('error' in row ? row.raw : row.values.id))).toEqual([1, '7', 2]);
    api.answer = () => ({ body: '{"id":1}\n{bad}\n{"id":2}\n' });
    expect((await readAs({ format: 'ndjson' })).rows.map((row) => 'error' in row)).toEqual([false, true, false]);
  });

  test.each<[string, JsonObject]>([
    ['json', {}],
    ['json', { records: 'a.b' }],
    ['ndjson', {}],
    ['csv', {}],
    ['xml', {}],
  ])('of %s may be 204 No Content', async (format, settings) => {
    api.answer = () => ({ status: 204 });
    expect((await readAs({ format, ...settings })).rows).toEqual([]);
  });

  test.each<[JsonObject, string]>([
    [{ records: 'd.items' }, '{"d":{"items":null},"errors":[]}'],
    [{}, '{"count":0,"records":null}'],
    [{}, 'null'],
  ])('of JSON may say null for no rows, as Go and .NET write an empty list: %j %s', async (settings, body) => {
    api.answer = () => ({ body });
    expect((await readAs(settings)).rows).toEqual([]);
  });

  test.each<[JsonObject, string]>([
    [{ records: 'd.items' }, '{"d":null}'],
    [{ records: 'd.items' }, '{"d":{}}'],
    [{ records: 'd.items' }, '{"d":{"items":null},"errors":[{"message":"no"}]}'],
    [{}, '{"records":null,"error":"no"}'],
  ])('of JSON may not: %j %s', async (settings, body) => {
    api.answer = () => ({ body });
    await expect(readAs(settings)).rejects.toMatchObject(park('DATA_ERROR', 'begins'));
  });

  test.each<[string, JsonObject, string]>([
    ['json', {}, '[{"id":1},{"id":2}]'],
    ['json', { records: 'items' }, '{"items":[{"id":1,"t":"a]}\\""}],"n":{"x":[1]}}'],
    ['xml', {}, '<parts><part><id>1</id></part><part><id>2</id></part></parts>'],
  ])('of %s %j that ends too early, anywhere, is one to be asked for again', async (format, settings, body) => {
    for (let end = 0; end < body.length; end += 1) {
      api.answer = () => ({ body: body.slice(0, end) });
      const read = readAs({ format, ...settings });
      await expect(read).rejects.toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    }
    api.answer = () => ({ body });
    await expect(readAs({ format, ...settings })).resolves.toBeDefined();
  });

  test('of NDJSON that ends within a row is one to be asked for again', async () => {
    api.answer = () => ({ body: '{"id":1}\n{"id":2' });
    await expect(readAs({ format: 'ndjson' })).rejects.toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    api.answer = () => ({ body: '{"id":1}\n{"id":2}' });
    expect((await readAs({ format: 'ndjson' })).rows).toHaveLength(2);
  });

  test.each(['json', 'csv'])('of %s whose connection breaks is one to be asked for again', async (format) => {
    const body = format === 'json' ? '[{"id":1},{"id":2}]' : 'id\n1\n2\n';
    api.answer = () => ({ headers: { 'content-length': String(body.length) }, body, breaksAfter: body.length - 2 });
    await expect(readAs({ format })).rejects.toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
  });

  test.each<[string, JsonObject, string, string]>([
    ['json', {}, '<!DOCTYPE html><title>Sign in</title>', 'Sign in'],
    ['csv', { format: 'csv' }, '<html>\n<body>Sign in</body></html>', 'Sign in'],
    ['csv', { format: 'csv' }, '{"error":"no such report"}', 'no such report'],
    ['xml', { format: 'xml' }, '{"error":"no such report"}', 'no such report'],
    ['xml', { format: 'xml' }, '<html><body>Sign in</body></html>', 'Sign in'],
    ['json', { records: 'items' }, '{"error":{"message":"quota"}}', 'quota'],
    ['json', {}, '{"error":"5\\" ["}', 'error'],
    ['json', {}, 'OK', 'OK'],
    ['json', {}, '[{"id":1},]', 'id'],
    ['json', {}, '[{"id":1}]]', 'id'],
  ])('that is no %s (%j) parks the source and is shown', async (_, settings, body, shown) => {
    api.answer = () => ({ body });
    await expect(readAs(settings)).rejects.toMatchObject(park('DATA_ERROR', shown));
  });

  test('is shown up to 200 characters, on one line, without secrets', async () => {
    const secret = JSON.stringify({ kind: 'bearer', token: 'sesame-open/"1"' });
    const source = await openRestSource(api, { secret });
    const token = JSON.stringify('sesame-open/"1"');
    const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2ln';
    api.answer = () => ({
      body: `{"you":${token},\r\n"sent":"Bearer abc.def","or":"${jwt}"${' '.repeat(40)},"x":"${'y'.repeat(500)}"}`,
    });
    const failure = await readToEnd(source, restQuery({ path: '/parts' })).catch((error: unknown) => String(error));
    expect(failure).toContain('***');
    expect(failure).not.toMatch(/sesame|abc\.def|eyJ|\r|\n|y{201}/);
    await source.close();
  });

  test('of JSON is one, though its header says that it is a page', async () => {
    api.answer = () => ({ headers: { 'content-type': 'text/html; charset=UTF-8' }, body: '[{"id":1}]' });
    expect((await readAs({})).rows).toHaveLength(1);
    for (const [settings, body] of [
      [{}, 'Please sign in'],
      [{ format: 'csv' }, 'Please sign in'],
      [{ format: 'xml' }, '<?xml version="1.0"?><p>Please sign in</p>'],
    ] as const) {
      api.answer = () => ({ headers: { 'content-type': 'text/html' }, body });
      await expect(readAs(settings)).rejects.toMatchObject(park('DATA_ERROR', 'a web page'));
    }
  });

  test('whose rows have fields without end does not have them all kept', async () => {
    const row = Object.fromEntries(Array.from({ length: 5_000 }, (_, id) => [`number ${id}`, id]));
    api.answer = () => ({ body: [{ id: 1, ...row }] });
    const { pages } = await readAs({});
    expect(pages[0]).not.toHaveProperty('columns');
    const findings = await connection.check([restQuery({ path: '/parts' })], new AbortController().signal);
    expect(JSON.stringify(findings).length).toBeLessThan(4_000);
  });

  test('is shown as it begins, however long and dense it is; a secret that is cut is not shown half', async () => {
    const token = `sesame-${'x'.repeat(900)}-open`;
    const source = await openRestSource(api, { secret: JSON.stringify({ kind: 'bearer', token }) });
    const told = (body: object) => {
      api.answer = () => ({ body });
      return readToEnd(source, restQuery({ path: '/parts', records: 'items' })).catch((error: unknown) =>
        String(error),
      );
    };
    const items = Array.from({ length: 500 }, (_, id) => ({ id }));
    expect(await told({ meta: { page: 1 }, data: { items } })).toContain('{\\"meta\\":{\\"page\\":1},\\"data\\"');
    expect(await told({ a: token, b: token, c: token, d: token, e: token })).not.toMatch(/sesame|xx/);
    await source.close();
  });

  test('that is wrong long before its end is not taken for one that is cut short, which passes by itself', async () => {
    const rows = JSON.stringify(Array.from({ length: 50_000 }, (_, id) => ({ id }))).slice(1);
    api.answer = () => ({ body: `[{"id":NaN},${rows}` });
    await expect(readAs({})).rejects.toMatchObject(park('DATA_ERROR', 'NaN'));
  });

  test.each([4_000, 7_500])(
    'is shown without a part of a token of %d characters, wherever that stands',
    async (length) => {
      const token = `sesame-${'x'.repeat(length)}`;
      const source = await openRestSource(api, { secret: JSON.stringify({ kind: 'bearer', token }) });
      for (const blanks of [0, 200, 4_000, 16_000, 30_000]) {
        api.answer = () => ({ body: `{"meta":1,${' '.repeat(blanks)}"you sent":"${token}","items":1}` });
        const failure = await readToEnd(source, restQuery({ path: '/parts', records: 'items' })).catch(String);
        expect(failure).toContain('begins: "{\\"meta\\":1,');
        expect(failure).not.toMatch(/sesame|xx/);
      }
      await source.close();
    },
  );

  test('is shown without a token that came in two pieces, of which the first one says that it is no answer', async () => {
    const pieces = (async function* () {
      for (const piece of ['Bad token: sesa', 'me-open', ' today']) yield Buffer.from(piece);
    })();
    const watch = new BodyWatch(pieces, 'json');
    expect(await watch.peek()).toBe('Bad token: sesa');
    await watch.leave();
    expect(watch.start((text) => withoutSecrets(text, ['sesame-open']))).toBe('"Bad token: *** today"');
  });

  test('is shown without the token that it was asked with, which is nowhere in the secret', async () => {
    const client = { token_url: `${api.url}/token`, client_id: 'hub', client_secret: 'cs' };
    const secret = JSON.stringify({ kind: 'oauth2_client_credentials', ...client });
    const source = await openRestSource(api, { secret });
    api.answer = ({ url, headers }) =>
      url.pathname === '/token'
        ? { body: { access_token: 'opaque-5f8e', token_type: 'Bearer' } }
        : { body: { sent: headers.authorization?.replace('Bearer ', ''), at: 'noon' } };
    const failure = await readToEnd(source, restQuery({ path: '/parts' })).catch((error: unknown) => String(error));
    expect(failure).toContain('noon');
    expect(failure).not.toContain('5f8e');
    await source.close();
  });

  test('of 50,000 rows is taken as one page, of more refused with what to do', async () => {
    const rows = (count: number) => Array.from({ length: count }, (_, id) => ({ id }));
    api.answer = () => ({ body: rows(50_000) });
    expect((await readAs({})).rows).toHaveLength(50_000);
    api.answer = () => ({ body: rows(50_001) });
    await expect(readAs({})).rejects.toMatchObject(park('CONFIG_ERROR', 'pagination'));
  });
});

describe('a field that is needed', () => {
  const many = (row: object) => Array.from({ length: 50 }, (_, id) => ({ id, ...row }));
  const needed = {
    needed: [
      ['name', 'title'],
      ['site.code', 'site'],
    ],
  };

  test('and is gone parks the source, which is told what there is', async () => {
    api.answer = () => ({ body: many({ site: { code: 1 } }) });
    await expect(readAs({}, needed)).rejects.toMatchObject(
      park('MAPPING_ERROR', 'No row has name or title; the rows have id, site.'),
    );
    api.answer = () => ({ body: many({ title: null, site: {} }) });
    await expect(readAs({}, needed)).resolves.toMatchObject({ pages: [{ columns: ['id', 'title', 'site'] }] });
  });

  test('may be missing in a few rows, and where the API leaves out what is empty', async () => {
    api.answer = () => ({ body: [{ id: 1 }] });
    expect((await readAs({}, needed)).rows).toHaveLength(1);
    api.answer = () => ({ body: many({}) });
    expect((await readAs({ sparse: true }, needed)).rows).toHaveLength(50);
  });

  test('may have a name that looks like a path', async () => {
    api.answer = () => ({ body: 'id,site.code\n1,2\n' });
    expect((await readAs({ format: 'csv' }, { needed: [['site.code']] })).rows).toHaveLength(1);
  });

  test('is told by the header of CSV', async () => {
    api.answer = () => ({ body: 'id,nam\n1,2\n' });
    await expect(readAs({ format: 'csv' }, { needed: [['name']] })).rejects.toMatchObject(
      park('MAPPING_ERROR', 'name'),
    );
  });

  test.each<[string, Partial<Query>]>([
    ['key', { keyColumns: ['number'] }],
    ['cursor', { cursor: { kind: 'timestamp', column: 'changed', overlapSeconds: 0, overlapIds: 0 } }],
  ])('must be there as the %s even in one row', async (_, changes) => {
    api.answer = () => ({ body: [{ id: 1 }] });
    await expect(readAs({}, changes)).rejects.toMatchObject(park('MAPPING_ERROR', 'the rows have id'));
  });
});

describe('an API in trouble', () => {
  test.each([
    [302, { location: 'http://169.254.169.254/latest/meta-data' }, { code: 'CONFIG_ERROR', disposition: 'park' }],
  ])('that answers %i %j', async (status, headers, error) => {
    api.answer = () => ({ status, headers });
    await expect(readAs({})).rejects.toMatchObject(error);
  });

  test('that asks for a pause with its answer gets it', async () => {
    api.answer = () => ({ headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '5' }, body: [] });
    expect((await readAs({})).pages[0]?.pauseMs).toBe(5_000);
  });

  test('whose next page is on another host is not followed there', async () => {
    api.answer = () => ({ body: { next: 'https://evil.example/parts', items: [{ id: 1 }] } });
    const paged = { records: 'items', pagination: { kind: 'next_url', from: 'next' } };
    await expect(readAs(paged)).rejects.toMatchObject(park('DATA_ERROR', 'leads to https://evil.example'));
  });

  test('which writes the key into its links does not get it into what is kept', async () => {
    const secret = JSON.stringify({ kind: 'api_key', query: 'api_key', value: 'sesame-open' });
    const source = await openRestSource(api, { secret });
    api.answer = ({ url }) => ({
      body: url.searchParams.has('from') ? { items: [] } : { next: '?from=2&API_Key=sesame-open', items: [{ id: 1 }] },
    });
    const query = restQuery({ path: '/parts', records: 'items', pagination: { kind: 'next_url', from: 'next' } });
    const { pages } = await readToEnd(source, query);
    expect(JSON.stringify(pages[0]?.next)).toContain('from=2');
    expect(JSON.stringify(pages)).not.toContain('sesame');
    expect(api.asked.at(-1)?.url.search).toBe('?from=2&api_key=sesame-open');
    await source.close();
  });
});

describe('a check', () => {
  const check = async (settings: JsonObject, changes: Partial<Query> = {}) => {
    const query = restQuery({ path: '/parts', ...settings }, changes);
    const findings = await connection.check([query], new AbortController().signal);
    return Object.fromEntries(findings.map(({ name, level, detail }) => [name, `${level}: ${detail}`]));
  };

  test('that takes too long tells what it found by then, and names the entity that it was at', async () => {
    const controller = new AbortController();
    api.answer = ({ url }) => {
      if (url.pathname === '/slow') controller.abort(new Error('enough'));
      return { body: [{ id: 1 }] };
    };
    const queries = [
      restQuery({ path: '/parts' }),
      restQuery({ path: '/slow' }, { entity: 'part_price' }),
      restQuery({ path: '/slow' }, { entity: 'customer' }),
    ];
    const findings = await connection.check(queries, controller.signal);
    expect(findings).toContainEqual(expect.objectContaining({ name: 'request', level: 'ok', entity: 'part' }));
    expect(findings.filter(({ level }) => level === 'error')).toEqual([
      { name: 'time', level: 'error', entity: 'part_price', detail: expect.stringMatching(/too long.*customer/) },
    ]);
  });

  test('asks for one row, and tells what it found', async () => {
    api.answer = () => ({
      headers: { 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '59' },
      body: { count: 12, next: 'n', items: [{ id: 1, changed: '2026-01-01T00:00:00Z' }] },
    });
    const found = await check(
      {
        records: 'items',
        total: { path: 'count' },
        pagination: { kind: 'cursor', from: 'next', param: 'after', size: 100, size_param: 'n' },
        incremental: { param: 'since' },
      },
      {
        needed: [['name']],
        cursor: { kind: 'timestamp', column: 'changed', overlapSeconds: 0, overlapIds: 0 },
      },
    );
    expect(api.asked.at(-1)?.url.search).toBe('?n=1');
    expect(found).toEqual({
      tls: expect.stringMatching(/^warning: Plain http/),
      request: 'ok: GET /parts answered 200 with one row.',
      fields: 'warning: Mapped, but not in the rows seen: name. Check their names. The rows have id, changed.',
      cursor: 'ok: changed can be read.',
      total: 'ok: The API says that there are 12 rows.',
      pagination: 'ok: The first page leads to another.',
      clock: "ok: The API's clock is ours.",
      'rate limit': 'ok: x-ratelimit-limit: 60; x-ratelimit-remaining: 59',
    });
  });

  test('finds instead of failing', async () => {
    api.answer = () => ({ status: 401 });
    expect((await check({})).request).toMatch(/^error: /);
    api.answer = () => ({
      headers: { date: new Date(Date.now() + 600_000).toUTCString() },
      body: [{ id: 1, changed: 'x' }],
    });
    const cursor = { kind: 'timestamp', column: 'changed', overlapSeconds: 0, overlapIds: 0 } as const;
    const found = await check(
      { incremental: { param: 'since' }, pagination: { kind: 'link_header' }, total: { path: 'n' } },
      { cursor },
    );
    expect(found.cursor).toMatch(/^error: changed can't be read as a time/);
    // Whole seconds, less the time that the answer was on its way.
    expect(found.clock).toMatch(/^warning: .* ([1-5]\d\d|600) s ahead/);
    expect(found.pagination).toMatch(/^warning/);
    expect(found.total).toMatch(/^warning/);
  });
});
