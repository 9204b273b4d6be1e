import { AdpError } from '../../errors.ts';
import type { PulledPage, PulledRow } from '../connector.ts';
import { cursorColumn } from './bounds.ts';
import { isBeyond } from './cursorValue.ts';
import { fromMark } from './mark.ts';
import type { Plan } from './plan.ts';
import { type Bound, nullableOf, type Rows, readRows, readUnkeyed } from './readRows.ts';
import { fromPlace, type Place, type State } from './state.ts';

/** States that the core reads by itself. */
type KeysetState = Exclude<State, { readonly reads: 'own' }>;

/**
 * A page: the rows after a place. On the last one also the rows without a key, as rows that can't be read.
 * @throws AdpError as `readRows` does
 */
export async function pullPage(
  plan: Plan,
  state: KeysetState,
  place: Place,
  maxRows: number,
  signal: AbortSignal,
): Promise<PulledPage> {
  const limit = Math.min(maxRows, place.maxRows ?? maxRows);
  const bounds = boundsOf(plan, state);
  const page = place.isUnkeyed ? undefined : await keyed(plan, state, place, limit, bounds, signal);
  const nulls = place.nulls + (page?.nulls ?? 0);
  // Short pages where rows are wide; behind them they grow again.
  const longer = place.maxRows === undefined ? undefined : 2 * limit;
  const next = { nulls, maxRows: page?.isCut ? Math.max(1, page.rows.length) : longer };
  if (page?.hasMore) {
    return pageOf(page.rows, cursorOf(plan, state, page, false), {
      next: fromPlace({ ...next, after: keepable(plan, page.last ?? place.after), isUnkeyed: false }),
    });
  }
  const rows = page?.rows ?? [];
  if (nullableOf(plan.key).length === 0) {
    return pageOf(rows, cursorOf(plan, state, page, true), { notes: nullNotes(plan, nulls) });
  }
  if (rows.length >= limit) {
    return pageOf(rows, cursorOf(plan, state, page, false), {
      next: fromPlace({ ...next, after: undefined, isUnkeyed: true }),
    });
  }
  const unkeyed = await readUnkeyed(plan, { columns: plan.columns, bounds, maxRows: limit - rows.length }, signal);
  const notes = unkeyed.hasMore
    ? [`More than ${unkeyed.rows.length} rows of ${plan.relation.label} have no key; the others are not listed.`]
    : [];
  return pageOf([...rows, ...unkeyed.rows], cursorOf(plan, state, page, true), {
    notes: [...nullNotes(plan, nulls), ...notes],
  });
}

function keyed(
  plan: Plan,
  state: KeysetState,
  { after }: Place,
  maxRows: number,
  bounds: readonly Bound[],
  signal: AbortSignal,
): Promise<Rows> {
  const { columns, key, cursor } = plan;
  if (state.reads !== 'changes') {
    return readRows(plan, { columns, order: key, after, bounds, maxRows, countNulls: countedOf(plan, state) }, signal);
  }
  const column = cursorColumn(plan);
  const order = [column, ...key.filter(({ name }) => name !== cursor?.name)];
  // The lower bound is implied by the place, and only in the way of an index then.
  return readRows(
    plan,
    {
      columns,
      order,
      after,
      bounds: after === undefined ? bounds : [],
      clock: state.clock === undefined ? undefined : { column, value: state.clock },
      maxRows,
    },
    signal,
  );
}

/** A place travels between pages, and has to be kept. @throws AdpError CONFIG_ERROR (park) for keys that are too long */
function keepable({ relation }: Plan, place: readonly string[] | undefined): readonly string[] | undefined {
  if ((place ?? []).reduce((length, text) => length + text.length, 0) <= longestPlace) return place;
  throw new AdpError(
    'CONFIG_ERROR',
    `A key of ${relation.label} is longer than ${longestPlace} characters: name shorter columns in settings.key.`,
  );
}

/** With escapes and in UTF-8, it stays within the 16 KB that a place may have. */
const longestPlace = 2_500;

/** A backfill counts the rows that its cursor will never see. */
function countedOf({ cursor }: Plan, state: KeysetState) {
  return state.reads === 'backfill' && cursor?.isNullable ? cursor : undefined;
}

function boundsOf(plan: Plan, state: KeysetState): readonly Bound[] {
  if (state.reads !== 'changes' || state.lower === undefined) return [];
  return [{ column: cursorColumn(plan), is: '>=', value: state.lower }];
}

function cursorOf(plan: Plan, state: KeysetState, page: Rows | undefined, isLast: boolean): string | undefined {
  if (state.reads === 'backfill') return isLast ? state.mark : undefined;
  const value = page?.lastUntilClock?.[0];
  if (state.reads !== 'changes' || value === undefined) return undefined;
  // What is read again lies before what was reached.
  if (!isBeyond(cursorColumn(plan).kind, value, state.reached)) return undefined;
  return fromMark({ value, clockAhead: state.clockAhead });
}

function nullNotes({ relation, cursor }: Plan, nulls: number): string[] {
  if (nulls === 0) return [];
  return [
    `${nulls} rows of ${relation.label} have no ${cursor?.name}: their changes are only found by complete reads (cursor.reconcile).`,
  ];
}

function pageOf(
  rows: readonly PulledRow[],
  cursor: string | undefined,
  rest: Pick<PulledPage, 'next' | 'notes'>,
): PulledPage {
  return {
    rows,
    ...(cursor === undefined ? {} : { cursor }),
    ...(rest.next === undefined ? {} : { next: rest.next }),
    ...(rest.notes === undefined || rest.notes.length === 0 ? {} : { notes: rest.notes }),
  };
}
