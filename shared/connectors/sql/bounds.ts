import { AdpError } from '../../errors.ts';
import type { Read, ReadMode, Tools } from '../connector.ts';
import { clockAs, numbersFrom, timesFrom } from './cursorValue.ts';
import type { Column } from './dialect.ts';
import { Parameters } from './keyset.ts';
import { fromMark, toMark } from './mark.ts';
import type { Plan } from './plan.ts';
import { fromState } from './state.ts';

/** What time it is: ours, and in the zones of sources. */
export type Times = Pick<Tools, 'clock' | 'timeZone'>;

/** How long before the clock a table that is empty was surely empty, whoever's clock dates its rows, in whatever zone. */
const dayMs = 86_400_000;

/** What the database's clock shows. */
export interface DatabaseClock {
  /** UTC, `YYYY-MM-DDTHH:MM:SS.f…Z`. */
  readonly utc: string;
  /** Milliseconds by which it is ahead of ours: it was read at some time between our question and its answer. */
  readonly ahead: { readonly least: number; readonly most: number };
}

export async function readClock(
  { dialect, session }: Pick<Plan, 'dialect' | 'session'>,
  times: Times,
  signal: AbortSignal,
): Promise<DatabaseClock> {
  const asked = times.clock();
  const { rows } = await session.query(dialect.clock, signal);
  const answered = times.clock();
  const utc = String(rows[0]?.[0]);
  const theirs = Date.parse(`${utc.slice(0, 23).replace(/Z$/, '')}Z`);
  if (Number.isNaN(theirs)) throw new AdpError('INTERNAL', `The clock of a ${dialect.name} database reads "${utc}".`);
  return { utc, ahead: { least: Math.round(theirs - answered), most: Math.round(theirs - asked) } };
}

/**
 * Fixes the bounds of a read.
 *
 * **Changes since a cursor** begin at the cursor, less the overlap, less what the database's clock was set back since (as
 * seen by ours; the cursor tells how far it was ahead). They have no upper bound: a row dated 2099 is delivered, but a
 * cursor never goes beyond the database's clock as it was at the beginning, told in the source's zone where the column has
 * none. A row that is committed later than the overlap after it was dated is not found, but by complete reads.
 *
 * **A backfill** (no cursor yet) takes its low-water mark first: the latest date that is not beyond the clock. Whatever is
 * written while it reads is dated later, by whoever's clock dates rows, but for the overlap.
 */
export async function begin(
  plan: Plan,
  mode: ReadMode,
  cursor: string | undefined,
  times: Times,
  signal: AbortSignal,
): Promise<Read> {
  const { query, dialect } = plan;
  const { kind } = query.cursor;
  if (mode !== 'changes' || kind === 'full') return { mode, state: fromState({ reads: 'all' }), isBackfill: false };
  const own = dialect.ownCursors?.[kind];
  if (own !== undefined) {
    const begun = cursor === undefined ? undefined : await own.begin(plan, cursor, signal);
    if (begun !== undefined) {
      return { ...begun, mode, state: fromState({ reads: 'own', own: begun.state }), isBackfill: false };
    }
    const mark = await own.mark(plan, signal);
    const note = `The database no longer knows what changed since the cursor ${cursor}: everything is read again.`;
    return backfill(mark, cursor === undefined ? [] : [note]);
  }
  const column = cursorColumn(plan);
  if (column.kind === 'number') {
    if (cursor === undefined) return backfill(await latest(plan, column, undefined, signal), []);
    const lower = numbersFrom(cursor, query.cursor.overlapIds);
    const state = fromState({ reads: 'changes', lower, reached: cursor, clock: undefined, clockAhead: undefined });
    return { mode, state, isBackfill: false, from: lower ?? 'the beginning' };
  }
  const databaseClock = await readClock(plan, times, signal);
  const zone = times.timeZone(query.zone);
  const clock = clockAs(column.kind, databaseClock.utc, zone);
  if (cursor === undefined) {
    const value =
      (await latest(plan, column, clock, signal)) ??
      timesFrom({ kind: column.kind, value: clock, backMs: dayMs, zone });
    return backfill(value === undefined ? undefined : fromMark({ value, clockAhead: databaseClock.ahead.least }), []);
  }
  const reached = toMark(cursor);
  const setBackMs = setBackSince(reached.clockAhead, databaseClock.ahead.most);
  const lower = timesFrom({
    kind: column.kind,
    value: reached.value,
    backMs: query.cursor.overlapSeconds * 1_000 + setBackMs,
    zone,
  });
  return {
    mode,
    state: fromState({ reads: 'changes', lower, reached: reached.value, clock, clockAhead: databaseClock.ahead.least }),
    isBackfill: false,
    from: lower ?? 'the beginning',
    ...(setBackMs === 0
      ? {}
      : {
          isClockSetBack: true,
          notes: [
            `The database's clock was set back by ${Math.round(setBackMs / 1_000)} s: that much more is read again.`,
          ],
        }),
  };
}

/** Less is what networks do to the reading of a clock; an overlap covers it. */
const clockNoiseMs = 1_000;

/** By how much the database's clock was set back for certain since a cursor was told, in milliseconds. */
function setBackSince(leastBefore: number | undefined, mostNow: number): number {
  const difference = (leastBefore ?? mostNow) - mostNow;
  return difference < clockNoiseMs ? 0 : difference;
}

function backfill(mark: string | undefined, notes: readonly string[]): Read {
  return {
    mode: 'changes',
    state: fromState({ reads: 'backfill', mark }),
    isBackfill: true,
    ...(notes.length === 0 ? {} : { notes }),
  };
}

/** The plan's cursor. @throws AdpError INTERNAL where the plan was made without */
export function cursorColumn({ cursor, query }: Plan): Column {
  if (cursor === undefined) throw new AdpError('INTERNAL', `A cursor of kind ${query.cursor.kind} has no column.`);
  return cursor;
}

/** The text of the column's greatest value, up to the clock. */
export async function latest(
  plan: Plan,
  column: Column,
  clock: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { dialect, session, relation } = plan;
  const parameters = new Parameters(dialect);
  const sql = dialect.quote(column.name);
  const { rows } = await session.query(
    {
      sql: dialect.page({
        select: [dialect.text(column, sql)],
        from: relation.from,
        where: [`${sql} IS NOT NULL`, ...(clock === undefined ? [] : [`${sql} <= ${parameters.add(column, clock)}`])],
        order: [`${sql} DESC`],
        limit: 1,
      }),
      values: parameters.values,
    },
    signal,
  );
  const value = rows[0]?.[0];
  return value === undefined || value === null ? undefined : String(value);
}
