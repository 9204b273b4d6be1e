import { AdpError } from '../../../errors.ts';
import { isJsonObject, type JsonValue } from '../../../model/json.ts';
import type { PulledPage } from '../../connector.ts';
import type { Column, OwnCursor } from '../dialect.ts';
import type { Plan } from '../plan.ts';
import { readRows } from '../readRows.ts';

const markSql = `SELECT CONVERT(varchar(18), MIN_ACTIVE_ROWVERSION(), 1),
  CONVERT(nvarchar(20), DATABASEPROPERTYEX(DB_NAME(), 'Updateability'))`;

/**
 * Rows whose rowversion has risen. It rises with every change of a row, in the order of the changes and not of the
 * commits, so that a read goes no further than `MIN_ACTIVE_ROWVERSION()`: what is below it is committed. The bound is
 * asked for by a statement of its own before the first page: a page's snapshot, taken later, has all that is below it.
 *
 * The cursor is the first rowversion that was not read, as `0x00000000000007D1`: of fixed width, it compares as text.
 * https://learn.microsoft.com/sql/t-sql/functions/min-active-rowversion-transact-sql
 */
export const rowversionCursor: OwnCursor = {
  usualColumn,

  async mark(plan, signal) {
    columnOf(plan);
    return await lowestActive(plan, signal);
  },

  async begin(plan, cursor, signal) {
    columnOf(plan);
    const upTo = await lowestActive(plan, signal);
    // A database that was restored counts from where it was: what has changed since would be below the cursor for long.
    if (cursor > upTo) return undefined;
    return { state: { since: cursor, upTo }, from: cursor };
  },

  async page(plan, state, place, maxRows, signal): Promise<PulledPage> {
    const column = columnOf(plan);
    const { since, upTo } = boundsOf(state);
    const after = Array.isArray(place) ? place.map(String) : undefined;
    const order = [column, ...plan.key];
    const bounds = [
      { column, is: '>=' as const, value: since },
      { column, is: '<' as const, value: upTo },
    ];
    const found = await readRows(plan, { columns: plan.columns, order, after, bounds, maxRows }, signal);
    const { rows, last, hasMore } = found;
    if (!hasMore || last === undefined) return { rows, cursor: upTo };
    // The last one is read again by whoever begins here: others may share its version (SELECT INTO copies them).
    return { rows, next: [...last], ...(last[0] !== undefined && { cursor: last[0] }) };
  },
};

/** A table has one at most. */
function usualColumn({ relation }: Plan): Column | undefined {
  return relation.columns.find(({ type }) => type === 'rowversion');
}

function columnOf(plan: Plan): Column {
  const { relation } = plan;
  const column = plan.cursor ?? usualColumn(plan);
  if (column?.type === 'rowversion') return column;
  const found =
    column === undefined ? `${relation.label} has none` : `${column.name} of ${relation.label} is a ${column.type}`;
  throw new AdpError('CONFIG_ERROR', `The cursor "rowversion" needs a column of that type, but ${found}.`);
}

async function lowestActive({ session }: Plan, signal: AbortSignal): Promise<string> {
  const { rows } = await session.query({ sql: markSql, values: [] }, signal);
  const [mark, updateability] = rows[0] ?? [];
  if (updateability === 'READ_ONLY') {
    throw new AdpError(
      'CONFIG_ERROR',
      'The cursor "rowversion" needs the primary: a read-only replica does not know what is still uncommitted there. Leave read-only intent out, or use another cursor.',
    );
  }
  if (typeof mark !== 'string') throw new AdpError('INTERNAL', 'The SQL Server told no MIN_ACTIVE_ROWVERSION().');
  return mark;
}

function boundsOf(state: JsonValue): { readonly since: string; readonly upTo: string } {
  const { since, upTo } = isJsonObject(state) ? state : {};
  if (typeof since !== 'string' || typeof upTo !== 'string') throw new AdpError('INTERNAL', 'A read lost its bounds.');
  return { since, upTo };
}
