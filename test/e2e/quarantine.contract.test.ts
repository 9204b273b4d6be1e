// contract.md: rows that could not be applied are kept, shown, and replayed with today's mapping.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';

let hub: Hub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.end());

/** What a test does with a dealer of its own. */
interface Bench {
  push(entity: string, body: unknown, type?: string): Promise<Reply>;
  list(query?: string): Promise<Reply['body'][]>;
  post(path: string, body?: unknown): Promise<Reply>;
  /** The replay's runs once they are closed. */
  closed(reply: Reply): Promise<Reply['body'][]>;
  record(entity: string, id: string): Promise<Reply>;
  source(entities: object): Promise<void>;
}

async function bench(dealerId: string): Promise<Bench> {
  const key = await hub.dealer(dealerId);
  const dealer = `dealers/${dealerId}`;
  return {
    push: (entity, body, type = 'application/json') =>
      hub.call('POST', `${dealer}/${entity}/batches`, {
        key,
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'content-type': type },
      }),
    list: async (query = '') => (await hub.call('GET', `${dealer}/quarantine?limit=1000${query}`, { key })).body.items,
    post: (path, body) => hub.call('POST', `${dealer}/quarantine/${path}`, { key, body }),
    closed: ({ body }) => Promise.all(body.runs.map((run: string) => hub.closed(run))),
    record: (entity, id) => hub.call('GET', `${dealer}/${entity}/records/${id}`, { key }),
    async source(entities) {
      const body = { connector: 'push', entities };
      const { status } = await hub.call('PUT', `admin/dealers/${dealerId}/sources/dms`, { body });
      expect([200, 201]).toContain(status);
    },
  };
}

const stock = (mapping: object) => ({ part_stock: { mapping: { part_number: 'Part', ...mapping }, modified: 'At' } });
const row = (Part: string, Qty: unknown, At = '2026-05-01T00:00:00Z') => ({ Part, Qty, At });

describe('the list', () => {
  test('shows each rejected row as it was sent, with its place, its run and its errors', async () => {
    const { push, list } = await bench('shown');
    const bad = '{"part_number":"P","price_type":"list","effective_from":"soon","amount":10.50}';
    const good = '{"part_number":"P","price_type":"list","effective_from":"2026-01-01"}';
    const { body } = await push('part_price', `${good}\n${bad}\n{"broken\n`, 'application/x-ndjson');
    expect(await list()).toEqual([
      {
        id: expect.any(String),
        run_id: body.run_id,
        entity: 'part_price',
        source_id: null,
        stage: 'ingest',
        at: expect.stringMatching(/Z$/),
        index: 1,
        row: 2,
        values: { part_number: 'P', price_type: 'list', effective_from: 'soon', amount: '10.50' },
        errors: [{ index: 1, row: 2, field: 'effective_from', code: 'DATA_ERROR', detail: expect.any(String) }],
      },
      expect.objectContaining({ index: 2, row: 3, raw: '{"broken', errors: [expect.objectContaining({ row: 3 })] }),
    ]);
  });

  test('is by run if that is asked for, and comes in pages', async () => {
    const { push, list } = await bench('paged');
    const runs: string[] = [];
    for (const count of [2, 3]) {
      const { body } = await push(
        'part',
        Array.from({ length: count }, () => ({ uom: 'EA' })),
      );
      runs.push(body.run_id);
    }
    expect((await list(`&run=${runs[0]}`)).map(({ run_id }) => run_id)).toEqual([runs[0], runs[0]]);
    expect(await list(`&run=${runs[1]}`)).toHaveLength(3);
    expect((await list()).map(({ run_id }) => run_id)).toEqual([runs[1], runs[1], runs[1], runs[0], runs[0]]);
    const ids: string[] = [];
    let query = '?limit=2';
    for (let page = 0; query !== ''; page++) {
      expect(page).toBeLessThan(4);
      const { body } = await hub.call('GET', `dealers/paged/quarantine${query}`);
      ids.push(...body.items.map(({ id }: { id: string }) => id));
      query = body.continuation === undefined ? '' : `?limit=2&continuation=${encodeURIComponent(body.continuation)}`;
    }
    expect(ids).toEqual((await list()).map(({ id }) => id));
    for (const run of ['nonsense', (runs[0] ?? '').replace('paged', 'shown')]) {
      expect((await hub.call('GET', `dealers/paged/quarantine?run=${run}`)).status).toBe(400);
    }
  });

  test('keeps all rows of a large batch, not only the first hundred', async () => {
    const { push, list } = await bench('many');
    const { status } = await push(
      'part',
      Array.from({ length: 950 }, (_, n) => ({ uom: `${n}` })),
    );
    expect(status).toBe(422);
    expect((await list()).map(({ index }) => index)).toEqual(Array.from({ length: 950 }, (_, n) => n));
  });
});

describe('a replay', () => {
  test('of one row takes it out of quarantine, once', async () => {
    const { push, list, post, closed, record, source } = await bench('one');
    await source(stock({ on_hand: { from: 'Qty', transform: ['integer'] } }));
    const pushed = await push('part_stock', [row('A', 'x1'), row('B', 'x2')]);
    expect(pushed.status).toBe(422);
    const [a, b] = await list();
    await source(stock({ on_hand: { const: 7 } }));

    const replayed = await post(`${a.id}/replay`);
    expect(replayed.status).toBe(202);
    expect(replayed.body).toMatchObject({ rows: 1, runs: [expect.any(String)], complete: true });
    const [run] = await closed(replayed);
    expect(run).toMatchObject({
      status: 'succeeded',
      errors: [],
      source_id: 'dms',
      receipt: { read: 1, applied: { inserted: 1 } },
    });
    expect((await record('part_stock', 'A::')).body.data.on_hand).toBe(7);
    expect((await record('part_stock', 'B::')).status).toBe(404);
    expect((await list()).map(({ id }) => id)).toEqual([b.id]);
    expect((await post(`${a.id}/replay`)).status).toBe(404);
    for (const id of ['nothing', `${b.id}9`, `${a.run_id}.0`, '%00']) {
      expect([id, (await post(`${id}/replay`)).status]).toEqual([id, 404]);
    }
  });

  test('of all, of a run, and of named rows, takes those that are meant', async () => {
    const { push, list, post, closed, source } = await bench('all');
    const mapping = (rule: object) => source(stock({ on_hand: rule }));
    await mapping({ from: 'Qty', transform: ['integer'] });
    const runs: string[] = [];
    for (const part of ['A', 'B', 'C']) {
      runs.push((await push('part_stock', [row(`${part}1`, 'x'), row(`${part}2`, 'x')])).body.run_id);
    }
    await mapping({ const: 1 });
    const rows = await list();
    expect(rows).toHaveLength(6);

    const named = await post('replay', { ids: [rows[0].id, rows[5].id] });
    expect(named.body).toMatchObject({ rows: 2, complete: true });
    await closed(named);
    expect(await list()).toHaveLength(4);

    const ofRun = await post('replay', { run_id: runs[1] });
    expect(ofRun.body.rows).toBe(2);
    await closed(ofRun);
    expect(await list()).toHaveLength(2);

    const rest = await post('replay');
    expect(rest.body.rows).toBe(2);
    for (const run of await closed(rest)) expect(run).toMatchObject({ status: 'succeeded', errors: [] });
    expect(await list()).toEqual([]);
    expect((await hub.records('all', 'part_stock')).size).toBe(6);
    expect((await post('replay')).body).toEqual({ rows: 0, runs: [], complete: true });
  });

  test('of rows that are still wrong quarantines them again, under the run that tried', async () => {
    const { push, list, post, closed, source } = await bench('again');
    await source(stock({ on_hand: { from: 'Qty', transform: ['integer'] } }));
    await push('part_stock', [row('A', 'x')]);
    const [before] = await list();
    const replayed = await post('replay');
    expect(replayed.body.rows).toBe(1);
    const [run] = await closed(replayed);
    expect(run).toMatchObject({ status: 'partial', receipt: { read: 1, rejected: 1, balanced: true } });
    const after = await list();
    expect(after).toHaveLength(1);
    expect(after[0]).toMatchObject({ run_id: run.run_id, values: before.values });
  });

  test('never overwrites what is newer: the row keeps the version that it had', async () => {
    const { push, list, post, closed, record, source } = await bench('newer');
    await source(stock({ on_hand: 'Qty' }));
    // Without a time of their own, rows are ordered by when they came.
    await push('part_stock', [
      { Part: 'by-arrival', Qty: 'bad' },
      { Part: 'alone', Qty: 'bad' },
    ]);
    await push('part_stock', [row('by-time', 'bad', '2026-05-02T00:00:00Z')]);
    for (const batch of [[{ Part: 'by-arrival', Qty: 2 }], [row('by-time', 2, '2026-05-01T00:00:00Z')]]) {
      await hub.closed((await push('part_stock', batch)).body.run_id);
    }
    expect(await list()).toHaveLength(3);

    // Mended without a change of the epoch: nobody sends anything new in between.
    await source(stock({ on_hand: { const: 1 } }));
    const runs = await closed(await post('replay'));
    const skipped = runs.map(({ receipt }) => receipt.skipped.stale).reduce((a, b) => a + b, 0);
    expect(skipped).toBe(1);
    expect((await record('part_stock', 'by-arrival::')).body.data.on_hand).toBe(2);
    expect((await record('part_stock', 'alone::')).body.data.on_hand).toBe(1);
    // Its own time says that what was quarantined is the newer one.
    expect((await record('part_stock', 'by-time::')).body.data.on_hand).toBe(1);
  });

  test('does not beat what was sent after the mapping was mended, whatever the times', async () => {
    const { push, post, closed, record, source } = await bench('epochs');
    await source(stock({ on_hand: { from: 'Qty', transform: ['integer'] } }));
    await push('part_stock', [row('A', 'bad', '2026-06-01T00:00:00Z')]);
    await source(stock({ on_hand: { from: 'Amount', default: 0 } }));
    const fresh = { Part: 'A', Amount: 5, At: '2026-01-01T00:00:00Z' };
    await hub.closed((await push('part_stock', [fresh])).body.run_id);
    const [run] = await closed(await post('replay'));
    expect(run).toMatchObject({ errors: [], receipt: { skipped: { stale: 1 }, balanced: true } });
    expect((await record('part_stock', 'A::')).body.data.on_hand).toBe(5);
  });

  test('does not raise what was deleted since', async () => {
    const { push, post, closed, record, source } = await bench('deleted');
    await source(stock({ on_hand: 'Qty' }));
    await push('part_stock', [{ Part: 'A', Qty: 'bad' }]);
    await hub.closed((await push('part_stock', [{ Part: 'A', _op: 'delete' }])).body.run_id);
    await source(stock({ on_hand: { const: 1 } }));
    const [run] = await closed(await post('replay'));
    expect(run.receipt.skipped.stale).toBe(1);
    expect((await record('part_stock', 'A::')).status).toBe(404);
  });

  test('twice at once changes nothing twice', async () => {
    const { push, list, post, closed, source } = await bench('at-once');
    await source(stock({ on_hand: { from: 'Qty', transform: ['integer'] } }));
    await push(
      'part_stock',
      Array.from({ length: 50 }, (_, n) => row(`P${n}`, 'x')),
    );
    await source(stock({ on_hand: { const: 1 } }));
    const replays = await Promise.all([post('replay'), post('replay')]);
    const runs = (await Promise.all(replays.map(closed))).flat();
    for (const run of runs) expect(run).toMatchObject({ status: 'succeeded', errors: [], receipt: { balanced: true } });
    expect(runs.reduce((sum, { receipt }) => sum + receipt.applied.inserted, 0)).toBe(50);
    expect(await list()).toEqual([]);
  });

  test('of all is not held up by rows whose source is gone', async () => {
    const { push, list, post, closed, source } = await bench('widowed');
    await push('part', [{ part_number: 'A', weight: 'heavy' }]);
    await source(stock({ on_hand: { from: 'Qty', transform: ['integer'] } }));
    await push('part_stock', [row('A', 'x')]);
    await push('part_stock', [row('B', 'x')]);
    await hub.call('DELETE', 'admin/dealers/widowed/sources/dms');
    const replayed = await post('replay');
    expect(replayed).toMatchObject({
      status: 202,
      body: { rows: 1, complete: true, errors: [{ source_id: 'dms', entity: 'part_stock', code: 'CONFIG_ERROR' }] },
    });
    expect(await closed(replayed)).toHaveLength(1);
    expect((await list()).map(({ entity }) => entity).sort()).toEqual(['part', 'part_stock', 'part_stock']);
  });

  test('needs a body that says what it means, or none', async () => {
    const { post } = await bench('bodies');
    for (const body of [{ ids: [] }, { ids: ['x'] }, { runs: [] }, [], { run_id: 'many.1' }]) {
      expect([body, (await post('replay', body)).status]).toEqual([body, 400]);
    }
  });
});
