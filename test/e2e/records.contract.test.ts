// contract.md: what we hold and what happened, over HTTP.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';

let hub: Hub;
let key: string;

beforeAll(async () => {
  hub = await startHub();
  key = await hub.dealer('acme');
});
afterAll(() => hub.end());

const get = (path: string) => hub.call('GET', path, { key });

async function pushed(entity: string, body: unknown): Promise<Reply['body']> {
  const reply = await hub.call('POST', `dealers/acme/${entity}/batches`, { key, body });
  expect(reply.status).toBe(202);
  return await hub.closed(reply.body.run_id);
}

const idsOf = ({ body }: Reply): string[] => body.items.map(({ id }: { id: string }) => id);

/** Follows a list to its end, by the member or by the link; answers its pages. */
async function pagesOf(path: string, next: 'continuation' | 'link'): Promise<Reply['body'][][]> {
  const pages: Reply['body'][][] = [];
  let at: string | undefined = path;
  while (at !== undefined) {
    const reply: Reply = await get(at);
    expect(reply.status).toBe(200);
    pages.push(reply.body.items);
    const { continuation } = reply.body;
    const link = /^<\/api\/v1\/(.*)>; rel="next"$/.exec(reply.headers.get('link') ?? '')?.[1];
    expect(link === undefined).toBe(continuation === undefined);
    if (next === 'link') at = link;
    else at = continuation === undefined ? undefined : `${path}&continuation=${encodeURIComponent(continuation)}`;
  }
  return pages;
}

describe('records', () => {
  test('are documents as in the contract; an upsert replaces the whole record', async () => {
    const first = await pushed('part_stock', [{ part_number: 'AR-5381', branch_code: '1', on_hand: 3, min: 1 }]);
    const id = 'AR-5381:1:';
    const before = (await get(`dealers/acme/part_stock/records/${id}`)).body;
    expect(before).toEqual({
      id,
      dealer_id: 'acme',
      entity: 'part_stock',
      data: { part_number: 'AR-5381', branch_code: '1', bin: '', on_hand: 3, min: 1 },
      source_id: null,
      source_updated_at: expect.stringMatching(/Z$/),
      version: expect.any(String),
      content_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      ingested_at: expect.stringMatching(/Z$/),
      run_id: first.run_id,
      first_run_id: first.run_id,
      schema_version: 1,
      deleted_at: null,
    });
    const second = await pushed('part_stock', [{ part_number: 'AR-5381', branch_code: '1', on_hand: 4 }]);
    const after = (await get(`dealers/acme/part_stock/records/${id}`)).body;
    expect(after.data).toEqual({ part_number: 'AR-5381', branch_code: '1', bin: '', on_hand: 4 });
    expect([after.first_run_id, after.run_id]).toEqual([first.run_id, second.run_id]);
    expect(after.version > before.version).toBe(true);
  });

  test('have ids that a URL carries, whatever the key holds', async () => {
    const parts = ['a/b', 'a b', 'ü:?#%', '=2F', '..', '.', '\u{1F69C}'];
    const run = await pushed(
      'part',
      parts.map((part_number) => ({ part_number, manufacturer_code: 'M/1' })),
    );
    expect(run.receipt.applied.inserted).toBe(parts.length);
    const held = await hub.records('acme', 'part');
    expect([...held.values()].map(({ data }) => data.part_number).sort()).toEqual([...parts].sort());
    for (const [id, { data }] of held) {
      expect(id).toMatch(/^[A-Za-z0-9._:=-]+$/);
      expect((await get(`dealers/acme/part/records/${encodeURIComponent(id)}`)).body.data).toEqual(data);
    }
  });

  test('of a key that is a dot or two are written, replaced and deleted like any other', async () => {
    const dots = ['.', '..', '...'].map((number) => ({ number }));
    await pushed('invoice', dots);
    await pushed('customer', [{ customer_id: '.' }, { customer_id: '..' }]);
    const named = await pushed('customer', [
      { customer_id: '.', name: 'dot' },
      { customer_id: '..', _op: 'delete' },
    ]);
    expect(named.receipt.applied).toEqual({ inserted: 0, updated: 1, deleted: 1 });
    expect((await get('dealers/acme/customer/records/=2E')).body.data).toEqual({ customer_id: '.', name: 'dot' });
    expect((await get('dealers/acme/customer/records/=2E=2E')).status).toBe(404);
    expect((await get('dealers/acme/invoice/records/..:')).body.data).toEqual({ number: '..', branch_code: '' });
  });

  test('of keys that differ in case or by a space are different records', async () => {
    await pushed(
      'customer',
      ['x', 'X', ' x'].map((customer_id) => ({ customer_id })),
    );
    expect([...(await hub.records('acme', 'customer')).keys()]).toEqual(expect.arrayContaining(['x', 'X', '=20x']));
  });

  test('that are unknown are 404', async () => {
    for (const id of ['nothing', 'nothing::', '%00', 'a%2Fb', 'x'.repeat(2_000)]) {
      const reply = await get(`dealers/acme/part/records/${id}`);
      expect([id, reply.status, reply.body.code]).toEqual([id, 404, 'DATA_ERROR']);
    }
  });

  test('are filtered by key fields, alone and together, and by nothing else', async () => {
    const rows = ['1', '2'].flatMap((branch_code) => ['p', 'q'].map((part_number) => ({ part_number, branch_code })));
    await pushed('part_stock', rows);
    expect(idsOf(await get('dealers/acme/part_stock/records?part_number=p')).sort()).toEqual(['p:1:', 'p:2:']);
    expect(idsOf(await get('dealers/acme/part_stock/records?part_number=p&branch_code=2'))).toEqual(['p:2:']);
    expect(idsOf(await get('dealers/acme/part_stock/records?part_number=P'))).toEqual([]);
    for (const query of ['on_hand=1', 'customer_id=1', 'part_number=p&part_number=q', '__proto__=1']) {
      expect([query, (await get(`dealers/acme/part_stock/records?${query}`)).status]).toEqual([query, 400]);
    }
  });

  test('since a time are those that were written at it or later, deletes too if they are asked for', async () => {
    await pushed('unit', [{ unit_id: 'early' }, { unit_id: 'gone' }]);
    await pushed('unit', [{ unit_id: 'late' }]);
    await pushed('unit', [{ unit_id: 'gone', _op: 'delete' }]);
    const late = (await get('dealers/acme/unit/records/late')).body.ingested_at;
    const list = (query: string) => get(`dealers/acme/unit/records?updated_since=${encodeURIComponent(query)}`);
    expect(idsOf(await list(late))).toEqual(['late']);
    const all = await get(`dealers/acme/unit/records?include_deleted=true&updated_since=${encodeURIComponent(late)}`);
    expect(idsOf(all).sort()).toEqual(['gone', 'late']);
    expect(idsOf(await list('2026-01-01T00:00:00Z')).sort()).toEqual(['early', 'late']);
    expect(idsOf(await list('2099-01-01T00:00:00+02:00'))).toEqual([]);
    for (const bad of ['yesterday', '2026-13-01T00:00:00Z', '2026-01-01']) expect((await list(bad)).status).toBe(400);
  });

  test('come in pages, followed by continuation or by Link', async () => {
    const rows = Array.from({ length: 25 }, (_, n) => ({ supplier_id: `s${n}` }));
    await pushed('supplier', rows);
    for (const next of ['continuation', 'link'] as const) {
      const pages = await pagesOf('dealers/acme/supplier/records?limit=10', next);
      expect(pages.every((page) => page.length <= 10)).toBe(true);
      const ids = pages.flat().map(({ id }) => id);
      expect(ids).toHaveLength(25);
      expect(new Set(ids).size).toBe(25);
    }
  });

  test('a limit that can be none, and a continuation that is not ours, are 400', async () => {
    await pushed('work_order', [{ work_order_number: '1' }, { work_order_number: '2' }]);
    const { continuation } = (await get('dealers/acme/work_order/records?limit=1')).body;
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'continuation=x', `continuation=x${continuation}`]) {
      for (const list of ['work_order/records', 'runs', 'quarantine']) {
        expect([list, query, (await get(`dealers/acme/${list}?${query}`)).status]).toEqual([list, query, 400]);
      }
    }
    // A continuation belongs to the list that gave it out.
    expect((await get(`dealers/acme/part/records?continuation=${continuation}`)).status).toBe(400);
  });
});

describe('runs', () => {
  test('are documents as in the contract', async () => {
    const run = await pushed('purchase_order', [
      { purchase_order_number: '1' },
      { purchase_order_number: '2' },
      { purchase_order_number: '2', status: 'open' },
      { purchase_order_number: '3', _op: 'delete' },
      { status: 'no key' },
    ]);
    expect(run).toEqual({
      run_id: expect.stringMatching(/^acme\./),
      dealer_id: 'acme',
      source_id: null,
      entity: 'purchase_order',
      door: 'push',
      status: 'partial',
      started_at: expect.stringMatching(/Z$/),
      finished_at: expect.stringMatching(/Z$/),
      receipt: {
        read: 5,
        rejected: 1,
        repeated: 1,
        unchanged: 0,
        upserts: 2,
        deletes: 1,
        applied: { inserted: 2, updated: 0, deleted: 1 },
        skipped: { unchanged: 0, stale: 0 },
        held: 0,
        quarantined: 0,
        balanced: true,
      },
      errors: [{ index: 4, row: 5, field: 'purchase_order_number', code: 'DATA_ERROR', detail: expect.any(String) }],
    });
    // Of a key that came twice the later row stands.
    expect((await get('dealers/acme/purchase_order/records/2')).body.data.status).toBe('open');

    const same = await pushed('purchase_order', [{ purchase_order_number: '1' }, { purchase_order_number: '2' }]);
    expect(same).toMatchObject({
      status: 'succeeded',
      errors: [],
      receipt: { applied: { inserted: 0, updated: 1 }, skipped: { unchanged: 1 }, balanced: true },
    });
  });

  test('with a modification time of its own, an older row is stale and changes nothing', async () => {
    const source = {
      connector: 'push',
      entities: { sales_order: { mapping: { number: 'No', status: 'State' }, modified: 'Changed' } },
    };
    expect((await hub.call('PUT', 'admin/dealers/acme/sources/orders', { body: source })).status).toBe(201);
    const order = (State: string, Changed: string) => ({ No: '1', State, Changed });
    await pushed('sales_order', [order('shipped', '2026-05-02T00:00:00Z')]);
    const late = await pushed('sales_order', [order('open', '2026-05-01T00:00:00Z')]);
    expect(late).toMatchObject({ errors: [], receipt: { upserts: 1, skipped: { stale: 1 }, balanced: true } });
    const { body } = await get('dealers/acme/sales_order/records/1:');
    expect(body).toMatchObject({ source_id: 'orders', source_updated_at: '2026-05-02T00:00:00Z' });
    expect(body.data.status).toBe('shipped');
  });

  test('are listed newest first, by entity and status, page by page', async () => {
    const all = (await pagesOf('dealers/acme/runs?limit=5', 'link')).flat();
    const starts = all.map(({ started_at }) => started_at);
    expect(starts).toEqual([...starts].sort().reverse());
    expect(new Set(all.map(({ run_id }) => run_id)).size).toBe(all.length);
    const orders = (await get('dealers/acme/runs?entity=purchase_order&status=partial')).body.items;
    expect(orders).toEqual(all.filter((run) => run.entity === 'purchase_order' && run.status === 'partial'));
    expect(orders).toHaveLength(1);
    for (const query of ['entity=tractors', 'status=good']) {
      expect((await get(`dealers/acme/runs?${query}`)).status).toBe(400);
    }
  });

  test('are for ingest and read of their dealer; for anybody else there is none', async () => {
    const { run_id } = (await get('dealers/acme/runs?limit=1')).body.items[0];
    const other = await hub.dealer('other');
    for (const scope of ['ingest:acme', 'read:acme']) {
      const { body } = await hub.call('POST', 'admin/keys', { body: { name: scope, scopes: [scope] } });
      expect((await hub.call('GET', `runs/${run_id}`, { key: body.key })).status).toBe(200);
    }
    expect((await hub.call('GET', `runs/${run_id}`, { key: other })).status).toBe(404);
    for (const id of ['acme.1', 'nobody', `${run_id}0`, '..', '%00', run_id.replace('acme', 'other')]) {
      expect([id, (await hub.call('GET', `runs/${id}`)).status]).toEqual([id, 404]);
    }
  });
});
