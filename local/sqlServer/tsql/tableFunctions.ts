import { SqlError, unsupported } from '../sqlError.ts';
import { quoted, type TokenReader } from './tokenReader.ts';
import { is } from './tokens.ts';

const describing = 'sys.dm_exec_describe_first_result_set';
const described = [
  ...['column_ordinal', 'name', 'is_nullable', 'system_type_name', 'max_length', 'precision', 'scale'],
  ...['collation_name', 'error_message'],
];

/** Where the changes of a tracked table are kept. */
export function changesTable(table: string): string {
  return `tds.changes ${table}`;
}

/** CHANGETABLE (CHANGES table, version), which is next: what stands in its place in SQLite. */
export function changesSql(reader: TokenReader, isTable: (name: string) => boolean): string {
  reader.require('CHANGETABLE');
  reader.require('(');
  if (!reader.take('CHANGES')) throw unsupported('CHANGETABLE of a VERSION');
  const table = reader.tableName();
  reader.require(',');
  const version = reader.next();
  // As SQL Server, which takes no expression here.
  if (version.kind !== 'number') throw new SqlError(102, `Incorrect syntax near '${version.text}'.`, 15);
  reader.require(')');
  const changes = changesTable(table);
  if (!isTable(changes)) throw new SqlError(22_105, `Change tracking is not enabled on table '${table}'.`);
  return `(SELECT * FROM ${quoted(changes)} WHERE SYS_CHANGE_VERSION > ${version.text})`;
}

/** A function that is read like a table and was just named: what stands in its place. Undefined: it is a table. */
export function tableFunctionSql(reader: TokenReader, name: string, argument: () => string): string | undefined {
  if (!is(reader.peek(), '(')) return undefined;
  if (name !== describing) throw unsupported(`the table function ${name}`);
  reader.require('(');
  const query = argument();
  while (!reader.take(')')) reader.next();
  const columns = described.map((column) => `value ->> '${column}' AS ${column}`);
  return `(SELECT ${columns.join(', ')} FROM json_each(tds_describe(${query})))`;
}
