import { AdpError } from '../../../errors.ts';
import type { Column, Relation, Target } from '../dialect.ts';
import type { Cell, Cells, Session } from '../session.ts';
import { isLoose, kindOf, typeText } from './types.ts';

/** `[dbo]`: https://learn.microsoft.com/sql/relational-databases/databases/database-identifiers */
export function quote(name: string): string {
  return `[${name.replaceAll(']', ']]')}]`;
}

/**
 * Of a base type the user type has the same id; types that are written in .NET have none, and an alias is no type of its
 * own. OBJECT_ID looks where the login would.
 */
const columnsSql = `SELECT s.name, o.name, c.name, b.name, c.max_length, c.precision, c.scale, c.collation_name,
    CAST(c.is_nullable AS int), (SELECT CAST(SUM(p.rows) AS float) FROM sys.partitions AS p
      WHERE p.object_id = o.object_id AND p.index_id IN (0, 1)), CAST(CASE WHEN o.type = 'V' THEN 1 ELSE 0 END AS int)
  FROM sys.objects AS o
    JOIN sys.schemas AS s ON s.schema_id = o.schema_id
    JOIN sys.columns AS c ON c.object_id = o.object_id
    LEFT JOIN sys.types AS b ON b.user_type_id = c.system_type_id
  WHERE o.object_id = OBJECT_ID(@p1) AND o.type IN ('U', 'V')
  ORDER BY c.column_id`;

const indexesSql = `SELECT i.index_id, CAST(i.is_unique AS int), CAST(i.has_filter AS int), c.name
  FROM sys.indexes AS i
    JOIN sys.index_columns AS ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
    JOIN sys.columns AS c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
  WHERE i.object_id = OBJECT_ID(@p1) AND i.is_disabled = 0 AND i.is_hypothetical = 0 AND ic.key_ordinal > 0
  ORDER BY i.index_id, ic.key_ordinal`;

const queryColumnsSql = `SELECT name, system_type_name, max_length, precision, scale, collation_name,
    CAST(is_nullable AS int), error_message
  FROM sys.dm_exec_describe_first_result_set(@p1, NULL, 0)
  ORDER BY column_ordinal`;

/** As `Dialect.describe` says. @throws AdpError CONFIG_ERROR (park) for a query that can't be used */
export async function describe(session: Session, target: Target, signal: AbortSignal): Promise<Relation | undefined> {
  return target.kind === 'table'
    ? await describeTable(session, target.schema, target.name, signal)
    : await describeQuery(session, target.name, target.sql, signal);
}

async function describeTable(
  session: Session,
  schema: string | undefined,
  table: string,
  signal: AbortSignal,
): Promise<Relation | undefined> {
  const asked = `${schema === undefined ? '' : `${quote(schema)}.`}${quote(table)}`;
  const { rows } = await session.query({ sql: columnsSql, values: [asked] }, signal);
  const [first] = rows;
  if (first === undefined) return undefined;
  const [owner, name] = [textOf(first[0]), textOf(first[1])];
  const columns = rows.map(([, , column, base, maxLength, precision, scale, collation, isNullable]) =>
    columnOf(
      textOf(column),
      typeText({
        base: base === null || base === undefined ? 'clr' : textOf(base),
        maxLength: Number(maxLength),
        precision: Number(precision),
        scale: Number(scale),
        collation: typeof collation === 'string' ? collation : undefined,
      }),
      isNullable !== 0,
    ),
  );
  const from = `${quote(owner)}.${quote(name)}`;
  const indexes = indexesIn((await session.query({ sql: indexesSql, values: [from] }, signal)).rows);
  const [estimate, isView] = first.slice(9);
  return {
    from,
    label: `${owner}.${name}`,
    columns,
    uniqueKeys: indexes.filter(({ isUnique }) => isUnique).map((index) => index.columns),
    // What a view reads has indexes of its own, which are not asked for.
    indexed: isView === 1 ? undefined : indexes.flatMap((index) => index.columns.slice(0, 1)),
    rowEstimate: typeof estimate === 'number' ? estimate : undefined,
  };
}

async function describeQuery(session: Session, name: string, sql: string, signal: AbortSignal): Promise<Relation> {
  const from = `(${sql}\n) AS [q]`;
  const label = `the query "${name}"`;
  const { rows } = await session.query({ sql: queryColumnsSql, values: [`SELECT * FROM ${from}`] }, signal);
  const columns = rows.map(([column, type, maxLength, precision, scale, collation, isNullable, error]) => {
    if (typeof error === 'string') throw new AdpError('CONFIG_ERROR', `The SQL Server can't read ${label}: ${error}`);
    // `decimal(10,2)`; NULL for types that are written in .NET.
    const base = typeof type === 'string' ? type.replace(/\(.*/, '') : 'clr';
    const facts = { base, maxLength: Number(maxLength), precision: Number(precision), scale: Number(scale) };
    const text = typeText({ ...facts, collation: typeof collation === 'string' ? collation : undefined });
    return columnOf(textOf(column), text, isNullable !== 0);
  });
  return { from, label, columns, uniqueKeys: [], indexed: undefined, rowEstimate: undefined };
}

function columnOf(name: string, type: string, isNullable: boolean): Column {
  return { name, type, kind: kindOf(type), isNullable, isLoose: isLoose(type) };
}

interface Index {
  readonly id: Cell | undefined;
  /** For all rows: an index with a filter is for some only. */
  readonly isUnique: boolean;
  readonly columns: string[];
}

function indexesIn(rows: readonly Cells[]): readonly Index[] {
  const indexes: Index[] = [];
  for (const [id, isUnique, hasFilter, column] of rows) {
    const last = indexes.at(-1);
    if (last !== undefined && last.id === id) last.columns.push(textOf(column));
    else if (hasFilter === 0) indexes.push({ id, isUnique: isUnique === 1, columns: [textOf(column)] });
    // Its further columns must not be taken for the index before.
    else indexes.push({ id, isUnique: false, columns: [] });
  }
  return indexes;
}

function textOf(cell: Cell | undefined): string {
  return String(cell ?? '');
}
