// contract.md, the row of `POST …/batches`, and what "Decisions that clients can see" says of it, over HTTP.
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Call, type Hub, type Reply, startHub } from '../helpers/hub.ts';

let hub: Hub;
let key: string;

beforeAll(async () => {
  hub = await startHub();
  key = await hub.dealer('acme');
});
afterAll(() => hub.end());

type Sent = Omit<Call, 'headers'> & { readonly headers?: Readonly<Record<string, string>>; readonly to?: string };

function push(body: unknown, { to = 'dealers/acme/part_stock/batches', ...call }: Sent = {}): Promise<Reply> {
  return hub.call('POST', to, { key, body, ...call });
}

const as = (type: string, more: Readonly<Record<string, string>> = {}) => ({
  headers: { 'content-type': type, ...more },
});
const stock = (part: string, on_hand = 1) => ({ part_number: part, on_hand });

async function held(entity: string, id: string): Promise<Reply['body']> {
  return (await hub.call('GET', `dealers/acme/${entity}/records/${encodeURIComponent(id)}`, { key })).body;
}

function expectProblem(reply: Reply, status: number, code: string): void {
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  expect(reply.body).toMatchObject({ type: expect.any(String), title: expect.any(String), status, code });
  expect(reply.body).toMatchObject({ detail: expect.any(String), instance: expect.stringMatching(/^\/api\/v1\//) });
  expect(reply.status).toBe(status);
}

async function runIds(): Promise<string[]> {
  const { body } = await hub.call('GET', 'dealers/acme/runs?limit=1000', { key });
  return body.items.map(({ run_id }: { run_id: string }) => run_id);
}

/** A request that must be refused as a whole: no run comes of it. */
async function expectRefused(call: () => Promise<Reply>, status: number, code: string): Promise<Reply> {
  const before = await runIds();
  const reply = await call();
  expectProblem(reply, status, code);
  expect(await runIds()).toEqual(before);
  return reply;
}

describe('202', () => {
  test('says what became of the rows, where the run is and when to look', async () => {
    const reply = await push([stock('A'), { on_hand: 1 }, { ...stock('B'), on_hand: 'many' }]);
    expect(reply.status).toBe(202);
    expect(reply.body).toEqual({
      run_id: expect.stringMatching(/^acme\.[A-Za-z0-9._-]+$/),
      status: 'running',
      received: 3,
      accepted: 1,
      rejected: 2,
      errors: [
        { index: 1, row: 2, field: 'part_number', code: 'DATA_ERROR', detail: expect.any(String) },
        { index: 2, row: 3, field: 'on_hand', code: 'DATA_ERROR', detail: expect.any(String) },
      ],
    });
    expect(reply.headers.get('location')).toBe(`/api/v1/runs/${reply.body.run_id}`);
    expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(reply.headers.get('ratelimit')).toMatch(/^"push";r=\d+;t=\d+$/);
    expect(reply.headers.get('ratelimit-policy')).toMatch(/^"push";q=\d+;w=60$/);
    expect(await hub.closed(reply.body.run_id)).toMatchObject({ status: 'partial', receipt: { balanced: true } });
  });

  test('shows a hundred errors and counts all of them', async () => {
    const bad = Array.from({ length: 250 }, () => ({ on_hand: 1 }));
    const { status, body } = await push([stock('A'), ...bad]);
    expect([status, body.rejected, body.errors.length]).toEqual([202, 250, 100]);
  });

  const rows = [stock('same', 7), stock('other', 8)];
  const csv = 'part_number,on_hand\r\nsame,7\r\nother,8\r\n';
  const bodies: [string, unknown, string][] = [
    ['a JSON array', rows, 'application/json'],
    ['an object with records', { records: rows }, 'application/json; charset=utf-8'],
    ['NDJSON', rows.map((row) => JSON.stringify(row)).join('\n'), 'application/x-ndjson'],
    ['CSV', csv, 'text/csv'],
    ['CSV that a BOM begins', `\uFEFF${csv}`, 'TEXT/CSV; header=present'],
    [
      'XML',
      '<rows><row><part_number>same</part_number><on_hand>7</on_hand></row><r part_number="other" on_hand="8"/></rows>',
      'application/xml',
    ],
  ];
  test.each(bodies)('takes %s, plain and packed, as the same rows', async (_, body, type) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const plain = await push(text, as(type));
    expect(plain).toMatchObject({ status: 202, body: { received: 2, accepted: 2 } });
    await hub.closed(plain.body.run_id);
    expect(await held('part_stock', 'other::')).toMatchObject({
      data: { part_number: 'other', branch_code: '', bin: '', on_hand: 8 },
    });
    const packed = await push(gzipSync(text), as(type, { 'content-encoding': 'gzip' }));
    expect(packed).toMatchObject({ status: 202, body: { received: 2, accepted: 2 } });
    expect(await hub.closed(packed.body.run_id)).toMatchObject({
      errors: [],
      receipt: { skipped: { unchanged: 2 }, applied: { updated: 0 }, balanced: true },
    });
  });

  test('answers an empty array, with a run that succeeds', async () => {
    const { status, body } = await push([]);
    expect([status, body.received, body.errors]).toEqual([202, 0, []]);
    expect(await hub.closed(body.run_id)).toMatchObject({ status: 'succeeded', errors: [] });
  });

  test('takes the good lines of NDJSON and CSV where others are broken', async () => {
    const ndjson = `${JSON.stringify(stock('N1'))}\n{"part_number":\n${JSON.stringify(stock('N2'))}\n`;
    expect((await push(ndjson, as('application/x-ndjson'))).body).toMatchObject({
      received: 3,
      rejected: 1,
      errors: [{ index: 1, row: 2, code: 'DATA_ERROR' }],
    });
    expect((await push('part_number,on_hand\nC1,1\nC2\nC3,3\n', as('text/csv'))).body).toMatchObject({
      received: 3,
      rejected: 1,
      errors: [{ index: 1, row: 3, code: 'DATA_ERROR' }],
    });
  });

  test('50,000 rows are taken', async () => {
    const csv = `part_number\n${Array.from({ length: 50_000 }, (_, n) => `many-${n % 10}`).join('\n')}\n`;
    const { status, body } = await push(csv, as('text/csv'));
    expect([status, body.received]).toEqual([202, 50_000]);
    expect(await hub.closed(body.run_id)).toMatchObject({
      status: 'succeeded',
      errors: [],
      receipt: { upserts: 10, repeated: 49_990 },
    });
  });
});

describe('values', () => {
  test('a number for a decimal-as-text field keeps its literal text', async () => {
    const json =
      '[{"part_number":"P","price_type":"list","effective_from":"2026-01-01","amount":10.50},' +
      '{"part_number":"P","price_type":"big","effective_from":"2026-01-01","amount":123456789012345678901.10}]';
    const to = 'dealers/acme/part_price/batches';
    const reply = await push(json, { to, ...as('application/json') });
    await hub.closed(reply.body.run_id);
    expect((await held('part_price', 'P:list:2026-01-01')).data.amount).toBe('10.50');
    expect((await held('part_price', 'P:big:2026-01-01')).data.amount).toBe('123456789012345678901.10');
  });

  test('text becomes what the schema asks for where that loses nothing; else the row is rejected', async () => {
    const csv = [
      'supplier_id,preferred,active,name,extensions',
      's1,true,0,"Said ""so"", twice",',
      's2,maybe,,x,',
      's3,,1,y,"{""tier"":1}"',
    ].join('\n');
    const suppliers = await push(csv, { to: 'dealers/acme/supplier/batches', ...as('text/csv') });
    expect(suppliers.body).toMatchObject({ accepted: 2, errors: [{ row: 3, field: 'preferred' }] });
    await hub.closed(suppliers.body.run_id);
    expect((await held('supplier', 's1')).data).toEqual({
      supplier_id: 's1',
      preferred: true,
      active: false,
      name: 'Said "so", twice',
    });
    expect((await held('supplier', 's3')).data).toMatchObject({ active: true, extensions: { tier: 1 } });

    const invoices = [
      'number,invoiced_at,due_date,total,currency',
      '1,2026-01-31T12:00:00.500+02:00,2026-02-28,10.50,USD',
      '2,2026-01-31,2026-02-28,0010.5,USD',
      '3,yesterday,2026-02-28,1,USD',
      '4,2026-01-31,2026-02-30,1,USD',
      '5,2026-01-31,2026-02-28,"1,5",USD',
      '6,2026-01-31,2026-02-28,1,dollars',
    ].join('\n');
    const reply = await push(invoices, { to: 'dealers/acme/invoice/batches', ...as('text/csv') });
    const fields = reply.body.errors.map(({ row, field }: { row: number; field: string }) => [row, field]);
    expect(fields).toEqual([
      [4, 'invoiced_at'],
      [5, 'due_date'],
      [6, 'total'],
      [7, 'currency'],
    ]);
    await hub.closed(reply.body.run_id);
    expect((await held('invoice', '1:')).data).toMatchObject({ invoiced_at: '2026-01-31T10:00:00.5Z', total: '10.50' });
    expect((await held('invoice', '2:')).data).toMatchObject({ invoiced_at: '2026-01-31T00:00:00Z', total: '10.5' });
  });

  test('an unknown field rejects its row: a typo must not vanish', async () => {
    const { body } = await push([stock('A'), { ...stock('B'), on_hnad: 3 }]);
    expect(body).toMatchObject({ accepted: 1, errors: [{ index: 1, field: 'on_hnad', code: 'DATA_ERROR' }] });
  });
});

describe('_op', () => {
  test('delete leaves a tombstone that only include_deleted shows, in every format', async () => {
    const parts = ['gone-json', 'gone-csv', 'gone-xml'];
    const first = await push(parts.map((part) => stock(part)));
    await hub.closed(first.body.run_id);
    const deletes = [
      await push([{ _op: 'delete', part_number: 'gone-json' }]),
      await push('_op,part_number\ndelete,gone-csv\n', as('text/csv')),
      await push('<a><b _op="delete"><part_number>gone-xml</part_number></b></a>', as('application/xml')),
    ];
    for (const { status, body } of deletes) {
      expect(status).toBe(202);
      expect(await hub.closed(body.run_id)).toMatchObject({
        status: 'succeeded',
        errors: [],
        receipt: { read: 1, upserts: 0, deletes: 1, applied: { deleted: 1 }, balanced: true },
      });
    }
    for (const part of parts) {
      const path = `dealers/acme/part_stock/records/${part}::`;
      expectProblem(await hub.call('GET', path, { key }), 404, 'DATA_ERROR');
      const { body } = await hub.call('GET', `${path}?include_deleted=true`, { key });
      expect(body).toMatchObject({ id: `${part}::`, deleted_at: expect.any(String), content_hash: null });
      expect(body).not.toHaveProperty('data');
    }
    const listed = await hub.records('acme', 'part_stock');
    expect(parts.filter((part) => listed.has(`${part}::`))).toEqual([]);
    const all = await hub.records('acme', 'part_stock', '&include_deleted=true');
    expect(parts.filter((part) => all.has(`${part}::`))).toEqual(parts);
  });

  test('of a key that comes twice in a batch, the later row stands', async () => {
    const gone = (part_number: string) => ({ part_number, _op: 'delete' });
    const { body } = await push([stock('order-1'), gone('order-1'), gone('order-2'), stock('order-2', 5)]);
    expect(await hub.closed(body.run_id)).toMatchObject({
      status: 'succeeded',
      errors: [],
      receipt: { read: 4, repeated: 2, upserts: 1, deletes: 1, applied: { inserted: 1, deleted: 1 }, balanced: true },
    });
    expect((await held('part_stock', 'order-1::')).status).toBe(404);
    expect((await held('part_stock', 'order-2::')).data.on_hand).toBe(5);
  });

  test('what was deleted comes back when it is pushed again', async () => {
    const part = 'back-again';
    for (const rows of [[stock(part, 1)], [{ part_number: part, _op: 'delete' }], [stock(part, 2)]]) {
      await hub.closed((await push(rows)).body.run_id);
    }
    expect(await held('part_stock', `${part}::`)).toMatchObject({ data: { on_hand: 2 }, deleted_at: null });
  });

  test('anything else is a rejected row', async () => {
    const { body } = await push([stock('A'), { ...stock('B'), _op: 'remove' }]);
    expect(body).toMatchObject({ accepted: 1, errors: [{ index: 1, field: '_op' }] });
  });
});

describe('400, and nothing applied', () => {
  const gzip = { 'content-encoding': 'gzip' };
  const cut = gzipSync(randomBytes(2_000)).subarray(0, 1_000);
  const broken: [string, string | Uint8Array, ReturnType<typeof as>][] = [
    ['broken JSON', '[{"part_number":"X"},', as('application/json')],
    ['JSON that is no rows', '{"rows":[]}', as('application/json')],
    ['an empty body', '', as('application/json')],
    ['JSON that is not UTF-8', Buffer.from('[{"part_number":"\xff"}]', 'latin1'), as('application/json')],
    ['broken XML', '<a><b><part_number>X</part_number></b>', as('application/xml')],
    ['XML with a DOCTYPE', '<!DOCTYPE a><a/>', as('application/xml')],
    ['CSV without a header', '', as('text/csv')],
    ['CSV with a column twice', 'part_number,part_number\nX,X\n', as('text/csv')],
    ['gzip that ends too early', cut, as('application/json', gzip)],
    ['gzip that is none', 'plain', as('application/json', gzip)],
  ];
  test.each(broken)('%s', async (_, body, call) => {
    await expectRefused(() => push(body, call), 400, 'DATA_ERROR');
  });

  test('a query parameter that is unknown, double or malformed', async () => {
    const to = 'dealers/acme/part_stock/batches';
    for (const query of ['?sauce=dms', '?source=a&source=b', '?source=Not%20a%20name']) {
      await expectRefused(() => push([stock('A')], { to: to + query }), 400, 'DATA_ERROR');
    }
  });

  test('an Idempotency-Key that can be none', async () => {
    for (const bad of ['""', 'x'.repeat(256), 'caf\u00e9']) {
      const headers = { 'idempotency-key': bad };
      await expectRefused(() => push([stock('A')], { headers }), 400, 'DATA_ERROR');
    }
  });

  test('two sources for the entity, unless the request says which; the answer lists them', async () => {
    const twoKey = await hub.dealer('two-sources');
    const source = (name: string) => ({ connector: 'push', entities: { part: { mapping: { part_number: name } } } });
    for (const name of ['erp', 'dms']) {
      const body = source(name);
      expect((await hub.call('PUT', `admin/dealers/two-sources/sources/${name}`, { body })).status).toBe(201);
    }
    const to = 'dealers/two-sources/part/batches';
    const both = await push([{ dms: 'A' }], { to, key: twoKey });
    expectProblem(both, 400, 'CONFIG_ERROR');
    expect(both.body.detail).toMatch(/dms.*erp/);
    expectProblem(await push([{ dms: 'A' }], { to: `${to}?source=none`, key: twoKey }), 400, 'CONFIG_ERROR');
    const named = await push([{ dms: 'A' }], { to: `${to}?source=dms`, key: twoKey });
    expect(named.status).toBe(202);
    expect(await hub.closed(named.body.run_id)).toMatchObject({ source_id: 'dms', status: 'succeeded', errors: [] });
  });
});

describe('who may push', () => {
  test('401 without a key, with an unknown one, and with one whose secret is wrong', async () => {
    const wrong = `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`;
    for (const bad of ['', 'adp_nobody', `adp_${'A'.repeat(12)}_${'b'.repeat(43)}`, wrong]) {
      const reply = await push([stock('A')], { key: bad });
      expectProblem(reply, 401, 'AUTH_FAILED');
      expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });

  test('a key may come as a bearer token', async () => {
    expect((await push([], { key: '', headers: { authorization: `Bearer ${key}` } })).status).toBe(202);
  });

  test('403 without the scope, for a dealer that does not exist, and alike for both', async () => {
    await hub.dealer('other');
    const readOnly = await hub.call('POST', 'admin/keys', { body: { name: 'reader', scopes: ['read:acme'] } });
    expectProblem(await push([stock('A')], { key: readOnly.body.key }), 403, 'AUTH_FAILED');
    const elsewhere = await push([stock('A')], { to: 'dealers/other/part_stock/batches' });
    const nowhere = await push([stock('A')], { to: 'dealers/nobody/part_stock/batches' });
    expectProblem(elsewhere, 403, 'AUTH_FAILED');
    const shown = ({ body }: Reply) => ({ ...body, instance: '', request_id: '' });
    expect(shown(nowhere)).toEqual(shown(elsewhere));
  });

  test('403 for a disabled dealer', async () => {
    const disabled = await hub.dealer('closed-down');
    const to = 'dealers/closed-down/part_stock/batches';
    expect((await push([], { to, key: disabled })).status).toBe(202);
    await hub.call('PUT', 'admin/dealers/closed-down', { body: { name: 'Closed', enabled: false } });
    expectProblem(await push([], { to, key: disabled }), 403, 'AUTH_FAILED');
  });
});

describe('other refusals', () => {
  test('404 for an entity that does not exist', async () => {
    expectProblem(await push([], { to: 'dealers/acme/tractors/batches' }), 404, 'DATA_ERROR');
  });

  test('405 for another method, with those that are there', async () => {
    const reply = await hub.call('GET', 'dealers/acme/part_stock/batches', { key });
    expectProblem(reply, 405, 'DATA_ERROR');
    expect(reply.headers.get('allow')).toBe('POST');
  });

  test('413 for more than 32 MiB, raw or unpacked, and for more than 50,000 rows', async () => {
    const raw = Buffer.alloc(32 * 1024 * 1024 + 1, ' ');
    await expectRefused(() => push(raw, as('application/json')), 413, 'DATA_ERROR');
    const bomb = gzipSync(raw);
    expect(bomb.length).toBeLessThan(100_000);
    await expectRefused(() => push(bomb, as('application/json', { 'content-encoding': 'gzip' })), 413, 'DATA_ERROR');
    const rows = `part_number\n${'x\n'.repeat(50_001)}`;
    await expectRefused(() => push(rows, as('text/csv')), 413, 'DATA_ERROR');
  });

  test('415 for a type or an encoding that is not read', async () => {
    for (const type of ['application/pdf', 'text/plain', 'nonsense']) {
      const reply = await expectRefused(() => push('x', as(type)), 415, 'DATA_ERROR');
      expect(reply.headers.get('accept')).toContain('text/csv');
    }
    await expectRefused(() => push('[]', as('application/json', { 'content-encoding': 'br' })), 415, 'DATA_ERROR');
    await expectRefused(() => push('part_number\nx\n', as('text/csv; charset=ebcdic')), 415, 'DATA_ERROR');
  });

  test('in the charset that its type names', async () => {
    const body = Buffer.from('part_number,bin\nCHARSET-1,Größe\n', 'latin1');
    const reply = await push(body, as('text/csv; charset="Windows-1252"'));
    expect(reply).toMatchObject({ status: 202, body: { accepted: 1 } });
    await hub.closed(reply.body.run_id);
    const records = await hub.records('acme', 'part_stock', '&part_number=CHARSET-1');
    expect([...records.values()].map(({ data }) => data.bin)).toEqual(['Größe']);
  });

  test("422 where no row is valid: a problem document with the 202's members, and a run", async () => {
    const reply = await push([{ on_hand: 1 }, 'no object']);
    expectProblem(reply, 422, 'DATA_ERROR');
    expect(reply.body).toMatchObject({ received: 2, accepted: 0, rejected: 2, errors: [{ index: 0 }, { index: 1 }] });
    const run = await hub.closed(reply.body.run_id);
    expect(run).toMatchObject({ status: 'partial', receipt: { read: 2, rejected: 2, upserts: 0, balanced: true } });
  });
});

describe('Idempotency-Key', () => {
  const under = (name: string) => ({ headers: { 'idempotency-key': name } });

  test('answers the first answer again, quoted or not, and applies nothing twice', async () => {
    const body = [stock('idem'), { on_hand: 'x' }];
    const first = await push(body, under('batch 1'));
    expect(first.status).toBe(202);
    const runs = await runIds();
    for (const name of ['batch 1', '"batch 1"']) {
      const again = await push(body, under(name));
      expect([again.status, again.body]).toEqual([first.status, first.body]);
      for (const header of ['location', 'retry-after', 'content-type']) {
        expect(again.headers.get(header)).toBe(first.headers.get(header));
      }
    }
    expect(await runIds()).toEqual(runs);
  });

  test('a refusal of all rows is remembered too', async () => {
    const first = await push([{}], under('all bad'));
    const again = await push([{}], under('all bad'));
    expect([again.status, again.body]).toEqual([422, first.body]);
    expect(again.headers.get('content-type')).toBe('application/problem+json');
  });

  test('with another body is 422', async () => {
    expect((await push([stock('one')], under('taken'))).status).toBe(202);
    await expectRefused(() => push([stock('two')], under('taken')), 422, 'CONFLICT');
  });

  test('is scoped to dealer, entity and source', async () => {
    const another = await hub.dealer('another');
    const part = [{ part_number: 'scoped' }];
    const calls: Sent[] = [
      {},
      { to: 'dealers/acme/part/batches' },
      { to: 'dealers/another/part/batches', key: another },
    ];
    const source = { connector: 'push', entities: { part: { mapping: { part_number: 'part_number' } } } };
    const runs = new Set<string>();
    for (const call of calls) runs.add((await push(part, { ...call, ...under('scoped') })).body.run_id);
    expect((await hub.call('PUT', 'admin/dealers/another/sources/dms', { body: source })).status).toBe(201);
    const to = 'dealers/another/part/batches?source=dms';
    runs.add((await push(part, { to, key: another, ...under('scoped') })).body.run_id);
    expect(runs.size).toBe(4);
    expect(runs).not.toContain(undefined);
  });

  test('of many at once, one does the work; the others get 409 with Retry-After, or its answer', async () => {
    const body = Array.from({ length: 5_000 }, (_, n) => stock(`at-once-${n}`));
    const before = (await runIds()).length;
    const replies = await Promise.all(Array.from({ length: 6 }, () => push(body, under('at once'))));
    const done = replies.filter(({ status }) => status === 202);
    const waiting = replies.filter(({ status }) => status === 409);
    expect(done.length + waiting.length).toBe(6);
    expect(new Set(done.map((reply) => reply.body.run_id)).size).toBe(1);
    for (const reply of waiting) {
      expectProblem(reply, 409, 'CONFLICT');
      expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    expect(await runIds()).toHaveLength(before + 1);
    expect((await push(body, under('at once'))).body).toEqual(done[0]?.body);
    expect(await hub.closed(done[0]?.body.run_id)).toMatchObject({
      status: 'succeeded',
      errors: [],
      receipt: { upserts: 5_000 },
    });
  });
});
