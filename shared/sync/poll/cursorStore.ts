import type { EntityName } from '../../model/entities.ts';
import type { PollState } from './pollState.ts';

/** One entity of a source. */
export interface PollPlace {
  readonly dealerId: string;
  readonly sourceId: string;
  readonly entity: EntityName;
}

/** A state with the ETag under which it was read; no ETag: there is none yet. */
export interface StoredPollState {
  readonly state: PollState;
  readonly etag: string | undefined;
}

/** How far sources were read. */
export interface CursorStore {
  get(place: PollPlace): Promise<StoredPollState>;
  /** Answers what is stored now. @throws AdpError `CONFLICT` where another was there first */
  save(place: PollPlace, before: StoredPollState, state: PollState): Promise<StoredPollState>;
  /**
   * Forgets cursor and reading, whoever is at it: the next read is of everything. What must not be forgotten stays
   * (attempts, and that there were rows).
   */
  reset(place: PollPlace): Promise<void>;
}
