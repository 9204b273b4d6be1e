import { describe, expect, test } from '@jest/globals';
import { begin } from '../../shared/connectors/sql/bounds.ts';
import { check } from '../../shared/connectors/sql/check.ts';
import type { Dialect } from '../../shared/connectors/sql/dialect.ts';
import { makePlan } from '../../shared/connectors/sql/plan.ts';
import { postgresDialect } from '../../shared/connectors/sql/postgres/dialect.ts';
import type { Session } from '../../shared/connectors/sql/session.ts';
import { readEntitySettings, readSourceSettings } from '../../shared/connectors/sql/settings.ts';
import { timeZone } from '../../shared/mapping/zone.ts';
import { testClock } from '../helpers/clock.ts';
import { queryOf } from '../helpers/sqlWorld.ts';

const { signal } = new AbortController();
/** Its columns need not be from the catalogue. */
const dialect: Dialect = { ...postgresDialect, parse: (_column, placeholder) => placeholder };
const column = { type: 'timestamp', kind: 'local', isNullable: false, isLoose: false } as const;
const relation = {
  from: 'parts',
  label: 'parts',
  columns: [
    { ...column, name: 'id', type: 'integer', kind: 'number' },
    { ...column, name: 'modified' },
  ],
  uniqueKeys: [['id']],
  indexed: ['id', 'modified'],
  rowEstimate: 1,
} as const;

/** A database whose clock may be ahead of ours, at the end of ways that take as long as a test says. */
function farDatabase() {
  const clock = testClock();
  const world = { thereMs: 0, backMs: 0, aheadMs: 0 };
  const session: Session = {
    async query({ sql }) {
      clock.move(world.thereMs);
      const time = new Date(clock() + world.aheadMs).toISOString();
      clock.move(world.backMs);
      return { rows: [[sql === dialect.clock.sql ? time : '2026-01-31T11:00:00']], isCut: false };
    },
    close: async () => undefined,
  };
  const query = queryOf({ table: 'parts' }, { cursor: 'modified', overlapSeconds: 0 });
  const settings = readEntitySettings(query.settings);
  const plan = makePlan({ dialect, session, query, settings, relation }, 'changes');
  const times = { clock, timeZone };
  return {
    world,
    begin: (cursor?: string) => begin(plan, 'changes', cursor, times, signal),
    /** The cursor with which a backfill ends that begins now. */
    async cursor() {
      const { state } = await begin(plan, 'changes', undefined, times, signal);
      return String(Object(state).mark);
    },
    async clockFinding() {
      const line = { kind: 'verified' } as const;
      const parts = { dialect, session, line, settings: readSourceSettings({}), times };
      return (await check(parts, [], signal)).find(({ name }) => name === 'clock');
    },
  };
}

describe("a database's clock", () => {
  test.each([
    [3_000, 0, 0, 3_000],
    [0, 3_000, 3_000, 0],
    [0, 0, 9_000, 9_000],
  ])('is not taken for set back where its time came late (%i and %i ms, then %i and %i)', async (...ways) => {
    const { world, begin, cursor } = farDatabase();
    [world.thereMs, world.backMs] = ways;
    const told = await cursor();
    [, , world.thereMs, world.backMs] = ways;
    const read = await begin(told);
    expect([read.isClockSetBack, read.notes]).toEqual([undefined, undefined]);
    expect(read.from).toBe('2026-01-31T11:00:00');
  });

  test('that was set back is noticed all the same, by as much as is certain', async () => {
    const { world, begin, cursor } = farDatabase();
    [world.thereMs, world.backMs] = [500, 500];
    const told = await cursor();
    world.aheadMs = -1_800_000;
    const read = await begin(told);
    expect(read).toMatchObject({ isClockSetBack: true, notes: [expect.stringContaining('set back by 1799 s')] });
    expect(read.from).toBe('2026-01-31T10:30:01');
  });

  test('is warned of where it is off for certain', async () => {
    const { world, clockFinding } = farDatabase();
    [world.thereMs, world.backMs] = [20_000, 0];
    expect(await clockFinding()).toMatchObject({ level: 'ok' });
    world.aheadMs = 60_000;
    expect(await clockFinding()).toMatchObject({ level: 'warning', detail: expect.stringContaining('60 s ahead of') });
    world.aheadMs = -60_000;
    expect(await clockFinding()).toMatchObject({ level: 'warning', detail: expect.stringContaining('40 s behind') });
  });
});
