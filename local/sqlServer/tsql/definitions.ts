import { syntaxError, unsupported } from '../sqlError.ts';
import type { SqlType } from '../types/sqlType.ts';
import { TokenReader } from './tokenReader.ts';
import { is, type Token } from './tokens.ts';

export interface ColumnDefinition {
  readonly name: string;
  readonly type: SqlType;
  readonly isNullable: boolean;
  readonly isIdentity: boolean;
}

/** A statement that changes the schema. Tables are named as `dbo.Veh`. */
export type Definition =
  | {
      readonly kind: 'createTable';
      readonly table: string;
      readonly columns: readonly ColumnDefinition[];
      readonly key: readonly string[];
    }
  | {
      readonly kind: 'createIndex';
      readonly table: string;
      readonly name: string;
      readonly columns: readonly string[];
      readonly isUnique: boolean;
    }
  /** `query` is a SELECT that is not translated yet. */
  | { readonly kind: 'createView'; readonly table: string; readonly query: readonly Token[] }
  | { readonly kind: 'dropTable'; readonly table: string }
  | { readonly kind: 'addColumn'; readonly table: string; readonly column: ColumnDefinition }
  | { readonly kind: 'dropColumn'; readonly table: string; readonly column: string }
  /** Change tracking; no table: of the database as a whole. */
  | { readonly kind: 'track'; readonly table: string | undefined; readonly isOn: boolean };

/** Undefined where the statement is none. Throws SqlError for one that isn't understood. */
export function readDefinition(tokens: readonly Token[]): Definition | undefined {
  const reader = new TokenReader(tokens);
  if (!is(reader.peek(), 'CREATE', 'DROP', 'ALTER')) return undefined;
  const definition = readDefinitionFrom(reader);
  const left = reader.peek();
  if (left !== undefined) throw syntaxError(left.text);
  return definition;
}

function readDefinitionFrom(reader: TokenReader): Definition {
  if (reader.take('DROP')) {
    reader.require('TABLE');
    return { kind: 'dropTable', table: reader.tableName() };
  }
  if (reader.take('ALTER')) {
    if (reader.take('DATABASE')) return readTracking(reader);
    reader.require('TABLE');
    const table = reader.tableName();
    if (is(reader.peek(), 'ENABLE', 'DISABLE')) {
      const isOn = reader.take('ENABLE') || !reader.take('DISABLE');
      reader.require('CHANGE_TRACKING');
      return { kind: 'track', table, isOn };
    }
    if (reader.take('ADD')) return { kind: 'addColumn', table, column: readColumn(reader).column };
    reader.require('DROP');
    reader.require('COLUMN');
    return { kind: 'dropColumn', table, column: reader.name() };
  }
  reader.require('CREATE');
  if (reader.take('TABLE')) return readTable(reader);
  if (reader.take('VIEW')) {
    const table = reader.tableName();
    reader.require('AS');
    const query = reader.tokens.slice(reader.position);
    reader.position = reader.tokens.length;
    return { kind: 'createView', table, query };
  }
  const isUnique = reader.take('UNIQUE');
  reader.take('NONCLUSTERED', 'CLUSTERED');
  reader.require('INDEX');
  const name = reader.name();
  reader.require('ON');
  return { kind: 'createIndex', name, isUnique, table: reader.tableName(), columns: readNames(reader) };
}

/** Behind ALTER DATABASE: how long changes are kept is read over. */
function readTracking(reader: TokenReader): Definition {
  reader.name();
  reader.require('SET');
  reader.require('CHANGE_TRACKING');
  reader.require('=');
  const isOn = reader.take('ON');
  if (!isOn) reader.require('OFF');
  if (is(reader.peek(), '(')) reader.skipParentheses();
  return { kind: 'track', table: undefined, isOn };
}

function readTable(reader: TokenReader): Definition {
  const table = reader.tableName();
  const columns: ColumnDefinition[] = [];
  let key: readonly string[] = [];
  reader.require('(');
  do {
    if (reader.take('CONSTRAINT')) reader.name();
    if (is(reader.peek(), 'PRIMARY')) key = readKey(reader);
    else {
      const { column, isKey } = readColumn(reader);
      columns.push(column);
      if (isKey) key = [column.name];
    }
  } while (reader.take(','));
  reader.require(')');
  return { kind: 'createTable', table, columns, key };
}

function readColumn(reader: TokenReader): { readonly column: ColumnDefinition; readonly isKey: boolean } {
  const name = reader.name();
  const type = reader.type();
  let isNullable = type.name !== 'rowversion' && type.name !== 'timestamp';
  let isIdentity = false;
  let isKey = false;
  while (reader.peek() !== undefined && !is(reader.peek(), ',', ')')) {
    if (reader.take('NULL')) continue;
    if (reader.take('NOT')) {
      reader.require('NULL');
      isNullable = false;
    } else if (reader.take('IDENTITY')) {
      if (is(reader.peek(), '(')) reader.skipParentheses();
      isIdentity = true;
    } else if (reader.take('PRIMARY')) {
      reader.require('KEY');
      reader.take('CLUSTERED', 'NONCLUSTERED');
      isKey = true;
    } else throw unsupported(`${reader.peek()?.text ?? ''} of a column`);
  }
  return { column: { name, type, isNullable: isNullable && !isKey && !isIdentity, isIdentity }, isKey };
}

function readKey(reader: TokenReader): string[] {
  reader.require('PRIMARY');
  reader.require('KEY');
  reader.take('CLUSTERED', 'NONCLUSTERED');
  return readNames(reader);
}

function readNames(reader: TokenReader): string[] {
  const names: string[] = [];
  reader.require('(');
  do {
    names.push(reader.name());
    if (reader.take('DESC')) throw unsupported('an index in descending order');
    reader.take('ASC');
  } while (reader.take(','));
  reader.require(')');
  return names;
}
