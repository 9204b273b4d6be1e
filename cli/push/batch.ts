/** A part of a file that the hub takes as one request. */
export interface Batch {
  /** From 0, in the file's order. */
  readonly index: number;
  readonly body: string;
  /** How many rows it holds; undefined where only the hub will know (JSON and XML go whole). */
  readonly rows: number | undefined;
  /** The line of the file in which the row with this index (from 0) begins; undefined where lines say nothing. */
  lineOf(row: number): number | undefined;
}

/** The contract's limit of a body, raw or unpacked: 32 MiB. */
export const largestBody = 32 * 1024 * 1024;

/** A batch is closed once it has so many bytes, so that it stays well under the limit and the hub's memory. */
export const comfortableBody = 8 * 1024 * 1024;

/** The contract's limit of a batch. */
export const mostRows = 50_000;
