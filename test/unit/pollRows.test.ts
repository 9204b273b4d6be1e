import { expect, test } from '@jest/globals';
import { cursorsIn } from '../../shared/store/cursors.ts';
import { statesIn } from '../../shared/store/limits.ts';
import { purgePollRows } from '../../shared/store/pollRows.ts';
import { stampsIn } from '../../shared/store/stamps.ts';
import { statusesIn } from '../../shared/store/statuses.ts';
import { emptyState } from '../../shared/sync/poll/pollState.ts';
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
