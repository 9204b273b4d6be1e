import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, startHub } from '../helpers/hub.ts';
import { spread, stockSource, stockWorkload } from '../helpers/stockRows.ts';

const rowsABatch = 1_000;

let hub: Hub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.end());

test(`${100 * rowsABatch} rows in 100 batches by 8 clients at once, with repeats and 1 % invalid: the store holds exactly what it should`, async () => {
  const key = await hub.dealer('acme');
  await hub.call('PUT', 'admin/dealers/acme/sources/dms', { body: stockSource });
  const { batches, expected, rows, invalid } = stockWorkload(100, rowsABatch);
  const runs: string[] = [];
  let rejected = 0;
  await spread(batches, 8, async (body, i) => {
    const call = { key, body, headers: { 'idempotency-key': `batch-${i}` } };
    const reply = await hub.call('POST', 'dealers/acme/part_stock/batches', call);
    expect(reply.status).toBe(202);
    runs.push(reply.body.run_id);
    rejected += reply.body.rejected;
    // A client that didn't hear the answer asks again: the same answer, and nothing twice.
    if (i % 10 === 0) {
      const again = await hub.call('POST', 'dealers/acme/part_stock/batches', call);
      expect(again.body).toEqual(reply.body);
    }
  });
  expect(rejected).toBe(invalid);

  const closed = await Promise.all(runs.map((run) => hub.closed(run, 120_000)));
  expect(closed.filter(({ status, receipt }) => status !== 'partial' || !receipt.balanced)).toEqual([]);
  expect(closed.reduce((sum, { receipt }) => sum + receipt.read, 0)).toBe(rows);

  const held = await hub.records('acme', 'part_stock');
  expect(held.size).toBe(expected.size);
  for (const [id, quantity] of expected) expect([id, held.get(id)?.data.on_hand]).toEqual([id, quantity]);
});
