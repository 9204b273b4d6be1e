// What is committed late, while somebody polls: six writers with transactions of up to four seconds and rollbacks.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, startHub } from '../helpers/hub.ts';
import { hasMariadb, mariadbAdvice } from '../helpers/mariadb.ts';
import { addPolled, polledAnew, runsOf, setSecret, trigger } from '../helpers/pollHub.ts';
import { hasPostgres, postgresAdvice } from '../helpers/postgres.ts';
import { seed } from '../helpers/seed.ts';
import { randomOf } from '../helpers/stockRows.ts';
import { type WriterLine, type WrittenDatabase, writtenMariadb, writtenPostgres } from '../helpers/writtenDatabase.ts';

const raceMs = process.env.SOAK === '1' ? 40_000 : 12_000;
const writers = 6;
const longestMs = 4_000;
const pollEveryMs = 200;
const leastPolls = 8;
/** The row of a transaction that ends after what came later was read. Nobody writes it again. */
const late = 'late';
/** What an overlap reads again is to be written, or skipped, before what comes later. */
const patienceMs = 240_000;

const servers = [
  ...(hasPostgres ? [{ name: 'PostgreSQL', start: writtenPostgres }] : []),
  ...(hasMariadb ? [{ name: 'MariaDB', start: writtenMariadb }] : []),
];
for (const advice of [...(hasPostgres ? [] : [postgresAdvice]), ...(hasMariadb ? [] : [mariadbAdvice])]) {
  console.warn(advice);
  test.skip(advice, () => undefined);
}

/** What happened at one server. */
interface Race {
  readonly name: string;
  readonly database: WrittenDatabase;
  /** Polled as it is by default. */
  readonly careful: string;
  /** Polled without an overlap. */
  readonly careless: string;
  /** Runs of the careful one. */
  readonly polls: Set<string>;
  commits: number;
  rollbacks: number;
  longest: number;
}

let hub: Hub;
const races: Race[] = [];

beforeAll(async () => {
  [hub] = await Promise.all([startHub(), ...servers.map(join)]);
  await Promise.all(races.map(configure));
  await Promise.all(races.map(race));
}, 600_000);
afterAll(async () => {
  await hub?.end();
  for (const { database } of races) await database.stop();
});

async function join({ name, start }: (typeof servers)[number]): Promise<void> {
  const database = await start();
  const careful = database.connector;
  const counted = { polls: new Set<string>(), commits: 0, rollbacks: 0, longest: 0 };
  races.push({ name, database, careful, careless: `${careful}-careless`, ...counted });
}

async function configure({ database, careful, careless }: Race): Promise<void> {
  await setSecret(hub, careful, database.secret);
  const source = (cursor: object) => ({
    connector: database.connector,
    credential: careful,
    // Short pages, so that rows of one transaction, which are dated the same, lie on both sides of an end.
    settings: { ...database.settings, page_rows: 100 },
    entities: {
      part_stock: {
        mapping: { part_number: 'part_number', on_hand: 'quantity' },
        modified: 'modified',
        ...cursor,
        settings: { table: database.table, key: ['part_number'] },
      },
    },
  });
  await addPolled(hub, careful, source({}));
  await addPolled(hub, careless, source({ cursor: { kind: 'timestamp', overlap_seconds: 0 } }));
}

async function race(of: Race): Promise<void> {
  const { database, careful, careless } = of;
  const end = Date.now() + raceMs;
  // A busy machine takes its time.
  const isOver = () => Date.now() > end && of.polls.size >= leastPolls && hasEndings(of);
  const line = await database.connect();
  for (let n = 0; n < 60; n++) await line.run(insert(`shared-${n}`, 0, database.now));
  // One is late for certain: what is dated after it was read before others could see it.
  const holder = await database.connect();
  await holder.run(...database.begin, insert(late, 0, database.now));
  await line.run(insert('early', 0, database.now));
  for (const dealer of [careful, careless]) await polledAnew(hub, dealer, '?mode=changes');
  await holder.run('COMMIT');
  const writing = Array.from({ length: writers }, (_, writer) => write(of, writer, isOver));
  const polling = [careful, careless].map(async (dealer) => {
    for (let n = 1; !isOver(); n++) {
      // Now and then it is looked for what was deleted meanwhile.
      const runs = (await trigger(hub, dealer, n % 6 === 0 ? '?mode=keys' : '?mode=changes')) ?? [];
      if (dealer === careful) for (const run of runs) of.polls.add(run);
      await sleep(pollEveryMs);
    }
  });
  await Promise.all([...writing, ...polling]);
  for (const dealer of [careful, careless]) {
    await polledAnew(hub, dealer, '?mode=changes', patienceMs);
    await polledAnew(hub, dealer, '?mode=keys', patienceMs);
  }
}

/** Some transactions of both kinds, and one that took as long as any may. */
function hasEndings({ commits, rollbacks, longest }: Race): boolean {
  return Math.min(commits, rollbacks) > 3 && longest >= longestMs - 10;
}

const insert = (part: string, quantity: number, time: string) =>
  `INSERT INTO stock (part_number, quantity, modified) VALUES ('${part}', ${quantity}, ${time})`;

/**
 * One transaction after another: rows of its own, dated when the transaction began, which is long before others can see
 * them, and rows that all write, dated once their locks are held, so that their dates don't go back. What it writes is
 * never written twice.
 */
async function write(of: Race, writer: number, isOver: () => boolean): Promise<void> {
  const { database } = of;
  const { began, now } = database;
  const random = randomOf(seed + writer);
  const line = await database.connect();
  let own: readonly string[] = [];
  let quantity = writer;
  let made = 0;
  const some = (share: number) => own.filter(() => random() < share);
  const next = () => {
    quantity += writers;
    return quantity;
  };
  for (let n = 0; !isOver(); n++) {
    const begun = Date.now();
    await line.run(...database.begin);
    const added = Array.from({ length: Math.floor(random() * 30) }, () => `own-${writer}-${made++}`);
    // Few: a sweep that finds too many gone asks a person.
    const gone = new Set(n % 3 === 0 ? own.slice(-1) : []);
    for (const part of added) await line.run(insert(part, next(), began));
    for (const part of gone) await line.run(`DELETE FROM stock WHERE part_number = '${part}'`);
    for (const part of some(0.2)) await line.run(update(part, next(), began));
    const isKept = (await updateShared(line, random, next, now)) && n % 4 !== 3;
    // Most are short, as they are in real life.
    await sleep(longestMs * (n % 5 === 2 ? 1 : random() ** 3));
    await line.run(isKept ? 'COMMIT' : 'ROLLBACK');
    if (isKept) {
      own = [...own.filter((part) => !gone.has(part)), ...added];
      of.commits++;
      of.longest = Math.max(of.longest, Date.now() - begun);
    } else of.rollbacks++;
  }
}

const update = (part: string, quantity: number, time: string) =>
  `UPDATE stock SET quantity = ${quantity}, modified = ${time} WHERE part_number = '${part}'`;

/** False where another one was in the way for too long. */
async function updateShared(line: WriterLine, random: () => number, next: () => number, now: string): Promise<boolean> {
  const parts = [0, 1].map(() => `shared-${Math.floor(random() * 60)}`).sort();
  try {
    for (const part of new Set(parts)) {
      await line.run(`SELECT quantity FROM stock WHERE part_number = '${part}' FOR UPDATE`);
      await line.run(update(part, next(), now));
    }
    return true;
  } catch {
    return false;
  }
}

async function held(dealer: string): Promise<Map<string, number>> {
  const records = await hub.records(dealer, 'part_stock');
  return new Map([...records.values()].map(({ data }) => [data.part_number, data.on_hand]));
}

/** Parts that are held otherwise than they are in the table, or not at all. */
async function differing(dealer: string, table: ReadonlyMap<string, number>): Promise<string[]> {
  const records = await held(dealer);
  const names = new Set([...table.keys(), ...records.keys()]);
  return [...names]
    .filter((name) => table.get(name) !== records.get(name))
    .map((name) => `${name}: ${table.get(name)}, held ${records.get(name)}`);
}

describe.each(servers)(`a table of $name that is written by ${writers} at a time (SEED=${seed})`, ({ name }) => {
  const at = () => {
    const found = races.find((each) => each.name === name);
    if (found === undefined) throw new Error(`There was no race at ${name}.`);
    return found;
  };

  test('is what the store holds, polled as it is by default', async () => {
    const { database, careful, polls } = at();
    const table = await database.content();
    expect(table.size).toBeGreaterThan(100);
    expect(polls.size).toBeGreaterThanOrEqual(leastPolls);
    expect(hasEndings(at())).toBe(true);
    expect(await differing(careful, table)).toEqual([]);
  });

  test('has runs that all balance', async () => {
    const runs = await runsOf(hub, at().careful);
    expect(runs.length).toBeGreaterThan(leastPolls);
    for (const { run_id } of runs) {
      const { status, receipt, errors } = await hub.closed(run_id);
      expect({ run_id, status, balanced: receipt.balanced, errors }).toMatchObject({
        status: 'succeeded',
        balanced: true,
        errors: [],
      });
    }
  });

  test('and loses rows without the overlap: this race can tell', async () => {
    const { database, careless } = at();
    expect(await differing(careless, await database.content())).toContain(`${late}: 0, held undefined`);
  });
});
