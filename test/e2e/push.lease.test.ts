import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { leaseMs } from '../../shared/store/idempotency.ts';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';

let hub: Hub;
let key: string;

beforeAll(async () => {
  hub = await startHub();
  key = await hub.dealer('acme');
});
afterAll(() => hub.end());

test('a request whose host was killed keeps its key for half a minute at most; then the same key is taken again', async () => {
  const headers = { 'idempotency-key': 'killed' };
  const body = Array.from({ length: 100 }, (_, n) => ({ part_number: `P${n}`, on_hand: n }));
  const push = () => hub.call('POST', 'dealers/acme/part_stock/batches', { key, body, headers });

  // A queue that hangs holds the request where it has begun and is not answered yet: that of the two which came first,
  // whichever it is. The other one is told so.
  const brokerPid = hub.serviceBus.pid;
  process.kill(brokerPid, 'SIGSTOP');
  const begun = Date.now();
  const both = [push(), push()].map((request) =>
    request.then(
      ({ status }) => status,
      () => 'no answer',
    ),
  );
  expect(await Promise.race(both)).toBe(409);
  await hub.host.kill();
  expect(new Set(await Promise.all(both))).toEqual(new Set([409, 'no answer']));
  process.kill(brokerPid, 'SIGCONT');
  await hub.host.start();

  const taken = await until('the lease has run out', async () => {
    const reply = await push();
    if (reply.status !== 409) return reply;
    expect(Number(reply.headers.get('retry-after'))).toBeLessThanOrEqual(leaseMs / 1_000);
    return undefined;
  });
  expect(taken.status).toBe(202);
  // However long the host took to start: as long as the lease ran, nobody else had the key.
  expect(Date.now()).toBeGreaterThanOrEqual(begun + leaseMs);
  expect(await hub.closed(taken.body.run_id)).toMatchObject({
    status: 'succeeded',
    errors: [],
    receipt: { balanced: true },
  });
  expect((await push()).body).toEqual(taken.body);
  expect((await hub.records('acme', 'part_stock')).size).toBe(100);
});
