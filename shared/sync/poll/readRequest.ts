import type { RunId } from '../../model/run.ts';
import type { PlannedRead } from './dueReads.ts';

/** A read on behalf of a run. */
export interface ReadRequest extends PlannedRead {
  /** Given out before the run is opened, so that whatever is tried again goes on with the same one. */
  readonly runId: RunId;
  /** Somebody asked for it: it may go on outside the source's windows. */
  readonly anytime?: true;
}

/** The same, and of which source. */
export interface SourceRead extends ReadRequest {
  readonly dealerId: string;
  readonly sourceId: string;
}

/** One page of it. */
export interface PageRequest extends SourceRead {
  /** From 0. */
  readonly page: number;
}
