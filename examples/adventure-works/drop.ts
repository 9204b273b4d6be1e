import type { JsonObject } from '../../shared/model/json.ts';
import type { RecordId } from '../../shared/model/recordId.ts';
import type { Delivery } from './delivery.ts';

/** A file that a dealer's system leaves in its folder, and what it says. */
export interface Drop extends Delivery {
  readonly content: Uint8Array;
  /** A full snapshot is everything that there is; a delta what has changed. */
  readonly kind: 'full' | 'delta';
  /** The system says beside it how many rows it wrote, and their hash. */
  readonly hasManifest: boolean;
  /** The file lacks rows that it should have: what it does not say must not be deleted. */
  readonly isCut: boolean;
  /** What the hub must make of its good rows; made from the same tables by another way than the file. */
  readonly records: ReadonlyMap<RecordId, JsonObject>;
  /** Of a delta. */
  readonly deletes: readonly RecordId[];
}

/** Everything that a dealer's system drops in one night. */
export interface Night {
  readonly drops: readonly Drop[];
  /** What happened since the last one, in a sentence. */
  readonly story: string;
}
