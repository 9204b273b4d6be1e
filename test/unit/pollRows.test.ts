import { expect, test } from '@jest/globals';
import type { Breaker } from '../../shared/resilience/breaker.ts';
import { cursorsIn } from '../../shared/store/cursors.ts';
import { statesIn } from '../../shared/store/limits.ts';
import { forgetPollRows, purgePollRows } from '../../shared/store/pollRows.ts';
import { stampsIn } from '../../shared/store/stamps.ts';
import { statusesIn } from '../../shared/store/statuses.ts';
import { createBreakers } from '../../shared/sync/poll/breakers.ts';
import { emptyState } from '../../shared/sync/poll/pollState.ts';
import { createSourceLimits } from '../../shared/sync/poll/sourceLimits.ts';
import { testClock } from '../helpers/clock.ts';
import { memoryTables } from '../helpers/memoryTable.ts';

test('of a dealer that is gone nothing is left of its polls but its epochs; other dealers keep theirs', async () => {
  const { open } = memoryTables();
  const place = (dealerId: string, sourceId: string) =>
    ({ dealerId, sourceId, entity: 'part', mode: 'changes' }) as const;
  const breakers = statesIn<string>(open, 'breaker');
  const stamps = stampsIn(open);
  for (const dealerId of ['acme', 'bolt']) {
    await stamps.raiseEpoch(dealerId, 'part');
    for (const sourceId of ['dms', 'erp', 'zzz']) {
      await cursorsIn(open).save(
        place(dealerId, sourceId),
        { state: emptyState, etag: undefined },
        { ...emptyState, attempts: 4 },
      );
      await statusesIn(open).change(dealerId, sourceId, (status) => ({ ...status, succeededAt: 'now' }));
      await breakers.write(`${dealerId}/${sourceId}`, 'open', undefined);
    }
  }
  await purgePollRows(open, 'acme');
  for (const [dealerId, attempts] of [
    ['acme', 0],
    ['bolt', 4],
  ] as const) {
    for (const sourceId of ['dms', 'erp', 'zzz']) {
      expect((await cursorsIn(open).get(place(dealerId, sourceId))).state.attempts).toBe(attempts);
      expect((await breakers.read(`${dealerId}/${sourceId}`))?.state).toBe(attempts === 0 ? undefined : 'open');
    }
    expect((await statusesIn(open).list(dealerId)).size).toBe(attempts === 0 ? 0 : 3);
    expect(await stampsIn(open).epochOf(dealerId, 'part')).toBe(1);
  }
});

test('a new source of an id that was deleted meets neither the breaker nor the limits of the one before', async () => {
  const { open } = memoryTables();
  const clock = testClock();
  const process = () => ({
    breakers: createBreakers(statesIn<Breaker>(open, 'breaker'), clock),
    limits: createSourceLimits({
      buckets: statesIn(open, 'requests'),
      hours: statesIn(open, 'hours'),
      paces: statesIn(open, 'pace'),
      clock,
    }),
  });
  const perMinute = { requests_per_minute: 1, burst: 1 };
  const limits = {
    perMinute,
    perHour: { requests_per_hour: 1 },
    rows: { rows_per_second: 1 },
    group: { groups: [{ entities: ['part'], requests_per_minute: 1 }] },
    groupsHour: { groups: [{ entities: ['part'], requests_per_hour: 1 }] },
  };
  const before = process();
  for (const sourceId of ['dms', 'dms-2', 'dm']) {
    for (let call = 0; call < 6; call++)
      await before.breakers.note(`acme/${sourceId}`, await before.breakers.read(`acme/${sourceId}`), false);
    for (const each of Object.values(limits)) await before.limits.take('acme', sourceId, 'part', each);
    await before.limits.note('acme', sourceId, 60, limits.rows);
    await statusesIn(open).change('acme', sourceId, (status) => ({ ...status, succeededAt: 'now' }));
  }
  const pushes = statesIn<string>(open, 'pushes');
  await pushes.write('acme', 'some', undefined);

  await forgetPollRows(open, 'acme', 'dms');

  const after = process();
  for (const [sourceId, isGone] of [
    ['dms', true],
    ['dms-2', false],
    ['dm', false],
  ] as const) {
    expect((await after.breakers.admit(`acme/${sourceId}`)).isAdmitted).toBe(isGone);
    for (const [name, each] of Object.entries(limits)) {
      expect([sourceId, name, (await after.limits.take('acme', sourceId, 'part', each)) === 0]).toEqual([
        sourceId,
        name,
        isGone,
      ]);
    }
    expect((await statusesIn(open).read('acme', sourceId)) === undefined).toBe(isGone);
  }
  expect((await pushes.read('acme'))?.state).toBe('some');
});
