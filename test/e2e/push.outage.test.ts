// What a client who pushes sees when something of ours is gone.
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';
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
  const refused: Reply[] = [];
  const pushInTime = async () => {
    const start = Date.now();
    const reply = await push(body, headers);
    expect(Date.now() - start).toBeLessThan(patienceMs);
    if (reply.status === 503) refused.push(reply);
    return reply;
  };
  await hub.serviceBus.kill();

  // Of two at once one is tried, whichever it is; meanwhile the same key has to wait. Where the other one came when the
  // first was over already, it is tried and refused as well.
  const waiting = await until('one of two at once is told to wait', async () => {
    const both = await Promise.all([pushInTime(), pushInTime()]);
    expect([409, 503]).toEqual(expect.arrayContaining(both.map(({ status }) => status)));
    return both.find(({ status }) => status === 409);
  });
  expect(waiting.body).toMatchObject({ code: 'CONFLICT' });
  expect(Number(waiting.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);

  expect(refused).not.toEqual([]);
  for (const reply of refused) {
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(reply.body).toMatchObject({ status: 503, code: 'NETWORK_ERROR' });
  }

  await hub.serviceBus.start();
  const taken = await until('the same key is taken', async () => {
    const reply = await pushInTime();
    return reply.status === 202 && reply;
  });
  expect(await hub.closed(taken.body.run_id)).toMatchObject({
    errors: [],
    receipt: { read: 20, upserts: 20, balanced: true },
  });
  expect(await heldOf('outage')).toBe(20);

  // The run of each refused one says that it failed, and why.
  const { items } = (await hub.call('GET', 'dealers/acme/runs?status=failed', { key })).body;
  expect(items).toHaveLength(refused.length);
  for (const run of items) {
    expect(run).toMatchObject({ errors: [{ code: 'NETWORK_ERROR' }], receipt: { balanced: false } });
  }
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
    // `once` would reject with the error of hanging up.
    const closed = new Promise((resolve) => outgoing.on('close', resolve));
    outgoing.write(line);
    await sleep(200);
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
