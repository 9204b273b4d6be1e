import { expect } from '@jest/globals';
import type { Connection } from '../../shared/connectors/connector.ts';
import { until } from './poll.ts';
import {
  createPoller,
  lostBy,
  type Poller,
  type RaceDatabase,
  randomOf,
  throughDate,
  withoutTies,
  withPlaces,
  write,
} from './pollRace.ts';
import { seed } from './seed.ts';
import { openWorld, queryOf } from './sqlWorld.ts';

/** Rows whose fate is certain, whatever the writers do meanwhile. */
const late = 1;
const early = 2;
const ties = Array.from({ length: 40 }, (_, i) => 100 + i);
const neighbours = Array.from({ length: 40 }, (_, i) => 200 + i);

/**
 * Six writers, and pollers side by side: one as it is, and three with a mistake each. All see the same history, in which
 * one transaction commits late for certain, forty rows have one time, and forty others differ by microseconds.
 */
export async function raceOf(database: RaceDatabase, source: Parameters<typeof openWorld>[0]): Promise<void> {
  const opened: Connection[] = [];
  const connect = async () => {
    const connection = await openWorld(source, { concurrency: 1 });
    opened.push(connection);
    return connection;
  };
  try {
    await race(database, connect);
  } finally {
    for (const connection of opened) await connection.close();
  }
}

async function race(database: RaceDatabase, connect: () => Promise<Connection>): Promise<void> {
  const query = (overlapSeconds?: number) =>
    queryOf({ table: database.table }, { cursor: 'modified', ...(overlapSeconds !== undefined && { overlapSeconds }) });
  const pollers = {
    asItIs: createPoller(await connect(), query()),
    withoutOverlap: createPoller(await connect(), query(0)),
    withoutTies: createPoller(withPlaces(await connect(), withoutTies), query()),
    throughDate: createPoller(withPlaces(await connect(), throughDate), query()),
  };
  const all: readonly Poller[] = Object.values(pollers);
  let isOver = false;
  const polling = Promise.all(
    all.map(async (poller) => {
      while (!isOver) {
        const next = new Promise((resolve) => setTimeout(resolve, 200));
        await poller.poll();
        await next;
      }
      await poller.poll();
    }),
  );
  const run = await database.writer();
  const insert = (id: number, modified: string) =>
    run(`INSERT INTO ${database.table} (id, note, modified) VALUES (${id}, 'n${id}', ${modified})`);
  // Cursors stand somewhere before anything happens.
  await insert(0, database.now);
  await until('all have begun', () => all.every(({ store }) => store.has(0)));
  const load = write(database, { writers: 6, forMs: 10_000, transactionMs: 4_000, random: randomOf(seed) });

  const holder = await database.writer();
  await holder('BEGIN');
  await holder(`INSERT INTO ${database.table} (id, note, modified) VALUES (${late}, 'n${late}', ${database.now})`);
  await insert(early, database.now);
  await until('all are beyond it', () => all.every(({ store }) => store.has(early)));
  // A cursor is saved with the page that was taken; the next read begins beyond the late one.
  await until('the late one is not there yet', () => all.every(({ store }) => !store.has(late)));
  await holder('COMMIT');

  const second = await database.clock();
  await run('BEGIN');
  for (const id of ties) await insert(id, `'${second}.123456'`);
  for (const id of neighbours) await insert(id, `'${second}.0006${String(id - 200).padStart(2, '0')}'`);
  await run('COMMIT');

  await load;
  isOver = true;
  await polling;
  const rows = await database.rows();
  const lost = Object.fromEntries(Object.entries(pollers).map(([name, poller]) => [name, lostBy(poller, rows)]));
  // The writers wrote something, too: beside these, the first row, the early and the late one.
  expect(rows.size).toBeGreaterThan(ties.length + neighbours.length + 3);
  expect(lost.asItIs).toEqual([]);
  // What was rolled back was never there.
  expect([...pollers.asItIs.store.keys()].filter((id) => !rows.has(id))).toEqual([]);
  // That the race can see losses:
  expect(lost.withoutOverlap).toContain(late);
  expect(ties.filter((id) => lost.withoutTies?.includes(id)).length).toBeGreaterThan(20);
  expect(neighbours.filter((id) => lost.throughDate?.includes(id)).length).toBeGreaterThan(20);
  process.stderr.write(
    `pollRace SEED=${seed}: ${rows.size} rows; lost ${Object.entries(lost)
      .map(([name, ids]) => `${name} ${ids.length}`)
      .join(', ')}\n`,
  );
}
