// What people do to a table while it is read, page by page: a column goes, rows go and come.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { addPolled, polledAnew, setSecret, statusOf, trigger } from '../helpers/pollHub.ts';
import { hasPostgres, postgresAdvice } from '../helpers/postgres.ts';
import { type WriterLine, type WrittenDatabase, writtenPostgres } from '../helpers/writtenDatabase.ts';

const rows = 600;
const part = (n: number) => `P-${String(n).padStart(4, '0')}`;

let hub: Hub;
let database: WrittenDatabase;
let line: WriterLine;

if (!hasPostgres) console.warn(postgresAdvice);

beforeAll(async () => {
  if (!hasPostgres) return;
  [hub, database] = await Promise.all([startHub(), writtenPostgres()]);
  await setSecret(hub, 'dms', database.secret);
  line = await database.connect();
});
afterAll(async () => {
  await hub?.end();
  await database?.stop();
});

/** A dealer whose table is read fifty rows a page, four pages a second: slowly enough to do something in between. */
async function dealerOf(dealer: string): Promise<void> {
  await line.run(
    'TRUNCATE stock',
    `INSERT INTO stock SELECT 'P-' || lpad(n::text, 4, '0'), n, now() FROM generate_series(1, ${rows}) AS g(n)`,
  );
  await addPolled(hub, dealer, {
    connector: database.connector,
    credential: 'dms',
    limits: { rows_per_second: 200 },
    settings: { ...database.settings, page_rows: 50 },
    entities: {
      part_stock: {
        mapping: { part_number: 'part_number', on_hand: 'quantity' },
        modified: 'modified',
        settings: { table: database.table, key: ['part_number'] },
      },
    },
  });
}

/** A poll that is under way, some of its pages read and others not. */
async function begun(dealer: string, query = ''): Promise<string> {
  let reading: { run_id: string; pages: number } | undefined;
  const known = (await hub.call('GET', `dealers/${dealer}/runs`)).body.items.length;
  await until('a new run', async () => {
    await trigger(hub, dealer, query);
    return (await hub.call('GET', `dealers/${dealer}/runs`)).body.items.length > known;
  });
  await until('some pages are read', async () => {
    const { reading: now } = (await statusOf(hub, dealer)).entities.part_stock;
    if (now !== null) reading = now;
    return now !== null && now.pages >= 4;
  });
  expect(reading?.pages).toBeLessThan(rows / 50 - 2);
  return reading?.run_id ?? '';
}

async function held(dealer: string): Promise<Map<string, number>> {
  const records = await hub.records(dealer, 'part_stock');
  return new Map([...records.values()].map(({ data }) => [data.part_number, data.on_hand]));
}

const sorted = (content: ReadonlyMap<string, number>) => [...content].sort();

(hasPostgres ? describe : describe.skip)('while a table is read', () => {
  test('a column that goes stops it, and the source says which; once it is back all is read', async () => {
    await dealerOf('altered');
    const run = await begun('altered');
    await line.run('ALTER TABLE stock RENAME COLUMN quantity TO amount');
    const closed = await hub.closed(run);
    expect(closed).toMatchObject({
      status: 'failed',
      errors: [{ code: 'MAPPING_ERROR', detail: expect.stringContaining('quantity') }],
    });
    const status = await until('it is parked', async () => {
      const now = await statusOf(hub, 'altered');
      return now.parked === null ? undefined : now;
    });
    expect(status).toMatchObject({
      parked: { code: 'MAPPING_ERROR', advice: expect.stringContaining('trigger') },
      entities: { part_stock: { cursor: null } },
    });
    // What came before is held as it was, and nothing of it without the column.
    const before = await held('altered');
    expect(before.size).toBeGreaterThan(100);
    for (const [name, quantity] of before) expect(name).toBe(part(quantity));

    await line.run('ALTER TABLE stock RENAME COLUMN amount TO quantity');
    expect(await polledAnew(hub, 'altered')).toMatchObject({ status: 'succeeded' });
    expect(sorted(await held('altered'))).toEqual(sorted(await database.content()));
  });

  test('a column that comes is told, and changes nothing', async () => {
    await dealerOf('wider');
    await polledAnew(hub, 'wider');
    await line.run('ALTER TABLE stock ADD COLUMN shelf text');
    await line.run("UPDATE stock SET quantity = 0, modified = clock_timestamp() WHERE part_number = 'P-0001'");
    const next = await polledAnew(hub, 'wider');
    expect(next).toMatchObject({ status: 'succeeded', notes: [expect.stringContaining('shelf')] });
    expect(sorted(await held('wider'))).toEqual(sorted(await database.content()));
    await line.run('ALTER TABLE stock DROP COLUMN shelf');
  });

  test('rows that go and come during a sweep of keys cost no other row its record', async () => {
    await dealerOf('swept');
    await polledAnew(hub, 'swept');
    const run = await begun('swept', '?mode=keys');
    // Behind where the sweep is, before it, and a row that is new to all.
    const gone = [part(3), part(rows - 3)];
    await line.run(
      `DELETE FROM stock WHERE part_number IN (${gone.map((name) => `'${name}'`)})`,
      `INSERT INTO stock VALUES ('P-0003x', 1, clock_timestamp()), ('P-0597x', 2, clock_timestamp())`,
    );
    const swept = await hub.closed(run);
    expect(swept).toMatchObject({ status: 'succeeded', receipt: { upserts: 0, deletes: 1, balanced: true } });
    const after = await held('swept');
    expect([after.has(part(3)), after.has(part(rows - 3)), after.size]).toEqual([true, false, rows - 1]);

    await polledAnew(hub, 'swept');
    expect(await polledAnew(hub, 'swept', '?mode=keys')).toMatchObject({ receipt: { deletes: 1 } });
    expect(sorted(await held('swept'))).toEqual(sorted(await database.content()));
  });
});
