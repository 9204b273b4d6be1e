import type { ErrorCode } from '../errors.ts';
import type { EntityName } from './entities.ts';

/** One batch, page loop, file, reload or event. `{dealerId}.{sort}{random}`: finds the run, and sorts newest first. */
export type RunId = string & { readonly brand: 'RunId' };

export type Door = 'push' | 'reload' | 'event' | 'poll' | 'file';

export type RunStatus = 'running' | 'succeeded' | 'partial' | 'suspect' | 'failed' | 'superseded';

/** What a door counted: rows read, and what became of each. `deleteRows` are the deletes that were rows (not absences). */
export interface Counts {
  readonly read: number;
  readonly rejected: number;
  readonly repeated: number;
  readonly unchanged: number;
  readonly upserts: number;
  readonly deletes: number;
  readonly deleteRows: number;
}

export const emptyCounts: Counts = {
  read: 0,
  rejected: 0,
  repeated: 0,
  unchanged: 0,
  upserts: 0,
  deletes: 0,
  deleteRows: 0,
};

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    read: a.read + b.read,
    rejected: a.rejected + b.rejected,
    repeated: a.repeated + b.repeated,
    unchanged: a.unchanged + b.unchanged,
    upserts: a.upserts + b.upserts,
    deletes: a.deletes + b.deletes,
    deleteRows: a.deleteRows + b.deleteRows,
  };
}

/** What the writer made of changes, of one message or summed over a run's. */
export interface Tally {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Skipped: nothing new in them. */
  readonly unchanged: number;
  /** Skipped: something newer is held. */
  readonly stale: number;
  readonly held: number;
  readonly quarantined: number;
}

/** Why a row was not taken. `index` counts from 0 in a pushed batch, `row` from 1 in a file. */
export interface RowError {
  readonly index?: number;
  readonly row?: number;
  readonly field?: string;
  readonly code: ErrorCode;
  readonly detail: string;
}

/** What an answer and a run show of their errors; the quarantine has them all. */
export const maxErrorsShown = 100;

export const emptyTally: Tally = {
  inserted: 0,
  updated: 0,
  deleted: 0,
  unchanged: 0,
  stale: 0,
  held: 0,
  quarantined: 0,
};

export function addTallies(a: Tally, b: Tally): Tally {
  return {
    inserted: a.inserted + b.inserted,
    updated: a.updated + b.updated,
    deleted: a.deleted + b.deleted,
    unchanged: a.unchanged + b.unchanged,
    stale: a.stale + b.stale,
    held: a.held + b.held,
    quarantined: a.quarantined + b.quarantined,
  };
}

/** contract.md, "A run": what was read and what was published are each fully accounted for. */
export function balances(counts: Counts, tally: Tally): boolean {
  const { read, rejected, repeated, unchanged, upserts, deletes, deleteRows } = counts;
  const ended =
    tally.inserted + tally.updated + tally.deleted + tally.unchanged + tally.stale + tally.held + tally.quarantined;
  return read === rejected + repeated + unchanged + upserts + deleteRows && upserts + deletes === ended;
}

/** A run is a success only when it balances, is not suspect, and nothing was rejected, held or quarantined. */
export function statusOf(counts: Counts, tally: Tally, isSuspect = false): RunStatus {
  if (!balances(counts, tally)) return 'running';
  if (isSuspect || tally.held > 0) return 'suspect';
  return counts.rejected > 0 || tally.quarantined > 0 ? 'partial' : 'succeeded';
}

/** Milliseconds of the year 2286: subtracted from, so that newer runs have smaller ids. */
const end = 9_999_999_999_999;

/** @param random ten characters of `0-9a-z` */
export function newRunId(dealerId: string, startedAt: Date, random: string): RunId {
  return `${dealerId}.${String(end - startedAt.getTime()).padStart(13, '0')}${random}` as RunId;
}

/** Whose runs are those of files that lie in no dealer's folder: an operator's matter. No dealer may be called so. */
export const noDealer = 'no-dealer';

const pattern = /^([a-z0-9][a-z0-9_-]{1,62})\.(\d{13})([0-9a-z]{10})$/;

/** The parts of a run's id; `undefined` for text that is none. */
export function parseRunId(text: string): { runId: RunId; dealerId: string; key: string; startedAt: Date } | undefined {
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, dealerId = '', inverted = '', random = ''] = match;
  const startedAt = new Date(end - Number(inverted));
  return { runId: text as RunId, dealerId, key: inverted + random, startedAt };
}

/** A run as it is kept: what the door counted once it was sealed, what the writer made of it once it was closed. */
export interface Run {
  readonly runId: RunId;
  readonly dealerId: string;
  readonly sourceId: string | null;
  /** Null where a file doesn't say which: such a run has failed. */
  readonly entity: EntityName | null;
  readonly door: Door;
  readonly status: RunStatus;
  readonly startedAt: Date;
  readonly finishedAt: Date | undefined;
  readonly sealed: Sealed | undefined;
  readonly tally: Tally;
  readonly errors: readonly RowError[];
  /** Of the door `file`. */
  readonly file?: RunFile;
  /** Of the door `poll`. */
  readonly cursor?: CursorSpan;
  /** What a person may want to know of a run that has not failed, such as what was guessed. */
  readonly notes?: readonly string[];
  /** How far it is, of runs that take long; only while they run. */
  readonly progress?: Progress;
}

/** The file that a run was made of. */
export interface RunFile {
  /** As in the container `drops`, the dealer's folder included. */
  readonly path: string;
  readonly bytes: number;
}

/** How far a run is. */
export interface Progress {
  /** Of a file, unpacked. */
  readonly bytes?: number;
  readonly rows: number;
  /** Changes that the queue has accepted. */
  readonly sent: number;
  /** When it was so far, where a run may take long between its beginning and its end; RFC 3339. */
  readonly at?: string;
}

/** How far a polled source was read, for people: in the source's own words. */
export interface CursorSpan {
  readonly from?: string;
  readonly to?: string;
}

/** Messages of one attempt that count: those with `seq` 0 to `messages` − 1. What it may have sent beyond does not. */
export interface Segment {
  readonly attempt: number;
  readonly messages: number;
}

export function messagesOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { messages }) => sum + messages, 0);
}

/** What the door leaves behind once the queue has accepted everything. */
export interface Sealed {
  readonly counts: Counts;
  /** The attempts whose messages count; a run that is read page by page may have several. */
  readonly segments: readonly Segment[];
  /** Deletes that wait for approval; they are among the deletes of `counts`, and in no message. */
  readonly held?: number;
  /** The read was not what a complete read should be; contract.md, "A run". */
  readonly isSuspect?: boolean;
  /** When its last messages were accepted, where that may be long after it began; RFC 3339. */
  readonly since?: string;
}
