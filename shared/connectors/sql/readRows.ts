import type { PulledRow } from '../connector.ts';
import type { Column } from './dialect.ts';
import type { Plan } from './plan.ts';

/** Compared with a column; `value` as `Dialect.text` writes it. */
export interface Bound {
  readonly column: Column;
  readonly is: '>=' | '<=' | '<' | '>';
  readonly value: string;
}

export interface RowsRequest {
  readonly columns: readonly Column[];
  /** What rows are sorted by: the key, or a cursor and then the key. Rows in which one of them is NULL are left out. */
  readonly order: readonly Column[];
  /** Begins after the row with these values, as texts of `order`. */
  readonly after: readonly string[] | undefined;
  readonly bounds: readonly Bound[];
  /** Says of each row whether it is later than this; for a row dated 2099. */
  readonly clock?: { readonly column: Column; readonly value: string };
  readonly maxRows: number;
}

export interface Rows {
  readonly rows: readonly PulledRow[];
  /** The place of each row, as texts of `order`. */
  readonly places: readonly (readonly string[])[];
  /** Rows that are not later than the clock; they come first where the order begins with its column. */
  readonly untilClock: number;
  /** More rows follow after the last one. */
  readonly hasMore: boolean;
}

/**
 * A page of rows in an order, between bounds.
 * @throws AdpError CONFIG_ERROR (park) where two rows have one key, so that a page's end might part them
 */
export declare function readRows(plan: Plan, request: RowsRequest, signal: AbortSignal): Promise<Rows>;
