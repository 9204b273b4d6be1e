// What people do to a table while it is read, page by page: a column goes, rows go and come.

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Gate, startGate } from '../helpers/gate.ts';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { addPolled, polledAnew, runsOf, setSecret, statusOf, trigger } from '../helpers/pollHub.ts';
import { hasPostgres, postgresAdvice } from '../helpers/postgres.ts';
import { type WriterLine, type WrittenDatabase, writtenPostgres } from '../helpers/writtenDatabase.ts';

const rows = 600;
const part = (n: number) => `P-${String(n).padStart(4, '0')}`;

let hub: Hub;
let database: WrittenDatabase;
/** On the hub's way to the database. */
let gate: Gate;
let line: WriterLine;

if (!hasPostgres) console.warn(postgresAdvice);

beforeAll(async () => {
  if (!hasPostgres) return;
  [hub, database] = await Promise.all([startHub(), writtenPostgres()]);
  gate = await startGate(database.secret);
  await setSecret(hub, 'dms', gate.url);
  line = await database.connect();
});
afterEach(() => {
  goOn();
});
afterAll(async () => {
  await hub?.end();
  await gate?.close();
  await database?.stop();
});

/** A dealer whose table is read fifty rows a page. */
async function dealerOf(dealer: string): Promise<void> {
  await line.run(
    'TRUNCATE stock',
    `INSERT INTO stock SELECT 'P-' || lpad(n::text, 4, '0'), n, now() FROM generate_series(1, ${rows}) AS g(n)`,
  );
  await addPolled(hub, dealer, {
    connector: database.connector,
    credential: 'dms',
    // To connect takes as long as the gate does.
    settings: { ...database.settings, page_rows: 50, connect_timeout_ms: 60_000 },
    entities: {
      part_stock: {
        mapping: { part_number: 'part_number', on_hand: 'quantity' },
        modified: 'modified',
        settings: { table: database.table, key: ['part_number'] },
      },
    },
  });
}

/** Lets a read go on that stands still. */
let goOn = () => {};

/** A poll that stands still until `goOn`, some of its pages read and others not asked for yet. */
async function begun(dealer: string, query = ''): Promise<string> {
  const going = Promise.withResolvers<void>();
  const standing = Promise.withResolvers<{ run_id: string; pages: number }>();
  goOn = () => {
    gate.before = async () => undefined;
    going.resolve();
  };
  // Each statement of the hub is one page, and locks nothing once it is answered.
  gate.before = async () => {
    const reading = (await statusOf(hub, dealer))?.entities.part_stock.reading;
    if (reading === null || reading === undefined || reading.pages < 4) return;
    standing.resolve(reading);
    await going.promise;
  };
  const known = new Set((await runsOf(hub, dealer)).map(({ run_id }) => run_id));
  await until('a new run', async () => (await trigger(hub, dealer, query))?.some((id) => !known.has(id)));
  let reading: { run_id: string; pages: number } | undefined;
  standing.promise.then((at) => {
    reading = at;
  });
  const { run_id, pages } = await until('some pages are read', () => reading);
  expect(pages).toBeLessThan(rows / 50 - 2);
  return run_id;
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
    goOn();
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
    // What came before is held as it was, and nothing of it without the column. A run that failed doesn't wait for it.
    const before = await until('what came before is held', async () => {
      const records = await held('altered');
      return records.size > 100 && records;
    });
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
    goOn();
    const swept = await hub.closed(run);
    expect(swept).toMatchObject({ status: 'succeeded', receipt: { upserts: 0, deletes: 1, balanced: true } });
    const after = await held('swept');
    expect([after.has(part(3)), after.has(part(rows - 3)), after.size]).toEqual([true, false, rows - 1]);

    await polledAnew(hub, 'swept');
    expect(await polledAnew(hub, 'swept', '?mode=keys')).toMatchObject({ receipt: { deletes: 1 } });
    expect(sorted(await held('swept'))).toEqual(sorted(await database.content()));
  });
});
