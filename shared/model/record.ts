import type { EntityName } from './entities.ts';
import type { JsonObject } from './json.ts';

/** A record as it is kept and shown (contract.md, "Documents"). A tombstone has `deleted_at` and no `data`. */
export interface RecordDocument {
  readonly id: string;
  readonly dealer_id: string;
  readonly entity: EntityName;
  readonly data?: JsonObject;
  readonly source_id: string | null;
  /** The version's `t`: the row's own modification time, or when it was captured. RFC 3339, UTC. */
  readonly source_updated_at: string;
  readonly version: string;
  /** Null for a tombstone. */
  readonly content_hash: string | null;
  /** When the content was written, always with three digits of a second, so that it sorts as text. */
  readonly ingested_at: string;
  readonly run_id: string;
  /** The run that inserted it, or brought it back. */
  readonly first_run_id: string;
  readonly schema_version: number;
  readonly deleted_at: string | null;
}
