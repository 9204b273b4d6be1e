import type { StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';

/** The SQLite file behind the server, with its prepared statements. */
export interface Database {
  run(sql: string): void;
  /** Prepared once a text. A statement must not be run again while it is being iterated. */
  statement(sql: string): StatementSync;
  close(): void;
}

const statementsKept = 500;

/**
 * Opens (or creates) the file. WAL with `synchronous=FULL`: what was committed survives the end of the process and of
 * the machine. The file is locked: throws SQLite's "database is locked" where another process has it.
 */
export function openDatabase(file: string): Database {
  const sqlite = new DatabaseSync(file);
  sqlite.exec(`
    PRAGMA page_size = 8192;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY;
    CREATE TABLE IF NOT EXISTS databases (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS containers (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      database TEXT NOT NULL REFERENCES databases (id),
      id TEXT NOT NULL,
      definition TEXT NOT NULL,
      UNIQUE (database, id)
    );`);
  const statements = new Map<string, StatementSync>();
  return {
    run: (sql) => sqlite.exec(sql),
    statement(sql) {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      if (statements.size >= statementsKept) statements.clear();
      const prepared = sqlite.prepare(sql);
      statements.set(sql, prepared);
      return prepared;
    },
    close: () => sqlite.close(),
  };
}
