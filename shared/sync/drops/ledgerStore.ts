import type { Instant } from '../../model/instant.ts';
import type { RunId } from '../../model/run.ts';

/** What makes an arrival: another state of the file, or of its manifest, is another arrival. */
export interface Arrival {
  readonly path: string;
  readonly etag: string;
  /** Empty where there is no manifest. */
  readonly manifestEtag: string;
}

/** What the tries at an arrival share, so that the second goes on where the first was. */
export interface ArrivalMemo {
  readonly runId: RunId;
  /** The blob snapshot that is worked on. */
  readonly snapshot?: string;
  /** Fixed before the first message of the run is sent; architecture.md, "Versions". */
  readonly stamp?: { readonly epoch: number; readonly captured: Instant };
}

/**
 * - `working`: somebody is at it, until then
 * - `later`: it failed for a reason that may pass, and is due again then
 * - `settled`: nothing is left to do for this arrival
 */
export type ArrivalState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'working' | 'later'; readonly until: number; readonly tries: number }
  | { readonly kind: 'settled'; readonly outcome: Outcome; readonly runId: RunId | undefined };

/** `waiting`: its manifest is required and not there yet. */
export type Outcome = 'done' | 'failed' | 'waiting';

export type Begun =
  | { readonly kind: 'ours'; readonly lease: ArrivalLease }
  | { readonly kind: 'not ours'; readonly state: ArrivalState };

/** The right to work on an arrival; prolonged while its process lives. */
export interface ArrivalLease {
  /** Tries so far, this one included; rises by one each time. */
  readonly tries: number;
  /** Tries that ended in an error. */
  readonly failures: number;
  /** Tries whose process died. */
  readonly crashes: number;
  readonly memo: ArrivalMemo | undefined;
  /** Remembers for the next try. @throws AdpError `CONFLICT` where the lease was lost */
  note(memo: ArrivalMemo): Promise<void>;
  /** Nothing is left to do. */
  settle(outcome: Outcome, runId?: RunId): Promise<void>;
  /** The next try is due then. @param isFailure whether this one counts as failed */
  postpone(until: number, isFailure: boolean): Promise<void>;
}

/** What a path brought last. */
export interface Taken {
  /** SHA-256 in hex; empty where nothing was taken of it so far. */
  readonly content: string;
  readonly epoch: number;
  readonly runId: RunId;
  /** The last that was given to it, also where nothing came of that. */
  readonly captured?: Instant;
  /** True from when that was given until its file was taken: what was sent of it, nobody knows. */
  readonly isUnderWay?: boolean;
}

/** The ledger of files: what has arrived, and what became of it. */
export interface LedgerStore {
  state(arrival: Arrival): Promise<ArrivalState>;
  begin(arrival: Arrival): Promise<Begun>;
  lastTaken(path: string): Promise<Taken | undefined>;
  noteTaken(path: string, taken: Taken): Promise<void>;
  /** The columns that a source's files had last. */
  lastColumns(dealerId: string, sourceId: string | null, entity: string): Promise<readonly string[] | undefined>;
  noteColumns(dealerId: string, sourceId: string | null, entity: string, columns: readonly string[]): Promise<void>;
}
