import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../shared/clock.ts';
import { SqlError, toSqlError, unsupported } from '../sqlError.ts';
import { readDefinition } from '../tsql/definitions.ts';
import { is, type Token, tokenize } from '../tsql/tokens.ts';
import { type Translation, translate, undeclared } from '../tsql/translate.ts';
import { type SqlType, sqlType, typeText } from '../types/sqlType.ts';
import type { Stored } from '../types/stored.ts';
import { Catalogue, collationOf, sizesOf } from './catalogue.ts';
import { registerFunctions } from './functions.ts';
import { createSchema } from './schema.ts';

/** What a session knows of itself. */
export interface SessionFacts {
  readonly sessionId: number;
  readonly user: string;
  readonly mayWrite: boolean;
  readonly database: string;
  readonly clock: Clock;
}

export interface ResultColumn {
  readonly name: string;
  readonly type: SqlType;
}

export type StatementResult =
  | { readonly kind: 'done'; readonly changed?: number }
  | { readonly kind: 'rows'; readonly columns: readonly ResultColumn[]; readonly rows: Iterable<readonly Stored[]> };

/** SQL Server waits for ever, unless told otherwise. */
const longestWaitMs = 30_000;

export type Parameters = ReadonlyMap<string, Stored>;

/** One client's view of a database: a SQLite connection of its own, so that transactions are its own. */
export class Session {
  readonly #database: DatabaseSync;
  readonly #catalogue: Catalogue;
  readonly #facts: SessionFacts;
  /** How long a statement waits for what another one has locked. */
  lockTimeoutMs = longestWaitMs;

  constructor(file: string, facts: SessionFacts) {
    // Not SQLite's own patience: it would hold up every client of this process.
    this.#database = new DatabaseSync(file, { timeout: 0 });
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    this.#catalogue = new Catalogue(this.#database);
    this.#facts = facts;
    registerFunctions(this.#database, facts);
    this.#database.function('tds_describe', { varargs: false }, (sql) => JSON.stringify(this.#describe(String(sql))));
  }

  get whose(): { readonly user: string; readonly database: string } {
    return this.#facts;
  }

  /** Makes the catalogue, if this is a new file. */
  prepare(): void {
    createSchema(this.#database, this.#facts.database);
  }

  close(): void {
    this.#database.close();
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** Whoever may write takes the lock at once: to find later that another has it couldn't be waited out. */
  begin(): void {
    this.#attempt(() => this.#database.exec(this.#facts.mayWrite ? 'BEGIN IMMEDIATE' : 'BEGIN'));
  }

  end(how: 'COMMIT' | 'ROLLBACK'): void {
    if (this.inTransaction) this.#attempt(() => this.#database.exec(how));
  }

  /** @throws SqlError */
  execute(statement: readonly Token[], parameters: Parameters): StatementResult {
    const [first, second] = statement;
    if (is(first, 'SET')) return this.#set(statement);
    if (is(first, 'BEGIN', 'COMMIT', 'ROLLBACK')) {
      if (second !== undefined && !is(second, 'TRAN', 'TRANSACTION')) throw unsupported(`BEGIN ${second.text}`);
      if (is(first, 'BEGIN')) this.begin();
      else this.end(is(first, 'COMMIT') ? 'COMMIT' : 'ROLLBACK');
      return { kind: 'done' };
    }
    if (!is(first, 'SELECT', 'WITH')) this.#requireWriter(first?.text ?? '');
    const definition = this.#attempt(() => readDefinition(statement));
    if (definition !== undefined) {
      if (definition.kind === 'createView') this.#createView(definition.table, definition.query);
      else this.#attempt(() => this.#catalogue.apply(definition));
      return { kind: 'done' };
    }
    if (!is(first, 'SELECT', 'INSERT', 'UPDATE', 'DELETE')) throw unsupported(first?.text ?? '');
    return this.#attempt(() => this.#run(statement, parameters));
  }

  #set([, name, value]: readonly Token[]): StatementResult {
    if (name === undefined || !harmless.test(name.text)) throw unsupported(`SET ${name?.text ?? ''}`);
    if (is(name, 'LOCK_TIMEOUT')) this.lockTimeoutMs = value?.kind === 'number' ? Number(value.text) : longestWaitMs;
    return { kind: 'done' };
  }

  #requireWriter(what: string): void {
    if (this.#facts.mayWrite) return;
    throw new SqlError(229, `The ${what.toUpperCase()} permission was denied to '${this.#facts.user}'.`, 14);
  }

  #run(tokens: readonly Token[], parameters: Parameters): StatementResult {
    const translation = this.#translate(tokens);
    const statement = this.#database.prepare(translation.sql);
    statement.setReadBigInts(true);
    const values: Record<string, Stored> = {};
    for (const name of translation.parameters) {
      const value = parameters.get(name.toLowerCase());
      if (value === undefined) throw undeclared(name);
      values[name] = value;
    }
    const described = statement.columns();
    if (described.length === 0) return { kind: 'done', changed: Number(statement.run(values).changes) };

    statement.setReturnArrays(true);
    // Not typed as arrays, which setReturnArrays makes them.
    const rows: Iterator<unknown> = statement.iterate(values);
    const first = nextRow(rows);
    const known = translation.types.length === described.length ? translation.types : [];
    const columns = described.map(({ name, table, column }, index) => {
      const stored = table === null || column === null ? undefined : this.#typeOf(table, column);
      return { name: nameOf(name, tokens), type: stored ?? known[index] ?? sampledType(first?.[index]) };
    });
    return { kind: 'rows', columns, rows: restOf(rows, first) };
  }

  #createView(view: string, query: readonly Token[]): void {
    const result = this.#attempt(() => this.#run(query, new Map()));
    if (result.kind !== 'rows') throw unsupported('a view of what is no query');
    for (const _ of result.rows) break;
    this.#attempt(() => this.#catalogue.createView(view, this.#translate(query).sql, result.columns));
  }

  #translate(tokens: readonly Token[]): Translation {
    const isThere = this.#database.prepare('SELECT 1 FROM sqlite_master WHERE name = ?');
    const isTable = (name: string) => isThere.get(name) !== undefined;
    return translate(tokens, (table) => this.#catalogue.columnsOf(table), isTable);
  }

  /** What a query answers, as `sys.dm_exec_describe_first_result_set` tells it. */
  #describe(sql: string): readonly object[] {
    try {
      const result = this.#run(tokenize(sql), new Map());
      if (result.kind !== 'rows') throw unsupported('to describe what is no query');
      // A statement that isn't ended keeps what it saw; a generator that hasn't begun has nothing to end.
      for (const _ of result.rows) break;
      return result.columns.map(({ name, type }, index) => ({
        column_ordinal: index + 1,
        name,
        is_nullable: 1,
        system_type_name: typeText(type),
        ...sizesOf(type),
        collation_name: collationOf(type),
      }));
    } catch (error) {
      return [{ column_ordinal: 0, error_message: toSqlError(error).message }];
    }
  }

  #typeOf(table: string, column: string): SqlType | undefined {
    return this.#catalogue.columnsOf(table)?.get(column.toLowerCase());
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toSqlError(error);
    }
  }
}

/** Settings of a session that change nothing of what this server does. */
const harmless =
  /^(ANSI_\w+|QUOTED_IDENTIFIER|ARITHABORT|CONCAT_NULL_YIELDS_NULL|CURSOR_CLOSE_ON_COMMIT|IMPLICIT_TRANSACTIONS|LANGUAGE|DATEFORMAT|DATEFIRST|TEXTSIZE|NUMERIC_ROUNDABORT|NOCOUNT|XACT_ABORT|LOCK_TIMEOUT|DEADLOCK_PRIORITY|TRANSACTION)$/i;

/** SQLite makes a name of what an item says; SQL Server leaves it empty. */
function nameOf(name: string, tokens: readonly Token[]): string {
  return tokens.some(({ kind, text }) => (kind === 'word' || kind === 'name') && text === name) || /^\w+$/.test(name)
    ? name
    : '';
}

function sampledType(value: Stored | undefined): SqlType {
  if (typeof value === 'bigint') return sqlType(BigInt.asIntN(32, value) === value ? 'int' : 'bigint');
  if (typeof value === 'number') return sqlType('float');
  if (value instanceof Uint8Array) return sqlType('varbinary', ['max']);
  return sqlType('nvarchar', ['max']);
}

function* restOf(rows: Iterator<unknown>, first: readonly Stored[] | undefined): Generator<readonly Stored[]> {
  try {
    for (let row = first; row !== undefined; row = nextRow(rows)) yield row;
  } catch (error) {
    throw toSqlError(error);
  } finally {
    rows.return?.();
  }
}

function nextRow(rows: Iterator<unknown>): readonly Stored[] | undefined {
  const { done, value } = rows.next();
  return done !== true && Array.isArray(value) ? value : undefined;
}
