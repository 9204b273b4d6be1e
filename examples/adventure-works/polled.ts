import type { EntityName } from '../../shared/model/entities.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import type { RecordId } from '../../shared/model/recordId.ts';

/** What must come of polling one entity, once. */
export interface ExpectedPoll {
  readonly entity: EntityName;
  /** The table or path, for people. */
  readonly what: string;
  /** How many rows the system answers. */
  readonly rows: number;
  /** How many of them say that they are deleted. */
  readonly goneRows?: number;
  /** What the store must hold of the entity afterwards. */
  readonly records: ReadonlyMap<RecordId, JsonObject>;
}

/** Something happened in a dealer's system; what polling it then must find. */
export interface Round {
  /** What happened, in a sentence. */
  readonly story: string;
  /** Undefined: as the source is configured. */
  readonly mode?: 'keys';
  readonly polls: readonly ExpectedPoll[];
}

/** A dealer's system that stands on this machine and waits to be asked. */
export interface PolledSystem extends AsyncDisposable {
  readonly dealer: string;
  readonly source: string;
  /** What it is, in a few words. */
  readonly title: string;
  /** What the source's `credential` must be in Key Vault. */
  readonly secret: { readonly name: string; readonly value: string };
  /** Settings of the source that are known only once the system stands: they take the place of the configured ones. */
  readonly settings: Readonly<Record<string, string>>;
  /** To be begun once. Each step lets somebody work with the system, and says what polling it then must find. */
  rounds(): AsyncIterable<Round>;
}
