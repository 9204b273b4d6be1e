import type { Clock } from '../clock.ts';
import type { Leases } from '../credentials/leases.ts';
import { type Cell, type OpenTable, unlessChanged } from './tables.ts';

const attempts = 5;

/**
 * Leases in the table `leases`, one row each. Its ETag decides between two at once. Rows go when they are released; what
 * died with one leaves a row that the next one takes over.
 * @param owner of this instance; text that no other one has
 */
export function leasesIn(openTable: OpenTable, clock: Clock, owner: string): Leases {
  const table = openTable('leases');
  const key = 'lease';
  return {
    async take(name, forMs) {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const now = clock();
        const row = await table.get(name, key);
        const until = Number(row?.cells.until ?? 0);
        // A clock that was wrong must not lock everyone out for longer than a lease lasts.
        const forMsMore = Math.min(until - now, Number(row?.cells.for_ms ?? 0));
        if (row !== undefined && row.cells.owner !== owner && forMsMore > 0) return { kind: 'taken', forMs: forMsMore };
        // As text: milliseconds don't fit a table's 32-bit number.
        const cells: Record<string, Cell> = { owner, until: String(now + forMs), for_ms: String(forMs) };
        let etag = '';
        const got = await unlessChanged(async () => {
          etag = row === undefined ? await table.insert(name, key, cells) : await table.replace(row, cells);
        });
        // A write whose answer was lost meets itself at the next attempt, by its owner.
        if (!got) continue;
        const release = async () => {
          await unlessChanged(() => table.remove(name, key, etag));
        };
        return { kind: 'ours', lease: { release } };
      }
      return { kind: 'taken', forMs: 1_000 };
    },
  };
}
