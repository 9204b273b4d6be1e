import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runOf, runsOf, share } from '../helpers/files.ts';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { runAdp } from '../helpers/runAdp.ts';
import { seed } from '../helpers/seed.ts';
import { randomOf } from '../helpers/stockRows.ts';

let hub: Hub;
beforeAll(async () => {
  hub = await startHub();
  await hub.dealer('acme');
});
afterAll(() => hub.end());

const csv = (rows: Iterable<readonly [string, number | string]>) =>
  `part_number,on_hand\n${Array.from(rows, ([part, onHand]) => `${part},${onHand}\n`).join('')}`;
const quantities = async (entity = 'part_stock', dealer = 'acme') =>
  new Map([...(await hub.records(dealer, entity)).values()].map(({ data }) => [data.part_number, data.on_hand]));

describe('a full snapshot that is dropped again and again', () => {
  const path = 'acme/acme_part_stock.csv';
  const rows = new Map(Array.from({ length: 500 }, (_, n) => [`P-${n}`, n]));

  test('is all inserts first', async () => {
    await share(hub, path, csv(rows));
    const run = await runOf(hub, path);
    expect(run).toMatchObject({
      status: 'succeeded',
      errors: [],
      door: 'file',
      receipt: { read: 500, balanced: true },
    });
    expect(run.receipt.applied).toEqual({ inserted: 500, updated: 0, deleted: 0 });
    expect(await quantities()).toEqual(rows);
  });

  test('then only what changed', async () => {
    for (let n = 0; n < 10; n++) rows.delete(`P-${n}`);
    for (let n = 100; n < 120; n++) rows.set(`P-${n}`, n + 1_000);
    rows.set('new', 1);
    await share(hub, path, csv([...rows].reverse()));
    const { status, errors, receipt } = await runOf(hub, path, 2);
    expect({ status, errors, ...receipt }).toMatchObject({
      status: 'succeeded',
      errors: [],
      read: 491,
      unchanged: 470,
      upserts: 21,
      deletes: 10,
      applied: { inserted: 1, updated: 20, deleted: 10 },
      balanced: true,
    });
    expect(await quantities()).toEqual(rows);
  });

  test('and what a push wrote in between is put right', async () => {
    const body = [
      { part_number: 'P-200', on_hand: -1 },
      { part_number: 'P-201', _op: 'delete' },
      { part_number: 'pushed', on_hand: 1 },
    ];
    const { body: pushed } = await hub.call('POST', 'dealers/acme/part_stock/batches', { body });
    await hub.closed(pushed.run_id);
    rows.set('newer', 2);
    await share(hub, path, csv(rows));
    const run = await runOf(hub, path, 3);
    expect(run).toMatchObject({
      status: 'succeeded',
      errors: [],
      notes: expect.arrayContaining([expect.stringContaining('something else was written')]),
      receipt: { unchanged: 489, applied: { inserted: 2, updated: 1, deleted: 1 } },
    });
    expect(await quantities()).toEqual(rows);
  });

  test('that lacks too much is suspect, and deletes only when it is approved', async () => {
    const half = [...rows].slice(0, 200);
    await share(hub, path, csv(half));
    const run = await runOf(hub, path, 4);
    expect(run).toMatchObject({ status: 'suspect', receipt: { held: rows.size - 200, balanced: true } });
    expect(run.errors[0].detail).toContain('max_delete_ratio');
    expect(await quantities()).toEqual(rows);

    const key = await hub.dealer('acme');
    expect((await hub.call('POST', `runs/${run.run_id}/approve`, { key })).status).toBe(403);
    const approved = await hub.call('POST', `runs/${run.run_id}/approve`);
    expect(approved.status).toBe(202);
    expect(approved.headers.get('location')).toBe(`/api/v1/runs/${run.run_id}`);
    const closed = await hub.closed(run.run_id);
    expect(closed).toMatchObject({ status: 'succeeded', errors: [], receipt: { held: 0, balanced: true } });
    expect(closed.receipt.applied.deleted).toBe(rows.size - 200);
    expect(await quantities()).toEqual(new Map(half));

    expect((await hub.call('POST', `runs/${run.run_id}/approve`)).status).toBe(409);
    await share(hub, path, csv(half.slice(0, 190)));
    expect(await runOf(hub, path, 5)).toMatchObject({
      status: 'succeeded',
      errors: [],
      receipt: { held: 0, deletes: 10 },
    });
  });

  test('can be approved no more once a newer one was read', async () => {
    await share(hub, path, csv([['P-20', 1]]));
    const run = await runOf(hub, path, 6);
    expect(run.status).toBe('suspect');
    await share(hub, path, csv([['P-20', 2]]));
    expect((await runOf(hub, path, 7)).status).toBe('suspect');
    const reply = await hub.call('POST', `runs/${run.run_id}/approve`);
    expect(reply).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });

    const env = { ADP_URL: hub.baseUrl, ADP_KEY: hub.adminKey };
    const refused = await runAdp(['approve', run.run_id], { env });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('newer snapshot') });
    const [newest] = await runsOf(hub, path);
    const approved = await runAdp(['approve', newest.run_id, '--wait'], { env });
    expect(approved).toMatchObject({ code: 0, stdout: expect.stringContaining('succeeded') });
    expect(await quantities()).toEqual(new Map([['P-20', 2]]));
  });
});

test('adp diff --against-store shows beforehand what the run of a file then does, and does nothing', async () => {
  const key = await hub.dealer('east');
  await hub.call('PUT', 'admin/dealers/east', { body: { name: 'East', time_zone: 'America/Chicago' } });
  const path = 'east/east_part_stock.json';
  // Times without a zone: they are the dealer's.
  const json = (rows: ReadonlyMap<string, number>) =>
    JSON.stringify(
      Array.from(rows, ([part_number, on_hand]) => ({ part_number, on_hand, as_of: '2026-01-02T03:04:05' })),
    );
  const rows = new Map(Array.from({ length: 200 }, (_, n) => [`E-${n}`, n]));
  await share(hub, path, json(rows));
  expect(await runOf(hub, path)).toMatchObject({
    status: 'succeeded',
    errors: [],
    receipt: { applied: { inserted: 200 } },
  });
  const body = [
    { part_number: 'E-10', on_hand: -1, as_of: '2026-01-02T03:04:05' },
    { part_number: 'E-11', _op: 'delete' },
    { part_number: 'E-pushed', on_hand: 1 },
  ];
  const { body: pushed } = await hub.call('POST', 'dealers/east/part_stock/batches', { body });
  await hub.closed(pushed.run_id);
  for (let n = 0; n < 5; n++) rows.delete(`E-${n}`);
  rows.set('E-100', -2).set('E-new', 7);

  const folder = await mkdtemp(join(tmpdir(), 'adp-diff-'));
  const diff = async (apiKey: string) => {
    const args = ['diff', 'east.json', '--against-store', 'east', '--entity', 'part_stock', '--json'];
    const ran = await runAdp(args, { cwd: folder, env: { ADP_URL: hub.baseUrl, ADP_KEY: apiKey } });
    expect(ran.code).toBe(0);
    const lines: Reply['body'][] = ran.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const told = lines.filter(({ change }) => change !== undefined);
    const changes = told.map(({ change, key, values }) => `${change} ${key?.[0] ?? `${values.part_number}::`}`);
    return { changes: changes.sort(), ...lines.at(-1).summary, stderr: ran.stderr };
  };
  try {
    await writeFile(join(folder, 'east.json'), json(rows));
    const held = await hub.records('east', 'part_stock');
    const shown = await diff(hub.adminKey);
    expect(shown.stderr).toBe('');
    expect(shown.changes).toEqual(
      [
        ...['delete E-0::', 'delete E-1::', 'delete E-2::', 'delete E-3::', 'delete E-4::', 'delete E-pushed::'],
        ...['insert E-11::', 'insert E-new::', 'update E-10::', 'update E-100::'],
      ].sort(),
    );
    expect(await hub.records('east', 'part_stock')).toEqual(held);

    await share(hub, path, json(rows));
    const { status, errors, receipt } = await runOf(hub, path, 2);
    const { read, unchanged, inserted, updated, deleted } = shown;
    expect({ status, errors, ...receipt }).toMatchObject({
      status: 'succeeded',
      errors: [],
      read,
      unchanged,
      applied: { inserted, updated, deleted },
      balanced: true,
    });
    expect(await diff(hub.adminKey)).toMatchObject({ changes: [], read: 196, unchanged: 196 });
    // A dealer's own key may not read the dealer's zone.
    const assumed = await diff(key);
    expect(assumed).toMatchObject({ updated: 196, stderr: expect.stringContaining('taken as UTC') });
  } finally {
    await rm(folder, { recursive: true });
  }
});

const soak = process.env.SOAK === '1';
const kills = soak ? 10 : 3;
const size = soak ? 200_000 : 40_000;

test(`${size} rows, the host killed ${kills} times while they are compared and sent: the store ends equal to the file, and the run balances`, async () => {
  const random = randomOf(seed);
  await hub.dealer('big');
  const path = 'big/big_part_stock.csv';
  const rows = new Map(Array.from({ length: size }, (_, n): [string, number] => [`P-${n}`, Math.floor(random() * 9)]));
  const killUntilDone = async (count: number) => {
    for (let killed = 0; killed < kills; killed++) {
      await sleep(500 + random() * 4_000);
      await hub.host.kill('SIGKILL');
      await hub.host.start();
      const runs: Reply['body'][] = await runsOf(hub, path).catch(() => []);
      if (runs.length === count && runs.every(({ status }) => status !== 'running')) return killed + 1;
    }
    return kills;
  };
  for (const round of [1, 2]) {
    await share(hub, path, csv(rows));
    await until(`the run of round ${round}`, async () => (await runsOf(hub, path)).length === round);
    const killed = await killUntilDone(round);
    const run = await runOf(hub, path, round, 400_000);
    expect({ seed, killed, status: run.status, errors: run.errors, ...run.receipt }).toMatchObject({
      status: 'succeeded',
      errors: [],
      balanced: true,
      read: rows.size,
    });
    expect(await quantities('part_stock', 'big')).toEqual(rows);
    for (const part of [...rows.keys()]) {
      const chance = random();
      if (chance < 0.02) rows.delete(part);
      else if (chance < 0.3) rows.set(part, 10 + Math.floor(random() * 9));
      else if (chance < 0.32) rows.set(`${part}-new`, 1);
    }
  }
}, 1_800_000);
