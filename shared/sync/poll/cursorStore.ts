import type { ReadMode } from '../../connectors/connector.ts';
import type { EntityName } from '../../model/entities.ts';
import type { PollState } from './pollState.ts';

export const readModes: readonly ReadMode[] = ['changes', 'all', 'keys'];

/** One entity of a source, and what it is read for: a read of changes and a complete one don't know of each other. */
export interface PollPlace {
  readonly dealerId: string;
  readonly sourceId: string;
  readonly entity: EntityName;
  readonly mode: ReadMode;
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
   * Forgets cursors and readings of all modes, whoever is at it: the next read is of everything. What must not be
   * forgotten stays (attempts, and that there were rows).
   */
  reset(place: Omit<PollPlace, 'mode'>): Promise<void>;
}
