import type { AdpError } from '../../errors.ts';
import type { JsonValue } from '../../model/json.ts';
import type { CursorKind, Finding, PulledPage, Read } from '../connector.ts';
import type { Plan } from './plan.ts';
import type { Cell, Session, Statement } from './session.ts';

/**
 * What a column is to a cursor. The text forms are those of `Dialect.text`, and `Dialect.parse` reads them.
 * - `zoned`: a moment, as `YYYY-MM-DDTHH:MM:SS[.f…]Z` in UTC, all digits that the column has (a
 *   space instead of `T` and `+00` instead of `Z` will do)
 * - `local`: date and time without a zone, as `YYYY-MM-DDTHH:MM:SS[.f…]`
 * - `date`: `YYYY-MM-DD`
 * - `number`: exact, whole or decimal: `-12.50`
 * - `ordered`: anything else that can be compared, such as text or a uuid: a key, but no cursor
 * - `opaque`: can be read, but neither compared nor sorted
 *
 * What has no such form (infinity, years beyond 9999) has any text that `parse` reads.
 */
export type ColumnKind = 'zoned' | 'local' | 'date' | 'number' | 'ordered' | 'opaque';

/** A column as the catalogue has it. */
export interface Column {
  readonly name: string;
  /** In the database's own words, as `numeric(10,2)`: for messages, and for the dialect itself. */
  readonly type: string;
  readonly kind: ColumnKind;
  /** False only where the catalogue says so: a view's columns may all be NULL. */
  readonly isNullable: boolean;
  /** Its comparison may call different values equal: case, accents, trailing spaces. */
  readonly isLoose: boolean;
}

/** What is read, as configured. */
export type Target =
  /** Names as they are written in the settings, without their quotes; no schema: where the login looks first. */
  | { readonly kind: 'table'; readonly schema: string | undefined; readonly name: string }
  /** A query that an admin keeps in the source's settings. */
  | { readonly kind: 'query'; readonly name: string; readonly sql: string };

/** A table, view or query as the catalogue has it. */
export interface Relation {
  /** What stands after FROM: `"dbo"."Part"`, `(SELECT …) AS "q"`; built of names that the catalogue returned. */
  readonly from: string;
  /** For messages: `dbo.Part`, `the query "parts"`. */
  readonly label: string;
  readonly columns: readonly Column[];
  /** Columns that are unique together, enforced by the database for all rows (no predicate, no expression). */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Columns that are the first of an index; undefined where that can't be told, as of a view or query. */
  readonly indexed: readonly string[] | undefined;
  /** The database's own guess; undefined where it has none. */
  readonly rowEstimate: number | undefined;
}

/**
 * A kind of cursor that only this database has (`rowversion`, `change_tracking`).
 *
 * A backfill of it is the core's: everything by key, with the mark that was taken before the first page.
 */
export interface OwnCursor {
  /** Where it stands, if the settings don't say and it stands in a column. */
  usualColumn?(plan: Plan): Column | undefined;
  /** How far the database is now: the cursor once everything up to now was read. Undefined: it can't say, read all again. */
  mark(plan: Plan, signal: AbortSignal): Promise<string | undefined>;
  /**
   * Fixes the bounds of what has changed since. `state` is handed to each page. Undefined: the database can't go on from
   * this cursor (it keeps changes for some days only): everything is read again.
   */
  begin(plan: Plan, cursor: string, signal: AbortSignal): Promise<Pick<Read, 'state' | 'from' | 'notes'> | undefined>;
  /** A page of that; `readRows` (readRows.ts) reads one in any order, between any bounds. */
  page(
    plan: Plan,
    state: JsonValue,
    place: JsonValue | undefined,
    maxRows: number,
    signal: AbortSignal,
  ): Promise<PulledPage>;
}

/**
 * How a database speaks: the only differences that the core knows. No method does I/O but those that are handed a
 * session.
 */
export interface Dialect {
  readonly name: 'mssql' | 'postgres' | 'mysql';
  /** A name that the catalogue returned, in quotes. */
  quote(name: string): string;
  /** `$1`, `?`, `@p1`. @param index from 1 */
  placeholder(index: number): string;
  /** What is selected for a column of a row; `sql` is the quoted column. Whatever loses nothing in `toValue`. */
  select(column: Column, sql: string): string;
  /**
   * The value of a row, from what `select` brought (never null): exact numbers and decimals as text, 32-bit integers and
   * floats as numbers, zoned times as RFC 3339, local ones as text without a zone, bytes as base64, JSON as its value.
   */
  toValue(column: Column): (cell: Exclude<Cell, null>) => unknown;
  /** The exact text of a cursor's or key's column; see ColumnKind. A whole number of 32 bits may come as such. */
  text(column: Column, sql: string): string;
  /** The value of such a text, of the column's own type so that its index serves. */
  parse(column: Column, placeholder: string): string;
  /** Of a loose column: its bytes, or whatever else tells apart all values that its comparison calls equal. */
  exactly(column: Column, sql: string): string;
  /**
   * Rows after the given ones in the order of the terms. Undefined: `a >= ? AND (a > ? OR b > ?)`; for databases that
   * serve row comparisons by an index.
   * @param terms SQL of what is sorted by, and of the place after which it goes on, side by side
   */
  after?(terms: readonly { readonly sql: string; readonly value: string }[]): string;
  /** A whole SELECT, with a literal TOP or LIMIT. `where` and `order` may be empty. */
  page(parts: {
    readonly select: readonly string[];
    readonly from: string;
    readonly where: readonly string[];
    readonly order: readonly string[];
    readonly limit: number;
  }): string;
  /** One row, one cell: the database's clock as `YYYY-MM-DDTHH:MM:SS.f…Z` in UTC. */
  readonly clock: Statement;
  /**
   * What the catalogue says of a table, view or query; undefined where there is none of that name (or none that the login
   * may see). Asked before each page or so: one or two cheap statements.
   */
  describe(session: Session, target: Target, signal: AbortSignal): Promise<Relation | undefined>;
  /** `version`, `privileges` (warns where the login can write), `isolation`, and what else it knows to look for. */
  check(session: Session, relations: readonly Relation[], signal: AbortSignal): Promise<Finding[]>;
  /**
   * What an error of the driver means, in words that say what to do. Login refused, or a privilege missing (which GRANT):
   * AUTH_FAILED. Deadlock, lock or statement time-out, lost connection, too many connections, recovery: NETWORK_ERROR. A
   * table or column that is gone: MAPPING_ERROR, which names it. All else: CONFIG_ERROR where the settings can't work,
   * DATA_ERROR (park) where the data can't be read. No secret, not in the cause either. The core asks for every
   * error of a session that is no AdpError, but not for an abort.
   */
  failure(error: unknown): AdpError;
  /** Kinds of cursors that only this database has. */
  readonly ownCursors?: Readonly<Partial<Record<CursorKind, OwnCursor>>>;
}
