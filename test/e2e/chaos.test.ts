import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';
import { seed } from '../helpers/seed.ts';
import { randomOf, spread, stockSource, stockWorkload } from '../helpers/stockRows.ts';

// The soak takes the whole load; the short form is the same with fewer rows.
const soak = process.env.SOAK === '1';
const rowsABatch = soak ? 1_000 : 250;
const kills = 10;

let hub: Hub;
beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.end());

test(`${100 * rowsABatch} rows while the host is killed ${kills} times, Service Bus once, and Cosmos DB answers 429 and 503: nothing lost, nothing twice, every run balances (SEED=${seed})`, async () => {
  const random = randomOf(seed);
  const key = await hub.dealer('acme');
  await hub.call('PUT', 'admin/dealers/acme/sources/dms', { body: stockSource });
  await faults({ rate429: 0.2, rate503: 0.02, seed });
  const { batches, expected, invalid } = stockWorkload(100, rowsABatch, seed);

  let accepted = 0;
  const answers: Reply['body'][] = [];
  const clients = spread(batches, 8, async (body, i) => {
    // Clients go on while the host comes and goes, and not all at once.
    while (accepted < i - 16 && killed < kills) await sleep(20);
    answers.push(await pushUntilAccepted(key, body, `batch-${i}`));
    accepted++;
  });
  let killed = 0;
  const killer = (async () => {
    while (killed < kills) {
      await sleep(300 + random() * 1_500);
      await hub.host.kill('SIGKILL');
      killed++;
      if (killed === 5) {
        await hub.serviceBus.kill('SIGKILL');
        await hub.serviceBus.start();
      }
      await hub.host.start();
    }
  })();
  await Promise.all([clients, killer]);

  expect(answers.reduce((sum, answer) => sum + answer.rejected, 0)).toBe(invalid);
  const closed = await Promise.all(answers.map(({ run_id }) => hub.closed(run_id, 240_000)));
  expect(closed.filter(({ status, receipt }) => status !== 'partial' || !receipt.balanced)).toEqual([]);
  await faults(undefined);
  const held = await hub.records('acme', 'part_stock');
  expect(held.size).toBe(expected.size);
  for (const [id, quantity] of expected) expect([id, held.get(id)?.data.on_hand]).toEqual([id, quantity]);
}, 600_000);

async function faults(settings: object | undefined) {
  const url = `${hub.settings.COSMOS_ENDPOINT}/_local/faults`;
  const response = await fetch(url, {
    method: settings === undefined ? 'DELETE' : 'PUT',
    ...(settings === undefined ? {} : { body: JSON.stringify(settings) }),
  });
  expect(response.ok).toBe(true);
}

/** As a client does that loses nothing: the same batch under the same key, until it is accepted. */
async function pushUntilAccepted(key: string, body: unknown, idempotencyKey: string): Promise<Reply['body']> {
  const deadline = Date.now() + 240_000;
  for (;;) {
    const call = { key, body, headers: { 'idempotency-key': idempotencyKey } };
    const reply = await hub.call('POST', 'dealers/acme/part_stock/batches', call).catch(() => undefined);
    if (reply?.status === 202) return reply.body;
    if (reply !== undefined && ![409, 429, 503].includes(reply.status)) {
      throw new Error(`${idempotencyKey}: ${reply.status} ${JSON.stringify(reply.body)}`);
    }
    if (Date.now() > deadline) throw new Error(`${idempotencyKey} was never accepted; last: ${reply?.status}`);
    await sleep(500);
  }
}
