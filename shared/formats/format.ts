import type { Encoding } from './encoding.ts';
import { limitExceeded } from './limits.ts';
import { type ByteSource, type RandomAccess, toRandomAccess, toStream } from './randomAccess.ts';

export type FormatName = 'csv' | 'json' | 'ndjson' | 'xml' | 'parquet' | 'arrow' | 'xlsx';

/** What a reader may be told. A limit that is passed throws an error for which `isLimitExceeded` is true. */
export interface ReadOptions {
  /** Rows, bad ones included. Default: no limit. */
  readonly maxRows?: number;
  /** Open objects, arrays or elements inside one another, the root included. Default 32. */
  readonly maxDepth?: number;
  /** UTF-16 code units of one CSV or XML field, or of one NDJSON line. Default 2 Mi: what a Cosmos document can hold. */
  readonly maxFieldLength?: number;
  /** Of text: one of `encodings`, whatever its case. A byte order mark overrides it. Default UTF-8. */
  readonly encoding?: string;
  /** CSV: one character. Default: what the header shows, among comma, semicolon, tab and bar. */
  readonly delimiter?: string;
  /** CSV: one character. Default `"`. */
  readonly quote?: string;
  /** JSON: names joined by dots that lead to the array of rows. Default: the root, or its `records`. */
  readonly path?: string;
  /**
   * XML: the element that is a row, by its name at any depth (`part`) or by its path from the root (`data/parts/part`).
   * Default: the root's children.
   */
  readonly element?: string;
  /** xlsx: the sheet's name, or its number counted from 1. Default: the first. */
  readonly sheet?: string | number;
  /** xlsx: the row that names the columns, counted from 1. Default: the first that is not empty. */
  readonly headerRow?: number;
  /**
   * Called once, before the first page, with what the file turned out to be. What it throws ends the reading, so a
   * caller that misses a column stops before a row is taken.
   */
  readonly onSniffed?: (sniffed: Sniffed) => void;
  /**
   * JSON: called once, behind the last row, with everything that is around the rows (a count, where the next page is);
   * the array of rows itself is left as an array of one text. Where there is none, with all that there is, before the error.
   */
  readonly onEnvelope?: (root: unknown) => void;
  /** Reading stops with the signal's reason before the next page. A source that blocks is its caller's to abort. */
  readonly signal?: AbortSignal;
}

/** What a reader took, by the file or by the options: what a run says of it, so that no guess is silent. */
export interface Sniffed {
  readonly format: FormatName;
  /** Of text. */
  readonly encoding?: Encoding;
  readonly delimiter?: string;
  readonly quote?: string;
  /** JSON: where the rows are; empty for the root. */
  readonly path?: string;
  /** xlsx: the sheet's name. */
  readonly sheet?: string;
  /** The columns in their order, where a file names them ahead of its rows: all but JSON, NDJSON and XML. */
  readonly columns?: readonly string[];
}

/**
 * One row, or why it could not be read. `row` counts from 1: the line on which the row starts (CSV, NDJSON), the row of
 * the sheet (xlsx), or the number of the element or record. `raw` is at most the row's first 2,000 characters.
 */
export type FormatRow =
  | { readonly row: number; readonly values: Record<string, unknown> }
  | { readonly row: number; readonly error: string; readonly raw: string };

/** What a format is called, and how it is known. */
interface FormatNames {
  readonly name: FormatName;
  /** Lower case, without parameters; those that may be pushed. */
  readonly mediaTypes: readonly string[];
  /** Lower case, without the dot. */
  readonly extensions: readonly string[];
  /** Not text: then data that don't begin so are of another format. */
  readonly isBinary?: true;
  /** True for data that begin as only this format does; `start` are some hundred bytes, or all that there are. */
  detect(start: Uint8Array): boolean;
}

/** One file format: bytes in, rows out, without I/O of its own. */
export interface Format extends FormatNames {
  /**
   * Pages of rows, in order; no page is empty, and one page is a few thousand rows at most. Memory is bounded by a page
   * and the longest row; for Parquet and Arrow by a row group or batch, for xlsx by its table of shared texts.
   *
   * Values are what JSON has (text, numbers, booleans, null, arrays, objects) and `NumberLiteral`. They may have a
   * field called `__proto__` as a property of their own: copy them by spread, never by assignment.
   *
   * @throws AdpError DATA_ERROR (`park`) when the body as a whole can't be read; the message says where. CONFIG_ERROR
   * for an option that can't be. An error of `source` itself passes through unchanged.
   */
  read(source: ByteSource, options?: ReadOptions): AsyncIterable<FormatRow[]>;
}

/** A format as it is written down: what it needs of the bytes, and its reader. */
type Definition = FormatNames &
  (
    | { readonly needs: 'stream'; read(bytes: AsyncIterable<Uint8Array>, options: ReadOptions): Pages }
    | { readonly needs: 'random access'; read(file: RandomAccess, options: ReadOptions): Pages }
  );
type Pages = AsyncIterable<FormatRow[]>;

export const defaultMaxDepth = 32;
export const defaultMaxFieldLength = 2 * 1024 * 1024;
export const maxRawLength = 2_000;
/** Of readers that have many rows at once. */
export const pageRows = 1_000;

/**
 * Adds what is the same in every format: the limit of rows, stopping when the signal says so, and a source of either
 * kind.
 */
export function defineFormat(definition: Definition): Format {
  return {
    ...definition,
    async *read(source, options = {}) {
      const { signal, maxRows } = options;
      let rows = 0;
      signal?.throwIfAborted();
      const bytes = abortable(toStream(source), signal);
      const pages =
        definition.needs === 'stream'
          ? definition.read(bytes, options)
          : definition.read(await toRandomAccess(Symbol.asyncIterator in source ? bytes : source), options);
      for await (const page of pages) {
        rows += page.length;
        if (maxRows !== undefined && rows > maxRows) {
          throw limitExceeded('rows', maxRows);
        }
        if (page.length > 0) {
          yield page;
        }
        signal?.throwIfAborted();
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

/** The start as text, for formats that are told by their first character. */
export function firstCharacter(start: Uint8Array): string {
  return Buffer.from(start)
    .toString('latin1')
    .replace(/^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)/, '')
    .replaceAll('\0', '')
    .trimStart()
    .charAt(0);
}
