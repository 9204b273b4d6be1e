// What a client who pushes sees when something of ours is gone.
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';

/** Clients give up after a minute. */
const patienceMs = 60_000;

let hub: Hub;
let key: string;

beforeAll(async () => {
  hub = await startHub();
  key = await hub.dealer('acme');
});
afterAll(() => hub.end());

const rowsOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({ part_number: `${name}-${n}`, on_hand: n }));

const push = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  hub.call('POST', 'dealers/acme/part_stock/batches', { key, body, headers });

async function heldOf(name: string): Promise<number> {
  const held = await hub.records('acme', 'part_stock');
  return [...held.keys()].filter((id) => id.startsWith(`${name}-`)).length;
}

test('without the queue a batch is refused with 503; its key is not burnt: sent again once it is back, it is taken', async () => {
  const headers = { 'idempotency-key': 'outage' };
  const body = rowsOf('outage', 20);
  await hub.serviceBus.kill();

  const start = Date.now();
  const first = push(body, headers);
  // While it is tried, the same key has to wait.
  const second = await until('the second is told to wait', async () => {
    const reply = await push(body, headers);
    return reply.status === 409 && reply;
  });
  expect(second.body).toMatchObject({ code: 'CONFLICT' });
  expect(Number(second.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);

  const refused = await first;
  expect(Date.now() - start).toBeLessThan(patienceMs);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(refused.body).toMatchObject({ status: 503, code: 'NETWORK_ERROR' });

  await hub.serviceBus.start();
  const taken = await until('the same key is taken', async () => {
    const reply = await push(body, headers);
    return reply.status === 202 && reply;
  });
  expect(await hub.closed(taken.body.run_id)).toMatchObject({
    errors: [],
    receipt: { read: 20, upserts: 20, balanced: true },
  });
  expect(await heldOf('outage')).toBe(20);

  // The run of the refused one says that it failed, and why.
  const { items } = (await hub.call('GET', 'dealers/acme/runs?status=failed', { key })).body;
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({ errors: [{ code: 'NETWORK_ERROR' }], receipt: { balanced: false } });
});

test('of a body whose client hung up before its end nothing is applied, though each of its lines is whole', async () => {
  const runs = async () => (await hub.call('GET', 'dealers/acme/runs', { key })).body.items.length;
  const before = await runs();
  const line = `${JSON.stringify({ part_number: 'half-1', on_hand: 1 })}\n`;
  for (const length of [{ 'content-length': String(2 * line.length) }, { 'transfer-encoding': 'chunked' }]) {
    const outgoing = request(`${hub.baseUrl}/api/v1/dealers/acme/part_stock/batches`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/x-ndjson', ...length },
    });
    outgoing.on('error', () => undefined);
    outgoing.write(line);
    await sleep(200);
    // `once` would reject with the error of hanging up.
    const closed = new Promise((resolve) => outgoing.on('close', resolve));
    outgoing.destroy();
    await closed;
  }
  // Another batch takes its whole way meanwhile: what the first two would have done is done by then.
  await hub.closed((await push(rowsOf('whole', 1))).body.run_id);
  expect(await runs()).toBe(before + 1);
  expect(await heldOf('half')).toBe(0);
});

test('what was answered with 202 is there after the host was killed right then', async () => {
  const taken = await push(rowsOf('kept', 3_000));
  expect(taken.status).toBe(202);
  await hub.host.kill();
  // The dead host's locks would run out after five minutes; a Service Bus that starts again knows of none.
  await hub.serviceBus.kill();
  await hub.serviceBus.start();
  await hub.host.start();
  const run = await hub.closed(taken.body.run_id);
  expect(run).toMatchObject({
    status: 'succeeded',
    errors: [],
    receipt: { read: 3_000, upserts: 3_000, balanced: true },
  });
  // Whatever was written before the kill was written by this run too, and counts as it was.
  expect(run.receipt.applied).toEqual({ inserted: 3_000, updated: 0, deleted: 0 });
  expect(await heldOf('kept')).toBe(3_000);
});
