import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { runsOf, trigger } from '../helpers/pollHub.ts';
import { type RestApi, startRestApi } from '../helpers/restApi.ts';
import { seed } from '../helpers/seed.ts';
import { randomOf } from '../helpers/stockRows.ts';

let hub: Hub;
let api: RestApi;
beforeAll(async () => {
  api = await startRestApi();
  hub = await startHub();
});
afterAll(async () => {
  await hub.end();
  await api.close();
});

/** Quantities by part, of each dealer: what its DMS has. */
const tables = new Map<string, Map<string, number>>();
const pageRows = 500;

/** A dealer's table in the order of its key, a page after the last one that was answered. */
function answer(url: URL) {
  const table = tables.get(url.pathname.split('/')[1] ?? '') ?? new Map<string, number>();
  const after = url.searchParams.get('after') ?? '';
  const names = [...table.keys()].sort().filter((name) => name > after);
  const some = names.slice(0, pageRows);
  const rows = some.map((no) => ({ no, quantity: table.get(no), changed: '2026-11-01T00:00:00Z' }));
  return { body: { rows, ...(names.length > some.length ? { next: some.at(-1) } : {}) } };
}

/** @param cursor `full`: there is no way to ask for changes */
async function configured(dealer: string, cursor: object, more: object = {}): Promise<void> {
  tables.set(dealer, new Map());
  api.answer = ({ url }) => answer(url);
  await hub.dealer(dealer);
  const body = {
    connector: 'rest',
    settings: { base_url: api.url, allow_http: true, networks: ['127.0.0.0/8'] },
    entities: {
      part_stock: {
        mapping: { part_number: 'no', on_hand: 'quantity' },
        cursor,
        settings: {
          path: `/${dealer}/stock`,
          records: 'rows',
          pagination: { kind: 'cursor', from: 'next', param: 'after' },
        },
        ...more,
      },
    },
  };
  const saved = await hub.call('PUT', `admin/dealers/${dealer}/sources/dms`, { body });
  expect([saved.status, saved.body]).toEqual([201, expect.anything()]);
}

/** Triggers it until there is a new run: the poll before may still be about to end, and then its runs are answered. */
async function begun(dealer: string, query = ''): Promise<string> {
  const known = new Set((await runsOf(hub, dealer)).map(({ run_id }) => run_id));
  return await until('a new run', async () => (await trigger(hub, dealer, query))?.find((id) => !known.has(id)));
}

async function polled(dealer: string, query = '') {
  return await hub.closed(await begun(dealer, query));
}

async function held(dealer: string): Promise<Map<string, number>> {
  const records = await hub.records(dealer, 'part_stock');
  return new Map([...records.values()].map(({ data }) => [data.part_number, data.on_hand]));
}

test('a source that can not tell what has changed is compared: what changed is sent, what is gone is deleted', async () => {
  await configured('acme', { kind: 'full' });
  const table = tables.get('acme') ?? new Map<string, number>();
  for (let n = 0; n < 1_200; n++) table.set(`P-${String(n).padStart(5, '0')}`, n);
  const first = await polled('acme');
  expect(first).toMatchObject({
    door: 'poll',
    status: 'succeeded',
    receipt: { read: 1_200, upserts: 1_200, balanced: true },
  });
  expect(await held('acme')).toEqual(table);

  for (let n = 0; n < 20; n++) table.delete(`P-${String(n * 7).padStart(5, '0')}`);
  table.set('P-00500', -1);
  table.set('Q', 1);
  const second = await polled('acme');
  expect(second).toMatchObject({
    status: 'succeeded',
    receipt: {
      read: 1_181,
      unchanged: 1_179,
      upserts: 2,
      deletes: 20,
      applied: { inserted: 1, updated: 1, deleted: 20 },
    },
  });
  expect(await held('acme')).toEqual(table);
});

test('a sweep of keys deletes what is gone, and asks first where that is too much', async () => {
  await configured('beta', { kind: 'full' });
  const table = tables.get('beta') ?? new Map<string, number>();
  for (let n = 0; n < 700; n++) table.set(`P-${String(n).padStart(5, '0')}`, n);
  await polled('beta');
  table.delete('P-00007');
  table.set('P-00008', 88);
  const swept = await polled('beta', '?mode=keys');
  expect(swept).toMatchObject({ status: 'succeeded', receipt: { upserts: 0, deletes: 1, applied: { deleted: 1 } } });
  const after = await held('beta');
  expect([after.size, after.get('P-00008')]).toEqual([699, 8]);

  for (let n = 100; n < 300; n++) table.delete(`P-${String(n).padStart(5, '0')}`);
  const suspect = await polled('beta', '?mode=keys');
  expect(suspect).toMatchObject({ status: 'suspect', receipt: { held: 200, balanced: true } });
  expect((await held('beta')).size).toBe(699);
  expect((await hub.call('POST', `runs/${suspect.run_id}/approve`)).status).toBe(202);
  expect(await hub.closed(suspect.run_id)).toMatchObject({
    status: 'succeeded',
    receipt: { applied: { deleted: 200 } },
  });
  expect((await held('beta')).size).toBe(499);

  table.clear();
  const empty = await polled('beta');
  expect(empty).toMatchObject({ status: 'suspect', receipt: { read: 0, held: 499 } });
  expect((await held('beta')).size).toBe(499);
});

const soak = process.env.SOAK === '1';
const kills = soak ? 10 : 3;
const size = soak ? 100_000 : 8_000;

test(`${size} rows, the host killed ${kills} times while they are read, compared and sent: the store ends equal to the table`, async () => {
  const random = randomOf(seed);
  await configured('big', { kind: 'full' }, { max_delete_ratio: 0.3 });
  const table = tables.get('big') ?? new Map<string, number>();
  for (let n = 0; n < size; n++) table.set(`P-${String(n).padStart(7, '0')}`, n);
  for (const round of [1, 2]) {
    const run = await begun('big');
    for (let killed = 0; killed < kills; killed++) {
      await sleep(300 + random() * (soak ? 6_000 : 2_000));
      await hub.host.kill('SIGKILL');
      await hub.host.start();
      const reply = await hub.call('GET', `runs/${run}`).catch(() => undefined);
      if (reply?.body.status !== 'running') break;
    }
    const closed = await hub.closed(run, 600_000);
    expect({ seed, round, status: closed.status, ...closed.receipt }).toMatchObject({
      status: 'succeeded',
      balanced: true,
      read: table.size,
    });
    expect(await held('big')).toEqual(table);
    for (const part of [...table.keys()]) {
      const chance = random();
      if (chance < 0.02) table.delete(part);
      else if (chance < 0.3) table.set(part, 10 + Math.floor(random() * 9));
      else if (chance < 0.32) table.set(`${part}-new`, 1);
    }
  }
}, 1_800_000);
