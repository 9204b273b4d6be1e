import type { StateStore } from '../resilience/kept.ts';
import type { BucketStore } from '../resilience/rateLimit.ts';
import type { Cell, OpenTable } from './tables.ts';

/** Token buckets in the table `limits`: a partition a dealer. A key is a dealer's id, perhaps with more after a slash. */
export function limitsIn(openTable: OpenTable, name: string): BucketStore {
  const table = openTable('limits');
  return {
    async read(key) {
      const { partition, row } = placeOf(key, name);
      const stored = await table.get(partition, row);
      if (stored === undefined) return undefined;
      return { tokens: Number(stored.cells.tokens), at: Number(stored.cells.at), etag: stored.etag };
    },
    async write(key, { tokens, at }, before) {
      // As text: a table's whole numbers have 32 bits, and milliseconds since 1970 don't.
      await write(openTable, placeOf(key, name), { tokens: String(tokens), at: String(at) }, before);
    },
  };
}

/** Small states in the same table, as JSON. */
export function statesIn<T>(openTable: OpenTable, name: string): StateStore<T> {
  const table = openTable('limits');
  return {
    async read(key) {
      const { partition, row } = placeOf(key, name);
      const stored = await table.get(partition, row);
      if (stored === undefined) return undefined;
      return { state: JSON.parse(String(stored.cells.state)), etag: stored.etag };
    },
    write: (key, state, before) => write(openTable, placeOf(key, name), { state: JSON.stringify(state) }, before),
  };
}

interface Place {
  readonly partition: string;
  readonly row: string;
}

function placeOf(key: string, name: string): Place {
  const [partition = '', ...rest] = key.split('/');
  return { partition, row: [name, ...rest].join(':') };
}

/** Whether a row's key is of what is kept of a source, under whatever name. */
export function isLimitOf(sourceId: string, row: string): boolean {
  return row.split(':')[1] === sourceId;
}

async function write(
  openTable: OpenTable,
  { partition, row }: Place,
  cells: Readonly<Record<string, Cell>>,
  before: { readonly etag: string } | undefined,
): Promise<void> {
  const table = openTable('limits');
  if (before === undefined) await table.insert(partition, row, cells);
  else await table.replace({ partition, key: row, etag: before.etag }, cells);
}
