// The host is killed while it polls: in its first read of a large table, and while changes are polled.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Gate, startGate } from '../helpers/gate.ts';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { addPolled, polledAnew, putSource, runsOf, setSecret, statusOf, trigger } from '../helpers/pollHub.ts';
import { hasPostgres, postgresAdvice } from '../helpers/postgres.ts';
import { seed } from '../helpers/seed.ts';
import { randomOf } from '../helpers/stockRows.ts';
import { type WrittenDatabase, writtenPostgres } from '../helpers/writtenDatabase.ts';

const soak = process.env.SOAK === '1';
const rows = soak ? 300_000 : 30_000;
const kills = soak ? 10 : 3;
const pages = 150;
/** Shorter than the default, so that what a cursor skips is not read again by luck; longer than any commit takes. */
const overlapSeconds = 5;
const patienceMs = soak ? 600_000 : 150_000;
/** Of a whole test, which waits several times. */
const limitMs = 3 * patienceMs;

if (!hasPostgres) console.warn(postgresAdvice);
const ifPostgres = hasPostgres ? test : test.skip;

let hub: Hub;
let database: WrittenDatabase;
/** On the hub's way to the database. */
let gate: Gate;
const random = randomOf(seed);
/** Ends what a test does beside itself, also where it fails. */
let isOver = false;

beforeAll(async () => {
  if (!hasPostgres) return;
  [hub, database] = await Promise.all([startHub({ RUN_GIVE_UP_MINUTES: '1' }), writtenPostgres()]);
  gate = await startGate(database.secret);
  await setSecret(hub, 'acme-dms', gate.url);
});
beforeEach(() => {
  isOver = false;
});
afterEach(() => {
  isOver = true;
});
afterAll(async () => {
  await hub?.end();
  await gate?.close();
  await database?.stop();
});

const source = (page_rows: number) => ({
  connector: database.connector,
  credential: 'acme-dms',
  // To connect takes as long as the gate does.
  settings: { ...database.settings, page_rows, connect_timeout_ms: 60_000 },
  entities: {
    part_stock: {
      mapping: { part_number: 'part_number', on_hand: 'quantity' },
      modified: 'modified',
      cursor: { kind: 'timestamp', overlap_seconds: overlapSeconds },
      settings: { table: database.table, key: ['part_number'] },
    },
  },
});

/** What the status said, again and again, for as long as somebody answered. */
interface Watched {
  readonly seen: readonly Seen[];
  /** Resolves after a look that began later than the call. */
  look(): Promise<void>;
  stop(): Promise<void>;
}
interface Seen {
  readonly cursor: string | null;
  readonly run: string | undefined;
  readonly pages: number;
  readonly rows: number;
}

function watch(): Watched {
  const seen: Seen[] = [];
  let isStopped = false;
  let next = Promise.withResolvers<void>();
  const watching = (async () => {
    while (!isStopped && !isOver) {
      const now = next;
      next = Promise.withResolvers();
      const entity = (await statusOf(hub, 'acme'))?.entities.part_stock;
      if (entity !== undefined) {
        const { run_id: run, pages: done = 0, rows: read = 0 } = entity.reading ?? {};
        seen.push({ cursor: entity.cursor, run, pages: done, rows: read });
      }
      now.resolve();
      await sleep(25);
    }
    next.resolve();
  })();
  return {
    seen,
    look: () => next.promise,
    async stop() {
      isStopped = true;
      await watching;
    },
  };
}

/** A cursor never goes back, nor do the pages of a run. */
function expectForwards(seen: readonly Seen[]): void {
  const backwards = seen.filter((now, i) => {
    const before = seen[i - 1];
    if (before === undefined) return false;
    if (before.cursor !== null && (now.cursor === null || timeOf(now.cursor) < timeOf(before.cursor))) return true;
    return now.run !== undefined && now.run === before.run && (now.pages < before.pages || now.rows < before.rows);
  });
  expect(backwards).toEqual([]);
}

/** Of one length, for comparison. What the database wrote after the fraction is the same for all: its zone, the clock. */
const timeOf = (cursor: string) => {
  const [, date = '', time = '', fraction = ''] = /^([\d-]{10})[T ]([\d:]{8})(?:\.(\d+))?/.exec(cursor) ?? [];
  if (date === '') throw new Error(`This cursor is no time: ${cursor}`);
  return `${date} ${time}.${fraction.padEnd(6, '0')}`;
};

async function killHost(): Promise<void> {
  await hub.host.kill('SIGKILL');
  await hub.host.start();
}

async function held(): Promise<Map<string, number>> {
  const records = await hub.records('acme', 'part_stock');
  return new Map([...records.values()].map(({ data }) => [data.part_number, data.on_hand]));
}

async function expectHeldAsInTable(): Promise<void> {
  const [table, records] = [await database.content(), await held()];
  const names = new Set([...table.keys(), ...records.keys()]);
  const wrong = [...names].filter((name) => table.get(name) !== records.get(name));
  expect(wrong.map((name) => [name, table.get(name), records.get(name)])).toEqual([]);
}

ifPostgres(
  `a first read of ${rows} rows, during which the host is killed ${kills} times, reads each row once (SEED=${seed})`,
  async () => {
    const line = await database.connect();
    await line.run(
      `INSERT INTO stock SELECT 'P-' || lpad(n::text, 7, '0'), n, timestamptz '2026-05-01T00:00:00Z' + n * interval '1 second'
       FROM generate_series(1, ${rows}) AS g(n)`,
    );
    await addPolled(hub, 'acme', source(rows / pages));
    const watched = watch();
    // No page is asked for before it was seen how far the read is: it is not over before the kills.
    gate.before = watched.look;
    const [run = ''] = (await trigger(hub, 'acme')) ?? [];
    for (let kill = 0; kill < kills; kill++) {
      const from = Math.floor(((kill + random()) / kills) * (pages - 10));
      const at = () => watched.seen.findLast((each) => each.run === run);
      await until(`page ${from} of ${JSON.stringify(at())}`, () => (at()?.pages ?? 0) >= from, patienceMs);
      await sleep(random() * 60);
      await killHost();
    }
    const closed: Reply['body'] = await hub.closed(run, patienceMs);
    gate.before = async () => undefined;
    await watched.stop();
    expect(closed).toMatchObject({
      status: 'succeeded',
      receipt: { read: rows, rejected: 0, repeated: 0, applied: { inserted: rows, updated: 0 }, balanced: true },
    });
    expectForwards(watched.seen);
    // The cursor is told with the last page, and not before.
    expect(watched.seen.filter(({ run: reading, cursor }) => reading === run && cursor !== null)).toEqual([]);
    expect(new Set(watched.seen.map((each) => each.pages)).size).toBeGreaterThan(kills * 3);
    await expectHeldAsInTable();
  },
  limitMs,
);

ifPostgres(
  `changes that are polled while the host is killed ${kills} times are all held in the end (SEED=${seed})`,
  async () => {
    await putSource(hub, 'acme', source(100));
    const watched = watch();
    let written = 0;
    const writing = (async () => {
      const line = await database.connect();
      for (; !isOver; written++) {
        const parts = Array.from(
          { length: 60 },
          () => `'P-${String(1 + Math.floor(random() * rows)).padStart(7, '0')}'`,
        );
        await line.run(
          `UPDATE stock SET quantity = ${rows + written}, modified = clock_timestamp() WHERE part_number IN (${parts})`,
          `INSERT INTO stock VALUES ('N-${written}', ${written}, clock_timestamp())`,
        );
        await sleep(150);
      }
    })();
    const polling = (async () => {
      while (!isOver) {
        await trigger(hub, 'acme');
        await sleep(100);
      }
    })();
    for (let kill = 0; kill < kills; kill++) {
      await sleep(1_500 + random() * 2_500);
      await until('a poll is under way', () => watched.seen.at(-1)?.run !== undefined, patienceMs);
      await sleep(random() * 200);
      await killHost();
    }
    // What was skipped before the last kill would not be read again by now.
    await sleep(overlapSeconds * 1_000);
    const cursors = () => new Set(watched.seen.map(({ cursor }) => cursor)).size;
    await until('more polls than kills', () => cursors() > kills + 1, patienceMs);
    isOver = true;
    await Promise.all([writing, polling]);
    await polledAnew(hub, 'acme', '', patienceMs);
    await watched.stop();
    expectForwards(watched.seen);

    // A trigger that died before it had started anything leaves runs that never read a row, and are given up.
    const isOrphan = ({ status, receipt }: Reply['body']) => status === 'failed' && receipt.read === 0;
    const ended = [];
    for (const { run_id } of await runsOf(hub, 'acme')) ended.push(await hub.closed(run_id, patienceMs));
    const orphans = ended.filter(isOrphan);
    expect(orphans.length).toBeLessThanOrEqual(kills);
    for (const { run_id, status, receipt, errors } of ended.filter((each) => !isOrphan(each))) {
      const outcome = { run_id, status, balanced: receipt.balanced };
      // Whole, so that a failure says why.
      const said = status === 'succeeded' ? [] : [errors, receipt];
      expect([outcome, ...said]).toEqual([{ run_id, status: 'succeeded', balanced: true }]);
    }
    expect(ended.length - orphans.length).toBeGreaterThan(kills);
    await expectHeldAsInTable();
  },
  limitMs,
);
