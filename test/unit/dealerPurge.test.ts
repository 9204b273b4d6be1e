import { expect, test } from '@jest/globals';
import { newRunId } from '../../shared/model/run.ts';
import { namePattern } from '../../shared/sources/dealer.ts';
import { baselinesIn } from '../../shared/store/baselines.ts';
import { ledgerIn } from '../../shared/store/ledger.ts';
import { keepUnreadable } from '../../shared/store/unreadable.ts';
import { testClock } from '../helpers/clock.ts';
import { memoryBlobs } from '../helpers/memoryBlobs.ts';
import { memoryTables } from '../helpers/memoryTable.ts';

const arrivalOf = (dealerId: string) => ({ path: `${dealerId}/${dealerId}_part.csv`, etag: '"1"', manifestEtag: '' });

test('the ledger forgets all of a dealer: arrivals, what a path brought, columns; other dealers stay known', async () => {
  const clock = testClock();
  const ledger = ledgerIn(memoryTables().open, clock);
  for (const dealerId of ['acme', 'acme-2']) {
    const begun = await ledger.begin(arrivalOf(dealerId));
    if (begun.kind !== 'ours') throw new Error('Nobody else is there.');
    await begun.lease.settle('done');
    const runId = newRunId(dealerId, new Date(clock()), 'aaaaaaaaaa');
    await ledger.noteTaken(arrivalOf(dealerId).path, { content: 'c', epoch: 1, runId });
    await ledger.noteColumns(dealerId, 'dms', 'part', ['Number']);
  }
  await ledger.forget('acme');
  const known = async (dealerId: string) => [
    (await ledger.state(arrivalOf(dealerId))).kind,
    (await ledger.lastTaken(arrivalOf(dealerId).path))?.content,
    await ledger.lastColumns(dealerId, 'dms', 'part'),
  ];
  expect(await known('acme')).toEqual(['unknown', undefined, undefined]);
  expect(await known('acme-2')).toEqual(['settled', 'c', ['Number']]);
});

test('the ledger keeps what is old no longer than it is told to, whatever it is', async () => {
  const clock = testClock();
  const ledger = ledgerIn(memoryTables().open, clock);
  const note = async (path: string) => {
    const runId = newRunId('acme', new Date(clock()), 'aaaaaaaaaa');
    await ledger.noteTaken(path, { content: path, epoch: 1, runId });
    await ledger.begin({ path, etag: '"1"', manifestEtag: '' });
  };
  await note('acme/old.csv');
  clock.move(1_000);
  const before = new Date(clock());
  await note('acme/new.csv');
  expect(await ledger.purge('acme', before)).toBe(2);
  expect(await ledger.lastTaken('acme/old.csv')).toBeUndefined();
  expect((await ledger.lastTaken('acme/new.csv'))?.content).toBe('acme/new.csv');
});

test('who still works on a dealer whose baselines and ledger are forgotten is told that it lost its lease', async () => {
  const { open } = memoryTables();
  const clock = testClock();
  let seeds = 0;
  const baselines = baselinesIn(open, clock, () => `seed ${seeds++}`);
  const ledger = ledgerIn(open, clock);
  const key = { dealerId: 'acme', entity: 'part', sourceId: 'dms' } as const;
  const lease = await baselines.take(key, 'some run');
  const begun = await ledger.begin(arrivalOf('acme'));
  if ('retryAfterMs' in lease || begun.kind !== 'ours') throw new Error('Nobody else is there.');
  await baselines.purge('acme');
  await ledger.forget('acme');
  await expect(lease.save(lease.state)).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(begun.lease.settle('done')).rejects.toMatchObject({ code: 'CONFLICT' });
  const next = await baselines.take(key, 'the next dealer');
  expect('retryAfterMs' in next ? undefined : next.state).toEqual({ seed: 'seed 1', isDoubtful: false });
});

test('no dealer can be called as what is kept of unreadable messages: it would go with the dealer', async () => {
  const blobs = memoryBlobs();
  const [folder = ''] = (await keepUnreadable(blobs, 'a body', 'a reason')).split('/');
  expect([...blobs.blobs.keys()]).toEqual([expect.stringMatching(`^${folder}/`)]);
  expect(folder).not.toMatch(new RegExp(namePattern));
});
