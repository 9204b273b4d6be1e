import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { EntityName } from '../model/entities.ts';
import { type Cell, type OpenTable, packText, type Row, unlessChanged, unpackText } from './tables.ts';

/** What an idempotency key is scoped to. */
export interface IdempotencyScope {
  readonly dealerId: string;
  readonly entity: EntityName;
  readonly sourceId: string | null;
}

/** The answer that the same key and body get again. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/**
 * - `ours`: go on, and end with `finish` or `release`
 * - `answered`: the same request was answered before
 * - `other body`: the key was used for something else
 * - `under way`: somebody is at it
 */
export type Begun =
  | { readonly kind: 'ours'; readonly lease: Lease }
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'other body' }
  | { readonly kind: 'under way'; readonly retryAfterMs: number };

/**
 * The right to work on a request. It is prolonged while the work goes on, and runs out soon after its process died, so
 * that a client that tries again isn't kept waiting.
 */
export interface Lease {
  /** Keeps the answer for 24 hours. False if somebody took the lease over meanwhile: then theirs stands. */
  finish(answer: Answer): Promise<boolean>;
  /** Lets the next try begin at once. */
  release(): Promise<void>;
}

export interface Idempotency {
  begin(scope: IdempotencyScope, key: string, bodyHash: string): Promise<Begun>;
  /** Removes what is past its time at that moment. Answers how many rows went. */
  purge(dealerId: string, at: Date): Promise<number>;
}

export const leaseMs = 30_000;
const renewEveryMs = 10_000;
const rememberMs = 24 * 60 * 60 * 1_000;

/**
 * Idempotency keys in the table `idempotency`, one row a key. Its ETag decides between two at once.
 * @param random text that was never given out before
 */
export function idempotencyIn(openTable: OpenTable, clock: Clock, random: () => string): Idempotency {
  const table = openTable('idempotency');

  const leaseOf = (row: Pick<Row, 'partition' | 'key' | 'etag'>, mine: Mine): Lease => {
    let { etag } = row;
    /** False if somebody took the lease over. A write whose answer was lost has changed the ETag, but not the owner. */
    const put = async (cells: Record<string, Cell>): Promise<boolean> => {
      const replace = async () => {
        etag = await table.replace({ ...row, etag }, cells);
      };
      if (await unlessChanged(replace)) return true;
      const now = await table.get(row.partition, row.key);
      if (now?.cells.owner !== mine.owner) return false;
      etag = now.etag;
      return await unlessChanged(replace);
    };
    let renewing: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      renewing = renewing.then(async () => {
        if (!(await put(leased(mine, clock() + leaseMs)))) clearInterval(timer);
      });
      // The table is out of reach: the next turn tries again, and `finish` will see.
      renewing = renewing.catch(() => {});
    }, renewEveryMs);
    timer.unref();
    const stop = async () => {
      clearInterval(timer);
      await renewing;
    };
    return {
      async finish({ status, body }) {
        await stop();
        const answer = { status, ...packText('answer', JSON.stringify(body)) };
        return await put({ ...leased(mine, clock() + rememberMs), ...answer });
      },
      async release() {
        await stop();
        await unlessChanged(() => table.remove(row.partition, row.key, etag));
      },
    };
  };

  return {
    async begin(scope, key, bodyHash) {
      const { dealerId: partition } = scope;
      const rowKey = keyOf(scope, key);
      const mine = { bodyHash, owner: random() };
      for (let attempt = 0; attempt < 5; attempt++) {
        const now = clock();
        const row = await table.get(partition, rowKey);
        // Written by the try before this one; only its answer was lost.
        if (row?.cells.owner === mine.owner) return { kind: 'ours', lease: leaseOf(row, mine) };
        const known = row === undefined ? undefined : judge(row, bodyHash, now);
        if (known !== undefined) return known;
        const cells = leased(mine, now + leaseMs);
        let etag = '';
        const got = await unlessChanged(async () => {
          etag = row === undefined ? await table.insert(partition, rowKey, cells) : await table.replace(row, cells);
        });
        if (got) return { kind: 'ours', lease: leaseOf({ partition, key: rowKey, etag }, mine) };
      }
      return { kind: 'under way', retryAfterMs: 1_000 };
    },
    async purge(dealerId, at) {
      let removed = 0;
      for await (const row of table.rows(dealerId)) {
        if (untilOf(row) >= at.getTime()) continue;
        await unlessChanged(() => table.remove(row.partition, row.key, row.etag));
        removed++;
      }
      return removed;
    },
  };
}

/** What a row says to a request; `undefined`: its time is over, take it. */
function judge({ cells }: Row, bodyHash: string, now: number): Begun | undefined {
  const until = Number(cells.until);
  if (until < now) return undefined;
  if (cells.body_hash !== bodyHash) return { kind: 'other body' };
  if (typeof cells.status !== 'number') return { kind: 'under way', retryAfterMs: until - now };
  const body: unknown = JSON.parse(unpackText('answer', cells) ?? 'null');
  return { kind: 'answered', answer: { status: cells.status, body } };
}

function untilOf({ cells }: Row): number {
  return Number(cells.until);
}

/** What a lease is recognised by. */
interface Mine {
  readonly bodyHash: string;
  readonly owner: string;
}

/** As text: milliseconds don't fit a table's 32-bit number. */
function leased({ bodyHash, owner }: Mine, until: number): Record<string, Cell> {
  return { body_hash: bodyHash, owner, until: String(until) };
}

function keyOf({ entity, sourceId }: IdempotencyScope, key: string): string {
  return hash('sha256', JSON.stringify([entity, sourceId, key]), 'hex');
}
