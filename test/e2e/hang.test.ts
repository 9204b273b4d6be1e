// A service that neither answers nor refuses is the worst of outages: nobody must wait for it for longer than a client does.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';

/** Clients and gateways give up after a minute; Azure's after 230 seconds. */
const patienceMs = 60_000;

let hub: Hub;
let key: string;

beforeAll(async () => {
  hub = await startHub();
  key = await hub.dealer('acme');
  expect((await push()).status).toBe(202);
});
afterAll(() => hub.end());

const push = () => hub.call('POST', 'dealers/acme/part/batches', { key, body: [{ part_number: 'A' }] });
const get = (path: string) => hub.call('GET', `dealers/acme/${path}`, { key });

/** While some parts hang, each of these calls is answered in time, with 503 and when to come again. */
async function expectUnavailable(
  parts: readonly ('serviceBus' | 'cosmos' | 'storage')[],
  calls: (() => Promise<Reply>)[],
) {
  const pids = parts.map((part) => hub[part].pid);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    const start = Date.now();
    for (const { status, body, headers } of await Promise.all(calls.map((call) => call()))) {
      expect([status, body.code]).toEqual([503, 'NETWORK_ERROR']);
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    expect(Date.now() - start).toBeLessThan(patienceMs);
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

test('a queue and a store of records that hang make pushes and reads fail in time, and work again afterwards', async () => {
  await expectUnavailable(['serviceBus', 'cosmos'], [push, () => get('part/records'), () => get('part/records/:A')]);
  const { status, body } = await push();
  expect(status).toBe(202);
  expect(await hub.closed(body.run_id)).toMatchObject({ errors: [], receipt: { balanced: true } });
});

test('a storage account that hangs does too', async () => {
  await expectUnavailable(['storage'], [push, () => get('runs'), () => get('quarantine')]);
  const { status, body } = await push();
  expect(status).toBe(202);
  expect(await hub.closed(body.run_id)).toMatchObject({ errors: [], receipt: { balanced: true } });
});
