import type { Hash64 } from '../kernel.ts';
import { murmur128 } from './hashes.ts';
import type { SlotTable } from './slotTable.ts';

/** Where a key record is in what was looked at. */
export interface Removal {
  readonly start: number;
  readonly bytes: number;
}

/** Finds key records of the baseline that were not seen; as wasm/removals.as, without its filter. */
export class RemovalFinder {
  keySeed: Hash64 = { low: 0, high: 0 };
  found: readonly Removal[] = [];
  readonly #table: SlotTable;

  constructor(table: SlotTable) {
    this.#table = table;
  }

  /** How many bytes from the start of `input` were whole records; it stops early when `most` were found. */
  find(input: Uint8Array, bytes: number, most: number): number {
    const found: Removal[] = [];
    let start = 0;
    while (start < bytes && found.length < most) {
      let body = start;
      let length = 0;
      let shift = 0;
      let byte = 128;
      while (byte >= 128 && body < bytes && shift < 35) {
        byte = input[body] ?? 0;
        length += (byte & 127) * 2 ** shift;
        shift += 7;
        body += 1;
      }
      const end = body + length;
      if (byte >= 128 || end > bytes) break;
      const slot = this.#table.find(murmur128(input, body, end, this.keySeed));
      if (this.#table.isInBase(slot) && !this.#table.isSeen(slot)) found.push({ start, bytes: end - start });
      start = end;
    }
    this.found = found;
    return start;
  }
}
