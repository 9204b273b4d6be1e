import type { BucketStore } from '../resilience/rateLimit.ts';
import type { OpenTable } from './tables.ts';

/** Token buckets in the table `limits`: a partition a dealer, a row a limit. */
export function limitsIn(openTable: OpenTable, name: string): BucketStore {
  const table = openTable('limits');
  return {
    async read(dealerId) {
      const row = await table.get(dealerId, name);
      if (row === undefined) return undefined;
      return { tokens: Number(row.cells.tokens), at: Number(row.cells.at), etag: row.etag };
    },
    async write(dealerId, { tokens, at }, before) {
      // As text: a table's whole numbers have 32 bits, and milliseconds since 1970 don't.
      const cells = { tokens: String(tokens), at: String(at) };
      if (before === undefined) await table.insert(dealerId, name, cells);
      else await table.replace({ partition: dealerId, key: name, etag: before.etag }, cells);
    },
  };
}
