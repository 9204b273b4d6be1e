import { hash } from 'node:crypto';
import type { EntityName } from '../../model/entities.ts';
import type { Instant } from '../../model/instant.ts';

/** What is held of a record, as far as a comparison needs it; deleted ones have none. */
export interface Fingerprint {
  readonly id: string;
  readonly contentHash: string;
  readonly sourceId: string | null;
  /** When it left its source. */
  readonly captured: Instant;
}

/** What the store holds of an entity. */
export interface HeldRecords {
  /** Pages, in no order, each record once. Reads are strong. Errors are `NETWORK_ERROR` (retry). */
  fingerprints(dealerId: string, entity: EntityName): AsyncIterable<readonly Fingerprint[]>;
}

const absent = 0;
const others = 1;
const unseen = 2;
const seen = 3;
const newer = 4;

const firstSlots = 1 << 12;

/**
 * What the store holds of an entity, in 34 to 68 bytes a record (at 5M records 285 MB): 64 bits of the id's hash, 64
 * of the content's, and whether a row was seen for it. Seeded, because ids are the dealer's.
 */
export class HeldIndex {
  /** Records of the source itself, and those of them for which no row was seen yet. */
  ours = 0;
  unseen = 0;
  /** Records that were captured after what is compared, and for which it has no row: whether they are gone is not known. */
  unseenNewer = 0;
  readonly #seed: string;
  #slots = firstSlots;
  #count = 0;
  #words = new Uint32Array(4 * firstSlots);
  #states = new Uint8Array(firstSlots);

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** @param whose `newer`: the source's own, but captured after what it is compared with, which can't know it */
  add(id: string, contentHash: string, whose: 'ours' | 'newer' | 'others'): void {
    if (2 * this.#count >= this.#slots) this.#grow();
    const key = this.#keyOf(id);
    const slot = this.#find(key);
    if (this.#states[slot] !== absent) return;
    const content = halvesOf(contentHash);
    this.#words.set([...key, ...content], 4 * slot);
    this.#states[slot] = whose === 'others' ? others : whose === 'newer' ? newer : unseen;
    this.#count++;
    if (whose === 'others') return;
    this.ours++;
    if (whose === 'ours') this.unseen++;
    else this.unseenNewer++;
  }

  /** Notes that the snapshot has a row for the record. True where the store holds just that, of the source itself. */
  see(id: string, contentHash = ''): boolean {
    const slot = this.#find(this.#keyOf(id));
    const state = this.#states[slot];
    if (state === unseen || state === newer) {
      this.#states[slot] = seen;
      if (state === unseen) this.unseen--;
      else this.unseenNewer--;
    }
    if (this.#states[slot] !== seen) return false;
    const [first, second] = halvesOf(contentHash);
    return this.#words[4 * slot + 2] === first && this.#words[4 * slot + 3] === second;
  }

  /** Notes a row that says nothing of what the record holds. True where there is a record of the source itself. */
  keep(id: string): boolean {
    this.see(id);
    return this.#states[this.#find(this.#keyOf(id))] === seen;
  }

  /** True for a record of the source for which no row was seen. */
  isUnseen(id: string): boolean {
    return this.#states[this.#find(this.#keyOf(id))] === unseen;
  }

  #keyOf(id: string): readonly [number, number] {
    return halvesOf(hash('sha256', this.#seed + id, 'hex'));
  }

  /** The slot that has the key, or the one in which it would be. */
  #find([first, second]: readonly [number, number]): number {
    const mask = this.#slots - 1;
    let slot = first & mask;
    while (this.#states[slot] !== absent && (this.#words[4 * slot] !== first || this.#words[4 * slot + 1] !== second)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const words = this.#words;
    const states = this.#states;
    this.#slots *= 2;
    this.#words = new Uint32Array(4 * this.#slots);
    this.#states = new Uint8Array(this.#slots);
    for (let from = 0; from < states.length; from++) {
      if (states[from] === absent) continue;
      const slot = this.#find([words[4 * from] ?? 0, words[4 * from + 1] ?? 0]);
      this.#words.set(words.subarray(4 * from, 4 * from + 4), 4 * slot);
      this.#states[slot] = states[from] ?? absent;
    }
  }
}

function halvesOf(hex: string): readonly [number, number] {
  return [Number.parseInt(hex.slice(0, 8), 16), Number.parseInt(hex.slice(8, 16), 16)];
}
