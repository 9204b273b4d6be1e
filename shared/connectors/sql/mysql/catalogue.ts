import { AdpError } from '../../../errors.ts';
import type { Column, Relation, Target } from '../dialect.ts';
import type { Cell, Field, Session } from '../session.ts';
import { isText, kindOf } from './columns.ts';
import { toColumn as toQueryColumn } from './field.ts';
import { placeholder } from './placeholder.ts';

/** A name as MySQL writes it, whatever its mode is. */
export function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** Of these two spaces at the end count: https://dev.mysql.com/doc/refman/8.4/en/charset-collations.html */
const strictCollation = /^(binary|utf8mb4_0900_bin|\w+_nopad_bin)$/;
/** So MariaDB declares what was declared as JSON; only the server's answers tell that it is. */
const maybeJson = { type: 'longtext', collation: 'utf8mb4_bin' } as const;

/** The columns of a SELECT, as the server describes them. @throws AdpError */
export type Fields = (sql: string, signal: AbortSignal) => Promise<readonly Field[]>;

/** As `Dialect.describe` says. */
export async function describe(
  fields: Fields,
  session: Session,
  target: Target,
  signal: AbortSignal,
): Promise<Relation | undefined> {
  if (target.kind === 'table') return await describeTable(fields, session, target, signal);
  // On a line of its own: the query may end with a comment.
  const from = `(${target.sql}\n) AS ${quote('q')}`;
  const columns = (await fields(`SELECT * FROM ${from}`, signal)).map(toQueryColumn);
  return {
    from,
    label: `the query "${target.name}"`,
    columns,
    uniqueKeys: [],
    indexed: undefined,
    rowEstimate: undefined,
  };
}

async function describeTable(
  fields: Fields,
  session: Session,
  target: Target & { readonly kind: 'table' },
  signal: AbortSignal,
): Promise<Relation | undefined> {
  let found = await readColumns(session, target, signal);
  // The catalogue leaves out what is being altered at the moment, and what the login may do nothing with.
  if (found.length === 0 && (await canBeRead(fields, target, signal))) {
    found = await readColumns(session, target, signal);
  }
  const [first] = found;
  if (first === undefined) return undefined;
  const from = `${quote(first.schema)}.${quote(first.table)}`;
  const readable = found.filter(({ privileges }) => privileges.split(',').includes('select'));
  if (readable.length === 0) throw unreadable(from);
  const isJson = await jsonColumns(fields, from, readable, signal);
  const indexes = await readIndexes(session, first, signal);
  return {
    from,
    label: `${first.schema}.${first.table}`,
    columns: readable.map((column) => toColumn(column, isJson.has(column.name))),
    uniqueKeys: indexes.filter(({ isUnique }) => isUnique).map(({ columns }) => columns),
    indexed: first.isView
      ? undefined
      : indexes.flatMap(({ columns, isSearchable }) => (isSearchable ? columns.slice(0, 1) : [])),
    rowEstimate: first.rowEstimate,
  };
}

interface Found {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly isNullable: boolean;
  readonly collation: string | undefined;
  readonly octets: number | undefined;
  readonly privileges: string;
  readonly rowEstimate: number | undefined;
  readonly isView: boolean;
}

/** A name that only differs in case is taken where there is one such table: on Windows servers keep no case. */
async function readColumns(
  session: Session,
  { schema, name }: { readonly schema: string | undefined; readonly name: string },
  signal: AbortSignal,
): Promise<readonly Found[]> {
  const values = schema === undefined ? [name] : [name, schema];
  const inSchema = (table: string) =>
    `${table}.TABLE_NAME = ${placeholder(1)} AND ${table}.TABLE_SCHEMA = ${schema === undefined ? 'DATABASE()' : placeholder(2)}`;
  // The condition on both: else MariaDB opens every table there is.
  const { rows } = await session.query(
    {
      sql: `SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE, c.COLLATION_NAME,
  c.CHARACTER_OCTET_LENGTH, c.PRIVILEGES, t.TABLE_ROWS, t.TABLE_TYPE
FROM information_schema.COLUMNS c
JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
WHERE ${inSchema('c')} AND ${inSchema('t')}
ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`,
      values,
    },
    signal,
  );
  const found = rows.map(toFound);
  const exact = found.filter(({ table }) => table === name);
  if (exact.length > 0) return exact;
  return new Set(found.map(({ table }) => table)).size === 1 ? found : [];
}

function toFound(cells: readonly Cell[]): Found {
  const [schema, table, name, type, nullable, collation, octets, privileges, rows, kind] = cells.map((cell) =>
    cell === null ? undefined : String(cell),
  );
  return {
    schema: schema ?? '',
    table: table ?? '',
    name: name ?? '',
    type: (type ?? '').toLowerCase(),
    isNullable: nullable !== 'NO',
    collation,
    octets: octets === undefined ? undefined : Number(octets),
    privileges: (privileges ?? '').toLowerCase(),
    rowEstimate: rows === undefined ? undefined : Number(rows),
    isView: kind !== 'BASE TABLE',
  };
}

function toColumn({ name, type: declared, octets, collation, ...column }: Found, isJson: boolean): Column {
  const type = isJson ? 'json' : declared;
  return {
    name,
    type,
    kind: kindOf(type, octets),
    isNullable: column.isNullable,
    isLoose: isText(type) && !strictCollation.test(collation ?? ''),
  };
}

function isMaybeJson({ type, collation }: Found): boolean {
  return type === maybeJson.type && collation === maybeJson.collation;
}

async function jsonColumns(
  fields: Fields,
  from: string,
  readable: readonly Found[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const candidates = readable.filter(isMaybeJson).map(({ name }) => quote(name));
  if (candidates.length === 0) return new Set();
  const described = await fields(`SELECT ${candidates.join(', ')} FROM ${from}`, signal);
  return new Set(described.filter(({ type }) => type.startsWith('json')).map(({ name }) => name));
}

interface Index {
  readonly columns: readonly string[];
  readonly isUnique: boolean;
  /** By order: no hash, no words, no places. */
  readonly isSearchable: boolean;
}

/** Those over whole columns; the columns of an expression have no name. */
async function readIndexes(
  session: Session,
  { schema, table }: Pick<Found, 'schema' | 'table'>,
  signal: AbortSignal,
): Promise<readonly Index[]> {
  const { rows } = await session.query(
    {
      sql: `SELECT INDEX_NAME, COLUMN_NAME, NON_UNIQUE, SUB_PART, NULLABLE, INDEX_TYPE
FROM information_schema.STATISTICS
WHERE TABLE_SCHEMA = ${placeholder(1)} AND TABLE_NAME = ${placeholder(2)}
ORDER BY INDEX_NAME, SEQ_IN_INDEX`,
      values: [schema, table],
    },
    signal,
  );
  return [...Map.groupBy(rows, ([name]) => String(name)).values()].map((parts): Index => {
    const isWhole = parts.every(([, column, , prefix]) => column !== null && prefix === null);
    return {
      columns: parts.map(([, column]) => String(column)),
      // NULLs are all different to it.
      isUnique: isWhole && parts.every(([, , nonUnique, , nullable]) => Number(nonUnique) === 0 && nullable !== 'YES'),
      isSearchable: parts[0]?.[1] !== null && parts[0]?.[5] === 'BTREE',
    };
  });
}

/**
 * False where there is no such table.
 * @throws AdpError where the server says more: no database, a lock; whether a table is there it doesn't tell those who may
 * not read it
 */
async function canBeRead(
  fields: Fields,
  { schema, name }: { readonly schema: string | undefined; readonly name: string },
  signal: AbortSignal,
): Promise<boolean> {
  const from = `${schema === undefined ? '' : `${quote(schema)}.`}${quote(name)}`;
  try {
    await fields(`SELECT * FROM ${from}`, signal);
    return true;
  } catch (error) {
    if (!(error instanceof AdpError)) throw error;
    if (error.code === 'MAPPING_ERROR') return false;
    if (error.code !== 'AUTH_FAILED') throw error;
    throw new AdpError(
      'MAPPING_ERROR',
      `There is no table ${from}, or the login may not read it: then GRANT SELECT ON ${from} TO it.`,
    );
  }
}

function unreadable(from: string): AdpError {
  return new AdpError('AUTH_FAILED', `The login may read no column of ${from}: GRANT SELECT ON ${from} TO it.`);
}
