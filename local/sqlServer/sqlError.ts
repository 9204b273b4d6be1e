/** What SQL Server reports to the client: https://learn.microsoft.com/sql/relational-databases/errors-events/ */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  readonly number: number;
  /** 11 to 19: what a client may expect; from 20 on the connection ends. */
  readonly severity: number;

  constructor(number: number, message: string, severity = 16) {
    super(message);
    this.number = number;
    this.severity = severity;
  }
}

/** For what SQL Server can do and this server can't: loud, so that nobody relies on it by accident. */
export function unsupported(what: string): SqlError {
  return new SqlError(50_000, `Not supported by the local SQL Server: ${what}`);
}

export function syntaxError(near: string): SqlError {
  return new SqlError(102, `Incorrect syntax near '${near}'.`, 15);
}

const translations: readonly [RegExp, (name: string, message: string) => SqlError][] = [
  [/no such table: (?:dbo\.)?(\S+)/, (name) => new SqlError(208, `Invalid object name '${name}'.`)],
  [/no such column: (\S+)/, (name) => new SqlError(207, `Invalid column name '${name}'.`)],
  [/no such function: (\S+)/, (name) => new SqlError(195, `'${name}' is not a recognized built-in function name.`, 15)],
  [/near "([^"]*)"/, (name) => syntaxError(name)],
  [/NOT NULL constraint failed: (\S+)/, (name) => new SqlError(515, `Cannot insert the value NULL into '${name}'.`)],
  [/UNIQUE constraint failed: (.*)/, (name) => new SqlError(2627, `Violation of UNIQUE KEY constraint (${name}).`, 14)],
  [/database is locked/, () => new SqlError(1222, 'Lock request time out period exceeded.')],
];

/** SQLite's error in SQL Server's words; others are told as they are. */
export function toSqlError(error: unknown): SqlError {
  if (error instanceof SqlError) return error;
  const message = error instanceof Error ? error.message : String(error);
  for (const [pattern, translate] of translations) {
    const found = pattern.exec(message);
    if (found) return translate(found[1] ?? '', message);
  }
  return unsupported(message);
}
