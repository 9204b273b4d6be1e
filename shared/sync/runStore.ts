import type { RowError, Run, RunId, Tally } from '../model/run.ts';

/** What the writer made of one message. */
export interface Part {
  readonly attempt: number;
  readonly seq: number;
  readonly tally: Tally;
  readonly errors: readonly RowError[];
}

/** An entry of the list of runs that are not closed yet. */
export interface OpenRun {
  readonly runId: RunId;
  /** It was given up; a part that comes late reopens it. */
  readonly givenUpAt?: Date;
  /** Under which the entry was read. */
  readonly etag?: string;
}

/** A run with the ETag under which it was read. */
export interface StoredRun {
  readonly run: Run;
  readonly etag: string;
}

/** Runs, their parts, and the list of those that are not closed yet. */
export interface RunStore {
  /**
   * Notes the run as open, then the run itself: a crash in between leaves a note that the sweep clears.
   * @throws AdpError `CONFLICT` where another has opened a run of this id
   */
  open(run: Run): Promise<StoredRun>;
  get(runId: RunId): Promise<StoredRun | undefined>;
  /**
   * Under the ETag: `CONFLICT` where another was there first. Answers the new ETag. Who opens a closed run again notes
   * that first; it is noted once more when that is done, since a sweep in between takes the note away.
   */
  save(stored: StoredRun, run: Run): Promise<StoredRun>;
  /** Once a part; a second one for the same message is ignored, whatever it says. */
  addPart(runId: RunId, part: Part): Promise<void>;
  /** The parts of one attempt, in order. */
  parts(runId: RunId, attempt: number): Promise<Part[]>;
  listOpen(): AsyncIterable<OpenRun>;
  /** Puts the run on the list of open ones again, or notes there that it was given up. */
  noteOpen(runId: RunId, givenUpAt?: Date): Promise<void>;
  /**
   * The run is closed for good: no sweep looks at it any more.
   * @param etag of the entry, where it was read: what was noted anew since stays
   */
  close(runId: RunId, etag?: string): Promise<void>;
}
