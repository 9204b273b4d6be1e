import type { EntityName } from './entities.ts';
import type { JsonObject } from './json.ts';
import type { RecordId } from './recordId.ts';

export interface Upsert {
  readonly op: 'upsert';
  readonly id: RecordId;
  readonly version: string;
  readonly data: JsonObject;
}

export interface Delete {
  readonly op: 'delete';
  readonly id: RecordId;
  readonly version: string;
  /** The row was not in a complete read; architecture.md, "A delete by absence". */
  readonly absence?: true;
}

/** One record is to be replaced or deleted, if `version` is greater than the record's: as a door sends it. */
export type SentChange = Upsert | Delete;

/** The same as the writer takes it: whoever opens a message hashes the content, so that it need not travel. */
export type Change = (Upsert & { readonly content_hash: string }) | Delete;

/** The body of a message of the queue `record-changes`: changes of one dealer and entity, from one run. */
export interface ChangeMessage {
  readonly run_id: string;
  /** Of the run's page or segment; the receipt counts the attempt that was sealed. */
  readonly attempt: number;
  /** Of the message within the attempt. */
  readonly seq: number;
  readonly dealer_id: string;
  readonly entity: EntityName;
  /** Null where no source covers the entity. */
  readonly source_id: string | null;
  readonly schema_version: number;
  readonly changes: readonly Change[];
}
