/** Rows of a dealer's stock list as its DMS would push them, with repeats and errors, and what must come of them. */
export interface Workload {
  /** Each is the body of one batch. */
  readonly batches: readonly Record<string, unknown>[][];
  /** By record id: the quantity that must be held. */
  readonly expected: ReadonlyMap<string, number>;
  readonly rows: number;
  readonly invalid: number;
}

/** The mapping that reads them. */
export const stockSource = {
  connector: 'push',
  entities: {
    part_stock: {
      mapping: { part_number: 'Number', branch_code: 'Branch', on_hand: 'Quantity' },
      modified: 'Modified',
    },
  },
};

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * `batches` × `rowsABatch` rows: four fifths are new keys, the others change a key that came before (in the same batch
 * or another) or repeat a row as it was; every hundredth is invalid. A row's modification time says what it holds, so
 * that the outcome does not depend on the order in which batches arrive.
 */
export function stockWorkload(batches: number, rowsABatch: number, seed = 1): Workload {
  const random = randomOf(seed);
  const keys: string[] = [];
  const latest = new Map<string, { modified: number; quantity: number }>();
  let invalid = 0;
  const start = Date.parse('2026-01-01T00:00:00Z');
  const row = (n: number) => {
    if (n % 100 === 99) {
      invalid++;
      return { Number: `BAD-${n}`, Branch: '1', Quantity: 'n/a', Modified: '2026-01-01T00:00:00Z' };
    }
    const isNew = keys.length === 0 || random() < 0.8;
    const key = isNew ? `P-${n}` : (keys[Math.floor(random() * keys.length)] ?? '');
    const modified = Math.floor(random() * 1_000_000);
    const quantity = modified % 1_000;
    if (isNew) keys.push(key);
    const id = `${key}:1:`;
    const before = latest.get(id);
    if (before === undefined || modified > before.modified) latest.set(id, { modified, quantity });
    return { Number: key, Branch: '1', Quantity: quantity, Modified: new Date(start + modified * 1_000).toISOString() };
  };
  const made = Array.from({ length: batches }, (_, b) =>
    Array.from({ length: rowsABatch }, (_, r) => row(b * rowsABatch + r)),
  );
  const expected = new Map([...latest].map(([id, { quantity }]) => [id, quantity]));
  return { batches: made, expected, rows: batches * rowsABatch, invalid };
}

/** Calls `work` for each item, `workers` at a time. */
export async function spread<T>(items: readonly T[], workers: number, work: (item: T, i: number) => Promise<void>) {
  let next = 0;
  const one = async () => {
    for (let i = next++; i < items.length; i = next++) await work(items[i] as T, i);
  };
  await Promise.all(Array.from({ length: workers }, one));
}
