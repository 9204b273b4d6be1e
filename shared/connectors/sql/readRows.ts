import { AdpError } from '../../errors.ts';
import { setOwn } from '../../model/json.ts';
import type { PulledRow } from '../connector.ts';
import type { Column } from './dialect.ts';
import { after, keysetOf, Parameters } from './keyset.ts';
import type { Plan } from './plan.ts';
import type { Cell, Cells, Statement } from './session.ts';
import { deletedBy } from './softDelete.ts';

/** About what the rows of one page may take in memory. */
export const maxPageBytes = 32 * 1024 * 1024;

/** Compared with a column; `value` as `Dialect.text` writes it. */
export interface Bound {
  readonly column: Column;
  readonly is: '>=' | '<=' | '<' | '>';
  readonly value: string;
}

export interface RowsRequest {
  readonly columns: readonly Column[];
  /** What rows are sorted by: the key, or a cursor and then the key. Rows in which one of them is NULL are left out. */
  readonly order: readonly Column[];
  /** Begins after the row with these values, as texts of `order`. */
  readonly after: readonly string[] | undefined;
  readonly bounds: readonly Bound[];
  /** Says of each row whether it is later than this; for a row dated 2099. */
  readonly clock?: { readonly column: Column; readonly value: string } | undefined;
  /** Counts the rows in which this column is NULL. */
  readonly countNulls?: Column | undefined;
  readonly maxRows: number;
}

export interface Rows {
  readonly rows: readonly PulledRow[];
  /** The place of the last row, as texts of `order`; undefined where there are no rows. */
  readonly last: readonly string[] | undefined;
  /**
   * Of the last row that is not later than the clock; they come first where the order begins with the clock's column.
   * Without a clock: `last`.
   */
  readonly lastUntilClock: readonly string[] | undefined;
  readonly nulls: number;
  /** More rows follow. */
  readonly hasMore: boolean;
  /** The page ended early, since its rows are very wide. */
  readonly isCut: boolean;
}

/**
 * A page of rows in an order, between bounds.
 * @throws AdpError CONFIG_ERROR (park) where two rows have one key, so that the end of a page might lose one of them;
 * what the session throws
 */
export async function readRows(plan: Plan, request: RowsRequest, signal: AbortSignal): Promise<Rows> {
  const { columns, order, maxRows } = request;
  const selection = select(plan, request);
  const { rows: found, isCut } = await plan.session.query(
    statementOf(plan, request, selection.sql),
    signal,
    maxPageBytes,
  );
  // One more than wanted was asked for: it tells whether there is a next page, and whether that begins with another key.
  // Of a page that was cut the last row does, unless it is alone.
  const isAlone = isCut && found.length === 1;
  const isLastKept = !isCut || plan.isKeyUnique || isAlone;
  const cells = found.slice(0, isLastKept ? maxRows : -1);
  const placeOf = (row: Cells) => selection.places.map((i) => String(row[i]));
  if (!plan.isKeyUnique) {
    const places = isAlone ? await nextPlaces(plan, request, signal) : found.map(placeOf);
    refuseTwins(places, order, plan.relation.label);
  }
  const toRow = rowReader(plan, columns);
  let untilClock: Cells | undefined;
  let nulls = 0;
  const rows: PulledRow[] = [];
  for (const row of cells) {
    rows.push(toRow(row));
    if (selection.clock === undefined || !isTrue(row[selection.clock])) untilClock = row;
    if (selection.nulls !== undefined && row[selection.nulls] === null) nulls++;
  }
  const last = cells.at(-1);
  return {
    rows,
    last: last && placeOf(last),
    lastUntilClock: untilClock && placeOf(untilClock),
    nulls,
    hasMore: isCut || found.length > maxRows,
    isCut,
  };
}

/** The places of the next two rows, without the rows: of these one fills a page. */
async function nextPlaces(plan: Plan, request: RowsRequest, signal: AbortSignal): Promise<string[][]> {
  const bare = { ...request, columns: [], clock: undefined, countNulls: undefined, maxRows: 1 };
  const { sql, places } = select(plan, bare);
  const { rows } = await plan.session.query(statementOf(plan, bare, sql), signal, maxPageBytes);
  return rows.map((row) => places.map((i) => String(row[i])));
}

/**
 * Rows of which a key column is NULL: no page by key finds them, so they are told as rows that can't be read. At most
 * `maxRows`; `hasMore` where there are others.
 */
export async function readUnkeyed(
  plan: Plan,
  { columns, bounds, maxRows }: Pick<RowsRequest, 'columns' | 'bounds' | 'maxRows'>,
  signal: AbortSignal,
): Promise<{ readonly rows: readonly PulledRow[]; readonly hasMore: boolean }> {
  const { dialect, relation, session, key } = plan;
  const parameters = new Parameters(dialect);
  const quote = (column: Column) => dialect.quote(column.name);
  const isNull = nullableOf(key).map((column) => `${quote(column)} IS NULL`);
  const { rows: found, isCut } = await session.query(
    {
      sql: dialect.page({
        select: [...key, ...columns].map((column) => dialect.select(column, quote(column))),
        from: relation.from,
        where: [...boundsSql(plan, bounds, parameters), `(${isNull.join(' OR ')})`],
        order: [],
        limit: maxRows + 1,
      }),
      values: parameters.values,
    },
    signal,
    maxPageBytes,
  );
  const toRow = rowReader(plan, columns);
  const rows = found.slice(0, maxRows).map((row): PulledRow => {
    const missing = key.filter((_, i) => row[i] === null).map(({ name }) => name);
    return {
      error: `The key column ${missing.join(', ')} is NULL: a row without a key can't be told from another.`,
      raw: JSON.stringify(toRow(row.slice(key.length)).values).slice(0, 2_000),
    };
  });
  return { rows, hasMore: isCut || found.length > maxRows };
}

/** Columns that may be NULL, as far as the catalogue says. */
export function nullableOf(columns: readonly Column[]): Column[] {
  return columns.filter((column) => column.isNullable);
}

interface Readable {
  readonly values: Record<string, unknown>;
}

interface Selection {
  readonly sql: readonly string[];
  /** Where a row's cells of `order` are. */
  readonly places: readonly number[];
  readonly clock: number | undefined;
  readonly nulls: number | undefined;
}

/** What is selected beside the columns themselves, each expression once; the clock's flag is added by `statementOf`. */
function select({ dialect }: Plan, { columns, order, clock, countNulls }: RowsRequest): Selection {
  const quote = (column: Column) => dialect.quote(column.name);
  const sql = columns.map((column) => dialect.select(column, quote(column)));
  const add = (expression: string) => {
    const there = sql.indexOf(expression);
    return there >= 0 ? there : sql.push(expression) - 1;
  };
  const places = order.map((column) => add(dialect.text(column, quote(column))));
  const nulls = countNulls && add(dialect.text(countNulls, quote(countNulls)));
  return { sql, places, nulls, clock: clock && sql.length };
}

function statementOf(plan: Plan, request: RowsRequest, selected: readonly string[]): Statement {
  const { dialect, relation } = plan;
  const { order, clock, bounds, maxRows } = request;
  const quote = (column: Column) => dialect.quote(column.name);
  const parameters = new Parameters(dialect);
  const keyset = keysetOf(plan, order);
  // In the order in which they stand in the statement: some drivers count question marks.
  const isLater = clock
    ? [`CASE WHEN ${quote(clock.column)} > ${parameters.add(clock.column, clock.value)} THEN 1 ELSE 0 END`]
    : [];
  const where = [
    ...nullableOf(order).map((column) => `${quote(column)} IS NOT NULL`),
    ...boundsSql(plan, bounds, parameters),
    ...(request.after === undefined ? [] : [`(${after(plan, keyset, request.after, parameters)})`]),
  ];
  return {
    sql: dialect.page({
      select: [...selected, ...isLater],
      from: relation.from,
      where,
      order: keyset.terms.map(({ sql }) => sql),
      limit: maxRows + 1,
    }),
    values: parameters.values,
  };
}

function boundsSql({ dialect }: Plan, bounds: readonly Bound[], parameters: Parameters): string[] {
  return bounds.map(({ column, is, value }) => `${dialect.quote(column.name)} ${is} ${parameters.add(column, value)}`);
}

/** Rows of these columns, whose cells were selected by `Dialect.select`; `_op` where a row says that it is deleted. */
export function rowReader({ dialect, settings }: Plan, columns: readonly Column[]): (cells: Cells) => Readable {
  const readers = columns.map((column) => ({ name: column.name, toValue: dialect.toValue(column) }));
  const isDeleted = settings.softDelete && deletedBy(settings.softDelete);
  return (cells) => {
    const values: Record<string, unknown> = {};
    for (let i = 0; i < readers.length; i++) {
      const reader = readers[i];
      const cell = cells[i];
      if (reader !== undefined)
        setOwn(values, reader.name, cell === null || cell === undefined ? null : reader.toValue(cell));
    }
    if (isDeleted === undefined || !isDeleted(values)) return { values };
    return { values: { ...values, _op: 'delete' } };
  };
}

function isTrue(cell: Cell | undefined): boolean {
  return cell === true || cell === 1 || cell === '1';
}

function refuseTwins(places: readonly (readonly string[])[], order: readonly Column[], label: string): void {
  for (let i = 1; i < places.length; i++) {
    const place = places[i] ?? [];
    if (!place.every((value, column) => value === places[i - 1]?.[column])) continue;
    const text = order.map(({ name }, column) => `${name} ${place[column]?.slice(0, 100)}`).join(', ');
    throw new AdpError(
      'CONFIG_ERROR',
      `Two rows of ${label} have the same key (${text}). Name columns in settings.key that together are different for every row.`,
    );
  }
}
