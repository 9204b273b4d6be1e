import type { StateStore } from '../resilience/sharedState.ts';
import type { OpenTable } from './tables.ts';

/**
 * Small states in the table `limits`, as JSON: a partition a dealer. A key is a dealer's id, perhaps with a source's after
 * a slash.
 * @param name what is kept; text that no other states have
 */
export function statesIn<T>(openTable: OpenTable, name: string): StateStore<T> {
  const table = openTable('limits');
  const placeOf = (key: string) => {
    const [partition = '', ...rest] = key.split('/');
    return { partition, key: [name, ...rest].join(':') };
  };
  return {
    async read(key) {
      const place = placeOf(key);
      const stored = await table.get(place.partition, place.key);
      if (stored === undefined) return undefined;
      return { state: JSON.parse(String(stored.cells.state)), etag: stored.etag };
    },
    async write(key, state, before) {
      const place = placeOf(key);
      const cells = { state: JSON.stringify(state) };
      if (before === undefined) await table.insert(place.partition, place.key, cells);
      else await table.replace({ ...place, etag: before.etag }, cells);
    },
  };
}

/** Whether a row is of what is kept of a source, under whatever name. */
export function isStateOf(sourceId: string, rowKey: string): boolean {
  return rowKey.split(':')[1] === sourceId;
}
