import type { EntityName } from '../../model/entities.ts';
import type { Instant } from '../../model/instant.ts';
import type { RunId } from '../../model/run.ts';
import type { SealedWork } from '../runWork.ts';

/** Whose full snapshots are compared with each other. */
export interface BaselineKey {
  readonly dealerId: string;
  readonly entity: EntityName;
  readonly sourceId: string | null;
}

/** The last full snapshot that was read to its end. */
export interface LastRead {
  readonly runId: RunId;
  readonly attempt: number;
  readonly epoch: number;
  readonly captured: Instant;
  /** When it was compared, in milliseconds since 1970: what other doors wrote after that, it does not know. */
  readonly comparedAt: number;
  /** Names of blobs: fingerprints, the text of keys, and the deletes that are held. */
  readonly index: string;
  readonly keys: string;
  readonly held: string | undefined;
  /** What its run is sealed with, kept here because both must hold or neither. */
  readonly sealed: SealedWork;
}

/** A snapshot that was compared, and whose changes are on their way to the queue. */
export interface PendingPlan {
  readonly runId: RunId;
  readonly attempt: number;
  /** What the names of its blobs begin with. */
  readonly prefix: string;
  readonly epoch: number;
  readonly captured: Instant;
  readonly comparedAt: number;
  /** How many windows of changes the queue has accepted, and how many messages these were. */
  readonly windows: number;
  readonly messages: number;
}

/** The last key sweep, likewise. */
export type LastSweep = Omit<LastRead, 'index' | 'keys'>;

export interface BaselineState {
  /** 16 hex digits: seeds the fingerprints, never leaves the hub. */
  readonly seed: string;
  readonly last?: LastRead;
  readonly sweep?: LastSweep;
  readonly pending?: PendingPlan;
  /** How many were made. A run whose plan was thrown away may have sent some of it: the next one has another attempt. */
  readonly plans?: number;
  /** Something is in the store, or not, that fingerprints can't tell: the next snapshot is compared with the store. */
  readonly isDoubtful: boolean;
}

/** The complete read that was the last to leave its source. */
export function newestOf({ last, sweep }: BaselineState): LastSweep | undefined {
  return last === undefined || (sweep !== undefined && sweep.captured > last.captured) ? sweep : last;
}

/** The right to change a baseline. It is prolonged while its process lives. */
export interface BaselineLease {
  /** As it is now. */
  readonly state: BaselineState;
  /** @throws AdpError `CONFLICT` (retry) where somebody took the lease over */
  save(state: BaselineState): Promise<void>;
  /** Lets the next one in at once. Never throws: a lease that can't be released runs out. */
  release(): Promise<void>;
}

/** Baselines: a row each, whose ETag decides. */
export interface Baselines {
  /**
   * @param owner the run on whose behalf it is taken. The same one gets it again at once: its message comes back only
   * when its lock was lost, and all that it does is guarded or harmless twice
   * @returns milliseconds to wait where somebody else has it
   */
  take(key: BaselineKey, owner: string): Promise<BaselineLease | { readonly retryAfterMs: number }>;
}
