import { SqlError, syntaxError, unsupported } from '../sqlError.ts';
import { familyOf, isCountable, type SqlType, sqlType, typeText } from '../types/sqlType.ts';
import { convert, type Expression, untyped } from './conversion.ts';
import { changesSql, tableFunctionSql } from './tableFunctions.ts';
import { literal, quoted, TokenReader } from './tokenReader.ts';
import { is, type Token } from './tokens.ts';

/** A statement in SQLite's words. */
export interface Translation {
  readonly sql: string;
  /** Names of the parameters that it uses. */
  readonly parameters: readonly string[];
  /** Of the columns of a select, by their place, where the statement says it; a stored column's is the catalogue's. */
  readonly types: readonly (SqlType | undefined)[];
}

/** Types of a table's columns by lower-case name; undefined where there is no such table. */
export type ColumnsOf = (table: string) => ReadonlyMap<string, SqlType> | undefined;

/** Translates a SELECT, INSERT, UPDATE or DELETE. Throws SqlError for what isn't understood. */
export function translate(
  tokens: readonly Token[],
  columnsOf: ColumnsOf,
  isTable: (name: string) => boolean,
): Translation {
  return new Translator(tokens, columnsOf, isTable).translate();
}

const instantType = sqlType('datetime2', ['7']);
const clockFunctions = ['SYSUTCDATETIME', 'SYSDATETIME', 'GETUTCDATE', 'GETDATE', 'CURRENT_TIMESTAMP'];
const renamed: Readonly<Record<string, string>> = {
  ISNULL: 'IFNULL',
  LEN: 'LENGTH',
  COUNT_BIG: 'COUNT',
  DATALENGTH: 'OCTET_LENGTH',
  LEFT: 'tds_left',
};
const datePartFunctions = ['DATEADD', 'DATEDIFF', 'DATEDIFF_BIG'];
const aggregates = ['MIN', 'MAX', 'SUM', 'AVG'];
const comparisons = ['=', '<>', '!=', '<', '>', '<=', '>='];
const clauses = ['SELECT', 'FROM', 'WHERE', 'GROUP', 'HAVING', 'ORDER', 'ON', 'SET', 'VALUES'];
/** After these a table is named. */
const tableWords = ['FROM', 'JOIN', 'INTO', 'UPDATE'];
const refusedWords = ['APPLY', 'PIVOT', 'UNPIVOT', 'MERGE', 'OUTPUT', 'TIES', 'PERCENT', 'FOR', 'EXEC'];
/** What can't be the alias of a table. */
const afterTable = [
  ...['WHERE', 'ORDER', 'GROUP', 'HAVING', 'JOIN', 'INNER', 'LEFT', 'RIGHT', 'FULL', 'CROSS', 'ON', 'WITH', 'OPTION'],
  ...['SET', 'VALUES', 'SELECT', 'UNION', 'EXCEPT', 'INTERSECT', 'DEFAULT', 'OUTPUT', 'FOR', 'OFFSET', 'AS'],
];

class Translator {
  readonly #reader: TokenReader;
  /** Also of tables that are no tables to the client. */
  readonly #isTable: (name: string) => boolean;
  readonly #parameters = new Set<string>();
  readonly #columns: ReadonlyMap<string, SqlType>[];
  readonly #types: (SqlType | undefined)[] = [];
  /** The last word that began a part of a select. */
  #clause = '';

  constructor(tokens: readonly Token[], columnsOf: ColumnsOf, isTable: (name: string) => boolean) {
    this.#isTable = isTable;
    this.#reader = new TokenReader(tokens);
    this.#columns = tablesIn(tokens).flatMap((table) => columnsOf(table) ?? []);
  }

  translate(): Translation {
    const sql = this.#scope([], true);
    const left = this.#reader.peek();
    if (left !== undefined) throw syntaxError(left.text);
    return { sql, parameters: [...this.#parameters], types: this.#types };
  }

  /**
   * All up to one of these words or symbols, or a closing parenthesis, that belongs to no inner scope. TOP and
   * OFFSET … FETCH, wherever they stand in it, become a LIMIT at its end.
   */
  #scope(ends: readonly string[], isTop = false): string {
    const parts: string[] = [];
    let limit: string | undefined;
    let offset: string | undefined;
    for (let token = this.#reader.peek(); token !== undefined; token = this.#reader.peek()) {
      if (is(token, ')', ...ends)) break;
      if (this.#reader.take('SELECT')) {
        this.#clause = 'SELECT';
        parts.push('SELECT');
        if (this.#reader.take('DISTINCT')) parts.push('DISTINCT');
        if (this.#reader.take('TOP')) limit = this.#count();
        if (isTop && this.#types.length === 0) parts.push(this.#selectList());
      } else if (this.#reader.take('OFFSET')) {
        offset = this.#count();
        this.#requireRows();
      } else if (this.#reader.take('FETCH')) {
        if (!this.#reader.take('NEXT', 'FIRST')) throw syntaxError('FETCH');
        limit = this.#count();
        this.#requireRows();
        this.#reader.require('ONLY');
      } else parts.push(this.#piece().sql);
    }
    if (limit !== undefined || offset !== undefined) parts.push(`LIMIT ${limit ?? '-1'} OFFSET ${offset ?? '0'}`);
    return parts.join(' ');
  }

  #requireRows(): void {
    if (!this.#reader.take('ROWS', 'ROW')) throw syntaxError('ROWS');
  }

  /** How many rows: a number, a parameter, or an expression in parentheses. */
  #count(): string {
    return `(${this.#piece().sql})`;
  }

  /** The list of an outermost select, whose items tell their types where they are conversions or functions. */
  #selectList(): string {
    const items: string[] = [];
    do {
      const first = this.#piece();
      const isWhole = this.#reader.peek() === undefined || is(this.#reader.peek(), 'AS', ',', 'FROM') || this.#isName();
      const rest = this.#scope([',', 'FROM', 'UNION', 'EXCEPT', 'INTERSECT', 'ORDER', 'WHERE']);
      this.#types.push(isWhole ? first.type : undefined);
      items.push(`${first.sql} ${rest}`);
    } while (this.#reader.take(','));
    return items.join(', ');
  }

  #isName(): boolean {
    const token = this.#reader.peek();
    return token?.kind === 'name' || token?.kind === 'word';
  }

  /** One token, or one call with its arguments. */
  #piece(): Expression {
    const token = this.#reader.next();
    switch (token.kind) {
      case 'text':
        return untyped(this.#joined(literal(token.text)));
      case 'bytes':
        return untyped(`x'${token.text}'`);
      case 'number':
        return untyped(exactLiteral(token.text));
      case 'parameter':
        this.#parameters.add(token.text);
        return untyped(`@${token.text}`);
      case 'system':
        return system(token.text);
      case 'name':
        return this.#column(token);
      case 'symbol':
        return this.#symbol(token);
      case 'word':
        return this.#word(token);
    }
  }

  /** SQLite adds numbers only: where a text is added, they are joined. */
  #joined(sql: string): string {
    return this.#reader.take('+') ? `${sql} ||` : sql;
  }

  #symbol({ text }: Token): Expression {
    if (text === '(') {
      const inner = this.#scope([]);
      this.#reader.require(')');
      return untyped(`(${inner})`);
    }
    if (text === '+' && this.#reader.peek()?.kind === 'text') return untyped('||');
    return untyped(text);
  }

  #word(token: Token): Expression {
    const word = token.text.toUpperCase();
    if (refusedWords.includes(word)) throw unsupported(word);
    if (clauses.includes(word)) this.#clause = word;
    if (tableWords.includes(word)) return untyped(`${word} ${this.#table(word)}`);
    if ((word === 'WITH' || word === 'OPTION') && is(this.#reader.peek(), '(')) {
      this.#reader.skipParentheses();
      return untyped('');
    }
    // There is one collation here.
    if (word === 'COLLATE') {
      this.#reader.name();
      return untyped('');
    }
    if (is(this.#reader.peek(), '(')) return this.#call(word);
    return word === 'CURRENT_TIMESTAMP' ? { sql: 'sysutcdatetime()', type: instantType } : this.#column(token);
  }

  /** A column, also `alias.column`; or a keyword, which is as good as nameless. */
  #column(first: Token): Expression {
    const parts = [nameSql(first)];
    let last = first;
    while (is(this.#reader.peek(), '.') && !is(this.#reader.peek(1), '*')) {
      this.#reader.next();
      last = this.#reader.next();
      parts.push(nameSql(last));
    }
    // dbo.Veh.Id: SQLite knows the table by its alias.
    const sql = parts.slice(-2).join('.');
    const type = this.#typeOfColumn(last.text);
    if (type === undefined) return untyped(sql);
    this.#requireUsable(sql, type);
    if (isUnsorted(type) && this.#clause === 'ORDER') return untyped(sortable(sql, type));
    return isHeldAsText(type) ? this.#compared(sql, type) : { sql, type };
  }

  /** What is compared with such a column is brought into the form in which the column is held. */
  #compared(sql: string, type: SqlType): Expression {
    const { kind, text } = this.#reader.peek() ?? {};
    if (kind === 'symbol' && comparisons.includes(text ?? '')) {
      this.#reader.next();
      if (isUnsorted(type)) return untyped(`${sortable(sql, type)} ${text} ${sortable(this.#operand(type), type)}`);
      return this.#isOperand() ? untyped(`${sql} ${text} ${this.#operand(type)}`) : untyped(`${sql} ${text}`);
    }
    if (!this.#reader.take('BETWEEN')) return { sql, type };
    const from = this.#operand(type);
    this.#reader.require('AND');
    const to = this.#operand(type);
    return isUnsorted(type)
      ? untyped(`${sortable(sql, type)} BETWEEN ${sortable(from, type)} AND ${sortable(to, type)}`)
      : untyped(`${sql} BETWEEN ${from} AND ${to}`);
  }

  #isOperand(): boolean {
    const kind = this.#reader.peek()?.kind;
    return kind === 'parameter' || kind === 'text';
  }

  #operand(type: SqlType): string {
    return `tds_convert(${this.#piece().sql}, ${literal(typeText(type))}, NULL)`;
  }

  /** An exact number that is held as text must not be calculated with as such. */
  #requireUsable(sql: string, type: SqlType): void {
    if (familyOf(type) !== 'exact' || isCountable(type)) return;
    if (is(this.#reader.peek(), '+', '-', '*', '/', '%'))
      throw unsupported(`to calculate with ${typeText(type)} (${sql})`);
  }

  #typeOfColumn(name: string): SqlType | undefined {
    const types = this.#columns.flatMap((columns) => columns.get(name.toLowerCase()) ?? []);
    const [first] = types;
    return types.every((type) => first !== undefined && typeText(type) === typeText(first)) ? first : undefined;
  }

  /** A table with its alias; without one it keeps its short name. A select in parentheses is left to the caller. */
  #table(word: string): string {
    if (is(this.#reader.peek(), '(') || is(this.#reader.peek(), 'SELECT')) return '';
    if (is(this.#reader.peek(), 'OPENQUERY', 'OPENJSON')) throw unsupported(this.#reader.next().text);
    if (is(this.#reader.peek(), 'CHANGETABLE')) {
      const changes = changesSql(this.#reader, (table) => this.#isTable(table));
      return `${changes} AS ${quoted(this.#alias(true) ?? '')}`;
    }
    const table = this.#reader.tableName();
    const isRead = word === 'FROM' || word === 'JOIN';
    const rows = isRead ? tableFunctionSql(this.#reader, table, () => this.#piece().sql) : undefined;
    if (rows !== undefined) return `${rows} AS ${quoted(this.#alias(false) ?? 'f')}`;
    const name = quoted(table);
    if (word === 'INTO') return name;
    const alias = this.#alias(false) ?? table.slice(table.indexOf('.') + 1);
    if (is(this.#reader.peek(), ',')) throw unsupported('tables joined by a comma');
    return `${name} AS ${quoted(alias)}`;
  }

  /** @param isRequired as of a rowset, which has no name of its own */
  #alias(isRequired: boolean): string | undefined {
    const explicit = this.#reader.take('AS');
    const token = this.#reader.peek();
    const isName = token?.kind === 'name' || (token?.kind === 'word' && !is(token, ...afterTable));
    return explicit || isRequired || isName ? this.#reader.name() : undefined;
  }

  #call(word: string): Expression {
    this.#reader.require('(');
    const result = this.#callInside(word);
    this.#reader.require(')');
    return result;
  }

  #callInside(word: string): Expression {
    if (clockFunctions.includes(word)) return { sql: 'sysutcdatetime()', type: instantType };
    if (word === 'SYSDATETIMEOFFSET') return { sql: 'sysdatetimeoffset()', type: sqlType('datetimeoffset', ['7']) };
    if (word === 'CAST' || word === 'TRY_CAST') {
      const value = this.#argument(['AS']);
      this.#reader.require('AS');
      return convert(value, this.#reader.type(), undefined);
    }
    if (word === 'CONVERT') {
      const target = this.#reader.type();
      this.#reader.require(',');
      const value = this.#argument([',']);
      return convert(value, target, this.#reader.take(',') ? Number(this.#reader.next().text) : undefined);
    }
    if (datePartFunctions.includes(word)) {
      const part = this.#reader.name();
      this.#reader.require(',');
      const sql = `${word}(${literal(part.toLowerCase())}, ${this.#scope([])})`;
      return { sql, type: word === 'DATEADD' ? instantType : sqlType(word === 'DATEDIFF' ? 'int' : 'bigint') };
    }
    if (word === 'SWITCHOFFSET' || word === 'TODATETIMEOFFSET') {
      const { sql, type } = this.#argument([',']);
      this.#reader.require(',');
      const scaleText = String(type?.scale ?? 7);
      const name = word === 'SWITCHOFFSET' ? 'tds_switch_offset' : 'tds_with_offset';
      return { sql: `${name}(${sql}, ${this.#piece().sql})`, type: sqlType('datetimeoffset', [scaleText]) };
    }
    const start = this.#reader.position;
    const args = this.#scope([]);
    if (aggregates.includes(word)) this.#requireNumbers(word, this.#reader.tokens.slice(start, this.#reader.position));
    if (word === 'COUNT') return { sql: `COUNT(${args})`, type: sqlType('int') };
    if (word === 'COUNT_BIG') return { sql: `COUNT(${args})`, type: sqlType('bigint') };
    if (word === 'CHANGE_TRACKING_CURRENT_VERSION') return { sql: trackingSql('last', ''), type: sqlType('bigint') };
    if (word === 'CHANGE_TRACKING_MIN_VALID_VERSION') {
      return { sql: trackingSql('oldest', `WHERE object_id = ${args}`), type: sqlType('bigint') };
    }
    if (word === 'MIN_ACTIVE_ROWVERSION') return { sql: rowversionSql(1), type: sqlType('binary', ['8']) };
    const type = ['MIN', 'MAX'].includes(word) ? this.#typeOfColumn(args.replaceAll(/^.*\.|"/g, '')) : undefined;
    return { sql: `${renamed[word] ?? word}(${args})`, type };
  }

  #requireNumbers(word: string, args: readonly Token[]): void {
    const types = args.flatMap(({ text }) => this.#typeOfColumn(text) ?? []);
    const held = types.find((type) => familyOf(type) === 'exact' && !isCountable(type));
    if (held !== undefined) throw unsupported(`${word} of ${typeText(held)}`);
  }

  #argument(ends: readonly string[]): Expression {
    const first = this.#piece();
    const rest = this.#scope(ends);
    return rest === '' ? first : untyped(`${first.sql} ${rest}`);
  }
}

/** Types whose values are texts of one form (types/stored.ts): another form of the same value is another text. */
function isHeldAsText(type: SqlType): boolean {
  const family = familyOf(type);
  return ['instant', 'day', 'clock', 'guid'].includes(family) || (family === 'exact' && !isCountable(type));
}

/** Those of them whose texts don't sort as their values do. */
function isUnsorted(type: SqlType): boolean {
  return type.name === 'datetimeoffset' || (familyOf(type) === 'exact' && !isCountable(type));
}

function sortable(sql: string, type: SqlType): string {
  return `tds_sortable(${sql}, ${literal(typeText(type))})`;
}

/** Where tables are named. */
function tablesIn(tokens: readonly Token[]): string[] {
  const reader = new TokenReader(tokens);
  const tables: string[] = [];
  while (reader.peek() !== undefined) {
    const token = reader.next();
    const isNamed = reader.peek()?.kind === 'name' || reader.peek()?.kind === 'word';
    if (is(token, ...tableWords) && isNamed && !is(reader.peek(), 'SELECT', 'CHANGETABLE'))
      tables.push(reader.tableName());
  }
  return tables;
}

/** So many after the last one that was committed: what others have not committed yet is later. */
function rowversionSql(after: number): string {
  return `(SELECT tds_rowversion(last + ${after}) FROM "tds.rowversions")`;
}

/** A name in quotes stays one; a bare word may be a keyword. */
function nameSql({ kind, text }: Token): string {
  return kind === 'name' ? quoted(text) : text;
}

/** Versions of change tracking; NULL where it is off. */
function trackingSql(column: 'last' | 'oldest', condition: string): string {
  return `(SELECT ${column} FROM ${column === 'last' ? '"tds.tracking"' : '"tds.tracked"'} ${condition})`;
}

/** SQLite reads a number with a point as a double. */
function exactLiteral(text: string): string {
  if (text.includes('.') && text.replace('.', '').length > 15) {
    throw unsupported(`an exact number of more than 15 digits in a statement (${text}): write it in quotes`);
  }
  return text;
}

function system(name: string): Expression {
  switch (name.toUpperCase()) {
    case 'VERSION':
      return { sql: 'tds_version()', type: sqlType('nvarchar', ['300']) };
    case 'SPID':
      return { sql: 'tds_session()', type: sqlType('smallint') };
    case 'TRANCOUNT':
      return { sql: 'tds_transactions()', type: sqlType('int') };
    case 'DBTS':
      return { sql: rowversionSql(0), type: sqlType('binary', ['8']) };
    default:
      throw unsupported(`@@${name}`);
  }
}

/** For the parameters that a statement names and the client didn't send. */
export function undeclared(name: string): SqlError {
  return new SqlError(137, `Must declare the scalar variable "@${name}".`, 15);
}
