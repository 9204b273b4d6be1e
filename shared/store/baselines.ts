import type { Clock } from '../clock.ts';
import { AdpError } from '../errors.ts';
import type { BaselineLease, BaselineState, Baselines } from '../sync/diff/baselines.ts';
import { type Cell, type OpenTable, packText, type Row, unpackText } from './tables.ts';

/** Of the lease: enough to be prolonged in spite of an outage, short enough that nobody waits long for the dead. */
const leaseMs = 60_000;
const renewEveryMs = 20_000;
const tries = 5;

/** The baselines with what only the purge needs. */
interface KeptBaselines extends Baselines {
  /** Removes all rows of a dealer. Who holds a lease of one is told when it saves. */
  purge(dealerId: string): Promise<void>;
}

/**
 * Baselines in the table `baselines`: a partition a dealer, a row a source's entity.
 * @param newSeed 16 hex digits, random
 */
export function baselinesIn(openTable: OpenTable, clock: Clock, newSeed: () => string): KeptBaselines {
  const table = openTable('baselines');

  const leaseOf = (taken: Omit<Row, 'cells'>, first: BaselineState, owner: string): BaselineLease => {
    let { etag } = taken;
    let state = first;
    let lost: AdpError | undefined;
    let turn: Promise<void> = Promise.resolve();
    /** One write at a time: each needs the ETag of the one before. */
    const write = (next: () => Record<string, Cell>): Promise<void> => {
      const mine = turn.then(async () => {
        if (lost !== undefined) throw lost;
        try {
          etag = await table.replace({ ...taken, etag }, next());
        } catch (error) {
          if (error instanceof AdpError && error.code === 'CONFLICT') lost = error;
          throw error;
        }
      });
      turn = mine.catch(() => undefined);
      return mine;
    };
    const timer = setInterval(() => {
      // Whoever saves next is told if the lease was lost.
      write(() => toCells(state, owner, clock() + leaseMs)).catch(() => undefined);
    }, renewEveryMs);
    timer.unref();
    return {
      get state() {
        return state;
      },
      async save(next) {
        await write(() => toCells(next, owner, clock() + leaseMs));
        state = next;
      },
      async release() {
        clearInterval(timer);
        await write(() => toCells(state, '', 0)).catch(() => undefined);
      },
    };
  };

  return {
    async take({ dealerId, entity, sourceId }, owner) {
      const key = `${entity}.${sourceId ?? ''}`;
      for (let attempt = 0; attempt < tries; attempt++) {
        const row = await table.get(dealerId, key);
        const now = clock();
        const left = row === undefined || row.cells.owner === owner ? 0 : Number(row.cells.until) - now;
        if (left > 0) return { retryAfterMs: Math.min(left, leaseMs) };
        const state = row === undefined ? { seed: newSeed(), isDoubtful: false } : stateOf(row);
        const cells = toCells(state, owner, now + leaseMs);
        try {
          const etag = row === undefined ? await table.insert(dealerId, key, cells) : await table.replace(row, cells);
          return leaseOf({ partition: dealerId, key, etag }, state, owner);
        } catch (error) {
          if (!(error instanceof AdpError && error.code === 'CONFLICT')) throw error;
        }
      }
      return { retryAfterMs: 1_000 };
    },
    async purge(dealerId) {
      for await (const { partition, key } of table.rows(dealerId)) await table.remove(partition, key);
    },
  };
}

/** Milliseconds don't fit a table's 32-bit number. */
function toCells(state: BaselineState, owner: string, until: number): Record<string, Cell> {
  return { ...packText('state', JSON.stringify(state)), owner, until: String(until) };
}

/** What is there was written by `toCells`. */
function stateOf(row: Row): BaselineState {
  return JSON.parse(unpackText('state', row.cells) ?? '') as BaselineState;
}
