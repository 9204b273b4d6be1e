import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, Query, Read } from '../../shared/connectors/connector.ts';
import type { JsonValue } from '../../shared/model/json.ts';
import { throughStore } from './readToEnd.ts';
import { readWhole } from './sqlWorld.ts';

/** A table `id`, `note`, `modified`, of which only writers know what is in it. */
export interface RaceDatabase {
  /** As it stands in SQL. */
  readonly table: string;
  /** SQL of the time by which a row is dated. */
  readonly now: string;
  /** A login of its own that may write. */
  writer(): Promise<(sql: string) => Promise<unknown>>;
  /** The database's clock in UTC, whole seconds: `2026-05-01 10:00:00`. */
  clock(): Promise<string>;
  /** What the table holds: id → note. */
  rows(): Promise<ReadonlyMap<number, string>>;
}

interface Held {
  readonly note: string;
  readonly modified: string;
}

/** Reads changes again and again into a store of its own, as the hub does: a row stands unless a later one is held. */
export interface Poller {
  readonly store: ReadonlyMap<number, Held>;
  poll(): Promise<void>;
}

export function createPoller(connection: Connection, query: Query, pageRows = 7): Poller {
  const store = new Map<number, Held>();
  let cursor: string | undefined;
  return {
    store,
    async poll() {
      const whole = await readWhole(connection, query, { cursor, pageRows });
      cursor = whole.cursor;
      for (const { id, note, modified } of whole.rows) {
        const row = { note: String(note), modified: toMicroseconds(String(modified)) };
        const held = store.get(Number(id));
        if (held === undefined || held.modified <= row.modified) store.set(Number(id), row);
      }
    },
  };
}

/** Comparable as text. */
function toMicroseconds(time: string): string {
  const [seconds = '', fraction = ''] = time.replace('Z', '').split('.');
  return `${seconds}.${fraction.padEnd(6, '0')}`;
}

type Place = (after: readonly string[]) => readonly string[];

/** As if pages went on by `modified > last` alone: no id is greater. */
export const withoutTies: Place = ([modified = '', , ...rest]) => [modified, '2147483647', ...rest];

/** As if a page's end went through a JavaScript Date, whose milliseconds are whole; rounded down, pages would have no end. */
export const throughDate: Place = ([modified = '', ...rest]) => [
  new Date(Math.ceil(Date.parse(`${modified.slice(0, 19).replace(' ', 'T')}Z`) + fractionOf(modified) * 1_000))
    .toISOString()
    .replace('Z', modified.endsWith('Z') ? 'Z' : modified.endsWith('+00') ? '+00' : ''),
  ...rest,
];

function fractionOf(time: string): number {
  return Number(/\.\d+/.exec(time)?.[0] ?? 0);
}

/** The same connection, but for where its pages go on: a mistake that the race must be able to see. */
export function withPlaces(connection: Connection, mistake: Place): Connection {
  return {
    ...connection,
    pull: (query: Query, read: Read, place, maxRows, signal) =>
      connection.pull(query, read, place === undefined ? undefined : misplaced(place, mistake), maxRows, signal),
  };
}

function misplaced(place: JsonValue, mistake: Place): JsonValue {
  const copy = throughStore(place);
  if (typeof copy !== 'object' || copy === null || !('after' in copy) || !Array.isArray(copy.after)) {
    throw new Error('A page goes on after a row.');
  }
  return { ...copy, after: mistake(copy.after.map(String)) };
}

/** mulberry32 */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Load {
  readonly writers: number;
  readonly forMs: number;
  /** A transaction takes up to this. */
  readonly transactionMs: number;
  readonly random: () => number;
}

/**
 * Writers that insert and change rows of their own, several a transaction, dated when they are written, and visible only
 * later, or never: one transaction of four is rolled back.
 */
export async function write(database: RaceDatabase, { writers, forMs, transactionMs, random }: Load): Promise<void> {
  const until = Date.now() + forMs;
  const work = async (writer: number): Promise<void> => {
    const run = await database.writer();
    const mine: number[] = [];
    for (let round = 0; Date.now() < until; round++) {
      const written: number[] = [];
      await run('BEGIN');
      const statements = 1 + Math.floor(random() * 5);
      for (let statement = 0; statement < statements; statement++) {
        const note = `'w${writer}.${round}.${statement}'`;
        const known = mine[Math.floor(random() * mine.length)];
        if (known === undefined || random() < 0.6) {
          const id = 1_000_000 * (writer + 1) + 100 * round + statement;
          await run(`INSERT INTO ${database.table} (id, note, modified) VALUES (${id}, ${note}, ${database.now})`);
          written.push(id);
        } else {
          await run(`UPDATE ${database.table} SET note = ${note}, modified = ${database.now} WHERE id = ${known}`);
        }
        await sleep((random() * transactionMs) / statements);
      }
      const isKept = random() < 0.75;
      await run(isKept ? 'COMMIT' : 'ROLLBACK');
      if (isKept) mine.push(...written);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => work(writer)));
}

/** Ids whose last state a poller does not have. */
export function lostBy({ store }: Poller, rows: ReadonlyMap<number, string>): number[] {
  return [...rows].flatMap(([id, note]) => (store.get(id)?.note === note ? [] : [id]));
}
