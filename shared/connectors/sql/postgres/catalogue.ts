import { AdpError } from '../../../errors.ts';
import type { Relation, Target } from '../dialect.ts';
import type { Cell, Cells, Session } from '../session.ts';
import { type CatalogueType, toColumn } from './types.ts';

/** A name as SQL writes one that may hold anything. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Of a type `t`, whose base is `b` where it is a domain: the fields of CatalogueType, but for its label and collation. */
const typeSql = `b.typname, pg_catalog.format_type(b.oid, NULL), b.typcategory`;

/** Domains may be based on domains. */
const baseSql = `LATERAL (
  WITH RECURSIVE base AS (
    SELECT t.oid, t.typname, t.typcategory, t.typtype, t.typbasetype
    UNION ALL
    SELECT n.oid, n.typname, n.typcategory, n.typtype, n.typbasetype
    FROM base JOIN pg_catalog.pg_type n ON n.oid = base.typbasetype WHERE base.typtype = 'd'
  ) SELECT * FROM base WHERE typtype <> 'd'
) b`;

/** By way of JSON, since old servers have no nondeterministic collations and no column that says so. */
const isDeterministicSql = `COALESCE((
  SELECT to_jsonb(co) ->> 'collisdeterministic' FROM pg_catalog.pg_collation co WHERE co.oid = a.attcollation
), 'true')`;

const columnsSql = `
  SELECT n.nspname, c.relname, c.oid, c.relkind, c.reltuples::numeric, c.relhassubclass, a.attname, a.attnotnull,
    pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'),
    pg_catalog.format_type(a.atttypid, a.atttypmod), ${isDeterministicSql}, ${typeSql}
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  JOIN ${baseSql} ON true
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = $1::text
    AND CASE WHEN $2::text = '' THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $2::text END
  ORDER BY a.attnum`;

/** One row an index column, in the index's order; of indexes that hold every row. */
const indexesSql = `
  SELECT i.indexrelid, i.indisunique, a.attname
  FROM pg_catalog.pg_index i
  CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE i.indrelid = $1::oid AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
    AND k.position <= COALESCE((to_jsonb(i) ->> 'indnkeyatts')::int, i.indnatts)
  ORDER BY i.indexrelid, k.position`;

const typesSql = `
  SELECT t.oid, pg_catalog.format_type(t.oid, NULL), 'true', ${typeSql}
  FROM pg_catalog.pg_type t JOIN ${baseSql} ON true
  WHERE t.oid = ANY($1::oid[])`;

/**
 * What the catalogue says of a table, view or query.
 * @throws AdpError AUTH_FAILED (park) where the login may read none of its columns; CONFIG_ERROR (park) for a query whose
 * columns have no names of their own
 */
export function describe(session: Session, target: Target, signal: AbortSignal): Promise<Relation | undefined> {
  return target.kind === 'table'
    ? describeTable(session, target.schema, target.name, signal)
    : describeQuery(session, target.name, target.sql, signal);
}

async function describeTable(
  session: Session,
  schema: string | undefined,
  name: string,
  signal: AbortSignal,
): Promise<Relation | undefined> {
  const { rows } = await session.query({ sql: columnsSql, values: [name, schema ?? ''] }, signal);
  const [first] = rows;
  if (first === undefined) return undefined;
  const [owner, table, oid, relkind, tuples, hasHeirs] = first.map(textOf);
  const from = `${quote(owner ?? '')}.${quote(table ?? '')}`;
  const readable = rows.filter((row) => row[8] === 't');
  if (readable.length === 0) {
    throw new AdpError('AUTH_FAILED', `The login may not read ${owner}.${table}: GRANT SELECT ON ${from} to it.`);
  }
  const columns = readable.map((row) => toColumn(textOf(row[6]), toType(row.slice(9)), row[7] !== 't'));
  const indexes = relkind === 'v' || relkind === 'f' ? undefined : await readIndexes(session, oid ?? '', signal);
  const estimate = Number(tuples);
  return {
    from,
    label: `${owner}.${table}`,
    columns,
    // Rows of tables that inherit from it are read with it, and its indexes don't know them.
    uniqueKeys:
      relkind === 'r' && hasHeirs === 't'
        ? []
        : (indexes?.filter(({ isUnique }) => isUnique).map((index) => index.columns) ?? []),
    indexed: indexes?.flatMap((index) => index.columns.slice(0, 1)),
    // Never analysed: 0 in old servers, -1 in others.
    rowEstimate: estimate > 0 ? estimate : undefined,
  };
}

interface Index {
  readonly isUnique: boolean;
  readonly columns: readonly string[];
}

async function readIndexes(session: Session, oid: string, signal: AbortSignal): Promise<readonly Index[]> {
  const { rows } = await session.query({ sql: indexesSql, values: [oid] }, signal);
  return [...Map.groupBy(rows, ([index]) => index).values()].map((columns) => ({
    isUnique: columns[0]?.[1] === 't',
    columns: columns.map((column) => textOf(column[2])),
  }));
}

async function describeQuery(session: Session, name: string, sql: string, signal: AbortSignal): Promise<Relation> {
  // The line end ends a comment that the query may end with.
  const from = `(${sql}\n) AS ${quote('q')}`;
  const { fields = [] } = await session.query({ sql: `SELECT * FROM ${from} LIMIT 0`, values: [] }, signal);
  const names = fields.map((field) => field.name);
  const twice = names.find((column, i) => column === '?column?' || names.indexOf(column) !== i);
  if (twice !== undefined) {
    throw new AdpError('CONFIG_ERROR', `The query "${name}" must give each column a name of its own; see "${twice}".`);
  }
  const oids = [...new Set(fields.map(({ type }) => type))];
  const { rows } = await session.query({ sql: typesSql, values: [`{${oids.join(',')}}`] }, signal);
  const types = new Map(rows.map(([oid, ...type]) => [textOf(oid), toType(type)]));
  return {
    from,
    label: `the query "${name}"`,
    columns: fields.map((field) => toColumn(field.name, types.get(field.type) ?? unknownType, true)),
    uniqueKeys: [],
    indexed: undefined,
    rowEstimate: undefined,
  };
}

const unknownType: CatalogueType = { label: 'unknown', name: '', sql: 'text', category: 'U', isDeterministic: true };

function toType(cells: Cells): CatalogueType {
  const [label = '', isDeterministic, name = '', sql = '', category = ''] = cells.map(textOf);
  return { label, name, sql, category, isDeterministic: isDeterministic !== 'false' };
}

function textOf(cell: Cell | undefined): string {
  return String(cell ?? '');
}
