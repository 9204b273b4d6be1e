/** A value as a driver hands it over. Dialects have the database make text of whatever JavaScript can't hold. */
export type Cell = string | number | boolean | null;

export type Cells = readonly Cell[];

/** One statement: values never stand in its text. */
export interface Statement {
  readonly sql: string;
  /** All parameters travel as text; the statement says what they are (`Dialect.parse`). */
  readonly values: readonly string[];
}

/** A column of an answer. */
export interface Field {
  readonly name: string;
  /** As the driver calls its type. */
  readonly type: string;
}

export interface Answer {
  readonly rows: readonly Cells[];
  /** Where the dialect needs it, to describe a query. */
  readonly fields?: readonly Field[];
  /** True where the rows would have grown beyond `maxBytes`, and the rest was left in the database. */
  readonly isCut: boolean;
}

/**
 * A login at a database: a pool of at most two connections (and no more than `concurrency`), each of them read-only and
 * set up (isolation, time-outs, priority) before its first statement, opened at the first one. A connection that failed
 * or was cancelled is not used again.
 */
export interface Session {
  /**
   * Runs one statement by itself, as a transaction of its own.
   *
   * An aborted `signal` cancels it at the server as well and throws the signal's reason. All else that goes wrong is thrown
   * as the driver's own error: `Dialect.failure` says what it means.
   * @param maxBytes about what the rows may take in memory: rows are counted as they come, and at this size (but after one
   *   row at least) the statement is given up and what has come is the answer. A page of wide rows must not fill the memory.
   */
  query(statement: Statement, signal: AbortSignal, maxBytes?: number): Promise<Answer>;
  /** Ends the pool; statements that are under way may fail. */
  close(): Promise<void>;
}
