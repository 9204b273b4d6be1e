import { AdpError } from '../../../errors.ts';
import { isJsonObject, type JsonValue } from '../../../model/json.ts';
import type { PulledPage, PulledRow } from '../../connector.ts';
import type { Column, OwnCursor } from '../dialect.ts';
import type { Plan } from '../plan.ts';
import { maxPageBytes, rowReader } from '../readRows.ts';
import type { Cells } from '../session.ts';
import { quote } from './catalogue.ts';
import { parseSql, selectSql, textSql } from './types.ts';

/** A version as SQL Server counts them; it stands in statements as it is, where no expression is allowed. */
const versionShape = /^\d{1,19}$/;
const versionsSql = `SELECT CONVERT(varchar(20), CHANGE_TRACKING_CURRENT_VERSION()),
  CONVERT(varchar(20), CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(@p1)))`;

interface Bounds {
  readonly since: bigint;
  readonly upTo: bigint;
}

/**
 * What SQL Server's change tracking says has changed, deletes included, with each row as it is now.
 *
 * The cursor is a version of the whole database up to which all was read. What changes during a read gets a later version,
 * and comes with the next one. SQL Server forgets changes after a while: then everything is read again, since what was
 * deleted meanwhile is no longer known; a reconciliation finds it.
 * https://learn.microsoft.com/sql/relational-databases/track-changes/work-with-change-tracking-sql-server
 */
export const changeTrackingCursor: OwnCursor = {
  async mark(plan, signal) {
    return String((await versionsOf(plan, signal)).current);
  },

  async begin(plan, cursor, signal) {
    const { current, oldest } = await versionsOf(plan, signal);
    const since = versionShape.test(cursor) ? BigInt(cursor) : undefined;
    // Forgotten; or, as after a restore, not reached yet: what has changed would be below the cursor for long.
    if (since === undefined || since < oldest || since > current) return undefined;
    return { state: { since: cursor, upTo: String(current) }, from: cursor };
  },

  async page(plan, state, place, maxRows, signal): Promise<PulledPage> {
    const bounds = boundsOf(state);
    const after = Array.isArray(place) ? place.map(String) : undefined;
    const statement = pageStatement(plan, bounds, after, maxRows);
    const { rows, isCut } = await plan.session.query(statement, signal, maxPageBytes);
    // Asked after the read: what was forgotten in between may be missing in it.
    const { oldest } = await versionsOf(plan, signal);
    if (bounds.since < oldest) throw forgotten(plan, bounds.since);
    const last = rows.at(-1);
    const told = rows.filter((row) => row[0] !== 1 || isKeyOfRecord(plan));
    const pulled = {
      rows: told.map(changeReader(plan)),
      ...(told.length < rows.length && { notes: [untold(plan, rows.length - told.length)] }),
    };
    if (last === undefined || (rows.length < maxRows && !isCut)) return { ...pulled, cursor: String(bounds.upTo) };
    const next = last.slice(1, 2 + plan.key.length).map(String);
    // A transaction's changes share a version, and may go on with the next page.
    return { ...pulled, next, cursor: String(BigInt(next[0] ?? '') - 1n) };
  },
};

/** Whether the row is gone, the version, texts of the key; then the key's values as they changed, and the row's others. */
function pageStatement(plan: Plan, { since, upTo }: Bounds, after: readonly string[] | undefined, maxRows: number) {
  const { relation, key } = plan;
  const joined = key.map(({ name }) => `t.${quote(name)} = ct.${quote(name)}`).join(' AND ');
  const [first] = key;
  // Whatever the operation was: the row as it is now counts.
  const gone = `CASE WHEN t.${quote(first?.name ?? '')} IS NULL THEN 1 ELSE 0 END`;
  const select = [
    gone,
    'CONVERT(varchar(20), ct.SYS_CHANGE_VERSION)',
    ...key.map(({ name, type }) => textSql(type, `ct.${quote(name)}`)),
    ...key.map((column) => selectSql(column, `ct.${quote(column.name)}`)),
    ...furtherColumns(plan).map((column) => selectSql(column, `t.${quote(column.name)}`)),
  ];
  const order = ['ct.SYS_CHANGE_VERSION', ...key.map(({ name }) => `ct.${quote(name)}`)];
  const further = after === undefined ? '' : ` AND ${isAfter(plan, order)}`;
  const sql = `SELECT TOP (${maxRows}) ${select.join(', ')}
    FROM CHANGETABLE(CHANGES ${relation.from}, ${since}) AS ct LEFT JOIN ${relation.from} AS t ON ${joined}
    WHERE ct.SYS_CHANGE_VERSION <= ${upTo}${further}
    ORDER BY ${order.join(', ')}`;
  return { sql, values: after ?? [] };
}

/** `a >= @p1 AND (a > @p1 OR (b >= @p2 AND (b > @p2)))` */
function isAfter({ key }: Plan, order: readonly string[]): string {
  const values = ['CONVERT(bigint, @p1)', ...key.map(({ type }, index) => parseSql(type, `@p${index + 2}`))];
  return order.reduceRight((rest, column, index) => {
    const further = rest === '' ? '' : ` OR ${rest}`;
    return `(${column} >= ${values[index]} AND (${column} > ${values[index]}${further}))`;
  }, '');
}

function changeReader(plan: Plan): (row: Cells) => PulledRow {
  const { key } = plan;
  const toKey = rowReader(plan, key);
  const toRow = rowReader(plan, [...key, ...furtherColumns(plan)]);
  return (row) => {
    const cells = row.slice(2 + key.length);
    return row[0] === 1 ? { values: { ...toKey(cells).values, _op: 'delete' } } : toRow(cells);
  };
}

function furtherColumns({ key, columns }: Plan): readonly Column[] {
  return columns.filter((column) => !key.includes(column));
}

async function versionsOf({ session, relation, key }: Plan, signal: AbortSignal) {
  const { rows } = await session.query({ sql: versionsSql, values: [relation.from] }, signal);
  const [current, oldest] = rows[0] ?? [];
  if (typeof current !== 'string' || typeof oldest !== 'string') {
    throw new AdpError(
      'CONFIG_ERROR',
      `The cursor "change_tracking" needs it on the database and on ${relation.label} (ALTER TABLE ${relation.label} ENABLE CHANGE_TRACKING), and GRANT VIEW CHANGE TRACKING ON ${relation.label} to the login.`,
    );
  }
  if (key.length === 0)
    throw new AdpError('CONFIG_ERROR', `The cursor "change_tracking" needs the key of ${relation.label}.`);
  return { current: BigInt(current), oldest: BigInt(oldest) };
}

/** Of a row that is gone the key is all that is known. */
function isKeyOfRecord({ key, query }: Plan): boolean {
  return query.keyColumns.every((wanted) => key.some(({ name }) => name === wanted));
}

function untold({ relation, key, query }: Plan, count: number): string {
  const known = key.map(({ name }) => name).join(', ');
  return `${count} rows of ${relation.label} are gone, but their key (${known}) does not say which records these were (${query.keyColumns.join(', ')}): a sweep of keys (cursor.sweep) finds them.`;
}

/** The next read begins anew, and reads everything. */
function forgotten({ relation }: Plan, since: bigint): AdpError {
  const message = `The SQL Server has forgotten the changes of ${relation.label} after version ${since} while they were read: they are read again from the start.`;
  return new AdpError('NETWORK_ERROR', message);
}

function boundsOf(state: JsonValue): Bounds {
  const { since, upTo } = isJsonObject(state) ? state : {};
  const isValid = [since, upTo].every((version) => typeof version === 'string' && versionShape.test(version));
  if (!isValid) throw new AdpError('INTERNAL', 'A read lost its bounds.');
  return { since: BigInt(String(since)), upTo: BigInt(String(upTo)) };
}
