import { limitExceeded } from './limits.ts';

/** What a reader may be told. A limit that is passed throws an error for which `isLimitExceeded` is true. */
export interface ReadOptions {
  /** Rows, bad ones included. Default: no limit. */
  readonly maxRows?: number;
  /** Open objects, arrays or elements inside one another, the root included. Default 32. */
  readonly maxDepth?: number;
  /** UTF-16 code units of one CSV or XML field, or of one NDJSON line. Default 2 Mi: what a Cosmos document can hold. */
  readonly maxFieldLength?: number;
  /** CSV: one character. Default: what the header shows, among comma, semicolon, tab and bar. */
  readonly delimiter?: string;
  /** CSV: one character. Default `"`. */
  readonly quote?: string;
  /** Reading stops with the signal's reason before the next page. A source that blocks is its caller's to abort. */
  readonly signal?: AbortSignal;
}

/**
 * One row, or why it could not be read. `row` counts from 1: the line on which the row starts (CSV, NDJSON), or the
 * number of the element (JSON, XML). `raw` is at most the row's first 2,000 characters.
 */
export type FormatRow =
  | { readonly row: number; readonly values: Record<string, unknown> }
  | { readonly row: number; readonly error: string; readonly raw: string };

/** One file format: bytes in, rows out, without I/O of its own. */
export interface Format {
  readonly name: 'csv' | 'json' | 'ndjson' | 'xml';
  /** Lower case, without parameters. */
  readonly mediaTypes: readonly string[];
  /** Lower case, without the dot. */
  readonly extensions: readonly string[];
  /**
   * Pages of rows, in order; no page is empty, and one page is a few thousand rows at most. Memory is bounded by a page
   * and the longest row, but for JSON, which is held whole.
   *
   * Values may have a field called `__proto__` as a property of their own: copy them by spread, never by assignment.
   *
   * @throws AdpError DATA_ERROR (`park`) when the body as a whole can't be read; the message says where. An error of
   * `bytes` itself passes through unchanged.
   */
  read(bytes: AsyncIterable<Uint8Array>, options?: ReadOptions): AsyncIterable<FormatRow[]>;
}

export const defaultMaxDepth = 32;
export const defaultMaxFieldLength = 2 * 1024 * 1024;
export const maxRawLength = 2_000;

/** Adds what is the same in every format: the limit of rows, and stopping when the signal says so. */
export function defineFormat(format: Format): Format {
  return {
    ...format,
    async *read(bytes, options = {}) {
      let rows = 0;
      options.signal?.throwIfAborted();
      for await (const page of format.read(abortable(bytes, options.signal), options)) {
        rows += page.length;
        if (options.maxRows !== undefined && rows > options.maxRows) {
          throw limitExceeded('rows', options.maxRows);
        }
        if (page.length > 0) {
          yield page;
        }
        options.signal?.throwIfAborted();
      }
    },
  };
}

async function* abortable(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
  for await (const chunk of bytes) {
    signal?.throwIfAborted();
    yield chunk;
  }
}
