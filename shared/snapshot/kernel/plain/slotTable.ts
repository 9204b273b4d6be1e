import { type Hash64, slotBytes } from '../kernel.ts';

/** Words of a slot: key hash (4), row hash (2), content hash (2), each low half first. */
const slotWords = slotBytes / 4;
const rowHash = 4;
const contentHash = 6;
const nowhere = 0xffffffff;

/** Row hashes that say something else: equal to no row's; a slot that counts for nothing. */
export const unknown: Hash64 = { low: 0, high: 0 };
export const absent: Hash64 = { low: 1, high: 0 };

export function isSame(a: Hash64, b: Hash64): boolean {
  return a.low === b.low && a.high === b.high;
}

export type KeyHash = readonly [Hash64, Hash64];

/** What is known of each key: the baseline's slots, then the new ones; as wasm/table.as, with another way to find. */
export class SlotTable {
  baseCount = 0;
  seenInBase = 0;
  #count = 0;
  readonly #texts = new Map<string, number>();
  #words = new Uint32Array(0);
  #seen = new Uint8Array(0);
  /** Slots by the hash of their keys: open addressing, linear probing. */
  #places = new Uint32Array(1024).fill(nowhere);

  reserveBase(count: number): void {
    this.baseCount = count;
    this.#count = count;
    this.#words = new Uint32Array(count * slotWords);
    this.#seen = new Uint8Array(count);
  }

  voidBase(): void {
    this.baseCount = 0;
    this.#count = 0;
  }

  /** The slots' memory; their bytes are little-endian, as are all machines that Node runs on. */
  bytes(fromSlot: number, toSlot: number): Buffer {
    return Buffer.from(this.#words.buffer, fromSlot * slotBytes, (toSlot - fromSlot) * slotBytes);
  }

  baseSpace(fromByte: number, toByte: number): Buffer {
    return Buffer.from(this.#words.buffer, fromByte, toByte - fromByte);
  }

  indexBase(): boolean {
    for (let slot = 0; slot < this.baseCount; slot += 1) {
      const words = this.#words.subarray(slot * slotWords, slot * slotWords + 4);
      const isEmpty = words[0] === 0 && words[1] === 0;
      if (isEmpty || (slot > 0 && this.#compare(slot - 1, slot) >= 0)) {
        this.voidBase();
        return false;
      }
    }
    this.#rebuild();
    return true;
  }

  /** The slot of a key, or -1. */
  find(key: KeyHash): number {
    const slot = this.#places[this.#placeOf(key)] ?? nowhere;
    return slot === nowhere ? -1 : slot;
  }

  add(key: KeyHash, hash: Hash64): number {
    if (this.#count * 2 > this.#places.length) {
      this.#rebuild();
    }
    const slot = this.#count;
    if ((slot + 1) * slotWords > this.#words.length) {
      const words = new Uint32Array(Math.max(8192, this.#words.length + (this.#words.length >> 1)));
      words.set(this.#words);
      this.#words = words;
      const seen = new Uint8Array(words.length / slotWords);
      seen.set(this.#seen);
      this.#seen = seen;
    }
    this.#words.set([key[0].low, key[0].high, key[1].low, key[1].high], slot * slotWords);
    this.#places[this.#placeOf(key)] = slot;
    this.#count += 1;
    this.setRowHash(slot, hash);
    this.setContentHash(slot, unknown);
    return slot;
  }

  /** Makes the baseline's slots be found by their row hashes. */
  indexTexts(): void {
    for (let slot = 0; slot < this.baseCount; slot += 1) {
      const { low, high } = this.rowHash(slot);
      if (high !== 0 || low > 1) this.#texts.set(textOf({ low, high }), slot);
    }
  }

  /** The baseline's slot that has this row hash now, or -1. */
  findText(hash: Hash64): number {
    const slot = this.#texts.get(textOf(hash)) ?? -1;
    return slot >= 0 && textOf(this.rowHash(slot)) === textOf(hash) ? slot : -1;
  }

  isInBase(slot: number): boolean {
    return slot >= 0 && slot < this.baseCount;
  }

  isSeen(slot: number): boolean {
    return this.#seen[slot] === 1;
  }

  markSeen(slot: number): void {
    this.#seen[slot] = 1;
    if (this.isInBase(slot)) this.seenInBase += 1;
  }

  rowHash(slot: number): Hash64 {
    return this.#read(slot, rowHash);
  }

  setRowHash(slot: number, { low, high }: Hash64): void {
    this.#words.set([low, high], slot * slotWords + rowHash);
  }

  contentHash(slot: number): Hash64 {
    return this.#read(slot, contentHash);
  }

  setContentHash(slot: number, { low, high }: Hash64): void {
    this.#words.set([low, high], slot * slotWords + contentHash);
  }

  /** Of rows that compete nothing is known, whatever the first one's event has put into the slot since. */
  forget(slot: number): void {
    this.setRowHash(slot, unknown);
    this.setContentHash(slot, unknown);
  }

  /** Whether the next baseline has it. @param unseen whether it keeps the keys that were not seen */
  isKept(slot: number, unseen: boolean): boolean {
    return this.isInBase(slot) ? unseen || this.isSeen(slot) : !isSame(this.rowHash(slot), absent);
  }

  /** All slots in the order of their keys. */
  *inOrder(): Generator<number> {
    const fresh = new Uint32Array(this.#count - this.baseCount);
    for (let i = 0; i < fresh.length; i += 1) fresh[i] = this.baseCount + i;
    fresh.sort((a, b) => this.#compare(a, b));
    let base = 0;
    for (const slot of fresh) {
      while (base < this.baseCount && this.#compare(base, slot) < 0) {
        yield base;
        base += 1;
      }
      yield slot;
    }
    for (; base < this.baseCount; base += 1) yield base;
  }

  #read(slot: number, at: number): Hash64 {
    return { low: this.#words[slot * slotWords + at] ?? 0, high: this.#words[slot * slotWords + at + 1] ?? 0 };
  }

  #compare(a: number, b: number): number {
    for (const word of [1, 0, 3, 2]) {
      const difference = (this.#words[a * slotWords + word] ?? 0) - (this.#words[b * slotWords + word] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** Where a key is in `#places`, or the free place for it. */
  #placeOf([first, second]: KeyHash): number {
    let place = first.high % this.#places.length;
    for (;;) {
      const slot = this.#places[place] ?? nowhere;
      if (slot === nowhere) return place;
      const at = slot * slotWords;
      const isSame =
        this.#words[at] === first.low &&
        this.#words[at + 1] === first.high &&
        this.#words[at + 2] === second.low &&
        this.#words[at + 3] === second.high;
      if (isSame) return place;
      place = (place + 1) % this.#places.length;
    }
  }

  #rebuild(): void {
    this.#places = new Uint32Array(Math.max(1024, this.#count * 3)).fill(nowhere);
    for (let slot = 0; slot < this.#count; slot += 1) {
      const key: KeyHash = [this.#read(slot, 0), this.#read(slot, 2)];
      this.#places[this.#placeOf(key)] = slot;
    }
  }
}

function textOf({ low, high }: Hash64): string {
  return `${high} ${low}`;
}
