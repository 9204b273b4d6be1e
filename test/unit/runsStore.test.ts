import { beforeEach, describe, expect, test } from '@jest/globals';
import { emptyTally, newRunId, type Run } from '../../shared/model/run.ts';
import { type Runs, runsIn } from '../../shared/store/runs.ts';
import { closeRuns, currentRun } from '../../shared/sync/closeRuns.ts';
import { type MemoryTables, memoryTables } from '../helpers/memoryTable.ts';

const start = Date.parse('2026-11-20T12:00:00Z');
const hour = 60 * 60_000;
const counts = { read: 1, rejected: 0, repeated: 0, unchanged: 0, upserts: 1, deletes: 0, deleteRows: 0 };
const sealed = { counts, segments: [{ attempt: 1, messages: 1 }] };

let tables: MemoryTables;
let runs: Runs;
let now: number;
beforeEach(() => {
  tables = memoryTables();
  runs = runsIn(tables.open);
  now = start;
});

function newRun(n: number, more: Partial<Run> = {}): Run {
  return {
    runId: newRunId('acme', new Date(start), String(n).padStart(10, '0')),
    dealerId: 'acme',
    sourceId: null,
    entity: 'part',
    door: 'push',
    status: 'running',
    startedAt: new Date(start),
    finishedAt: undefined,
    sealed: undefined,
    tally: emptyTally,
    errors: [],
    ...more,
  };
}

const applied = { attempt: 1, seq: 0, tally: { ...emptyTally, inserted: 1 }, errors: [] };
const sweep = (n = 0) => closeRuns({ runs, clock: () => now, giveUpAfterMs: hour }, n);
const open = async () => (await Array.fromAsync(runs.listOpen())).map(({ runId }) => runId);
const statusOf = async ({ runId }: Run) => (await runs.get(runId))?.run.status;

describe('opening a run', () => {
  test('succeeds where only the answer was lost', async () => {
    tables.loseAnswer('runs.insert');
    const stored = await runs.open(newRun(1));
    await runs.save(stored, newRun(1, { sealed }));
    expect((await runs.get(stored.run.runId))?.run.sealed).toEqual(sealed);
  });

  test('is a conflict where another has opened it', async () => {
    await runs.open(newRun(1));
    await expect(runs.open(newRun(1, { startedAt: new Date(start + 1) }))).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('a sweep', () => {
  test('closes the others where one run can not be looked at, and then says so', async () => {
    const broken = newRun(1);
    await runs.open(broken);
    const [row] = await Array.fromAsync(tables.open('runs').rows('acme'));
    if (row === undefined) throw new Error('There is no run.');
    await tables.open('runs').replace(row, { ...row.cells, entity: 'gone' });
    for (let n = 2; n < 30; n++) {
      const run = newRun(n, { sealed });
      await runs.open(run);
      await runs.addPart(run.runId, applied);
    }
    await expect(sweep()).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await open()).toEqual([broken.runId]);
  });

  test('that died after it gave a run up lets the next ones look at it more rarely, and forget it in the end', async () => {
    const run = newRun(1, { sealed });
    await runs.open(run);
    now = start + 2 * hour;
    tables.fail('openruns.upsert');
    await expect(sweep()).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
    tables.fail(undefined);
    expect(await statusOf(run)).toBe('failed');
    await sweep();
    expect(await Array.fromAsync(runs.listOpen())).toMatchObject([{ givenUpAt: new Date(now) }]);
    now += 15 * 24 * hour;
    for (let n = 0; n < 12; n++) await sweep(n);
    expect(await open()).toEqual([]);
  });

  test('between the note and the reopening of a run does not lose it', async () => {
    const suspect = newRun(1, { sealed: { ...sealed, isSuspect: true } });
    await runs.open(suspect);
    await runs.addPart(suspect.runId, applied);
    await sweep();
    const stored = await runs.get(suspect.runId);
    if (stored === undefined) throw new Error('There is no run.');
    expect(stored.run.status).toBe('suspect');
    await runs.noteOpen(suspect.runId);
    await sweep();
    await runs.save(stored, { ...stored.run, status: 'running', sealed });
    await sweep();
    expect(await statusOf(suspect)).toBe('succeeded');
  });

  test('does not take away what was noted since it looked', async () => {
    const run = newRun(1);
    await runs.open(run);
    const [entry] = await Array.fromAsync(runs.listOpen());
    await runs.noteOpen(run.runId);
    await runs.close(run.runId, entry?.etag);
    expect(await open()).toEqual([run.runId]);
  });
});

test('a run that is asked for is closed at once if it balances', async () => {
  const run = newRun(1, { sealed });
  await runs.open(run);
  await runs.addPart(run.runId, applied);
  const deps = { runs, clock: () => now, giveUpAfterMs: hour };
  expect(await currentRun(deps, run.runId)).toMatchObject({ status: 'succeeded', tally: { inserted: 1 } });
  expect(await open()).toEqual([]);
});

test('a list that hardly anything fits ends in time, and goes on where it was', async () => {
  await runs.open(newRun(0, { status: 'succeeded' }));
  const [row] = await Array.fromAsync(tables.open('runs').rows('acme'));
  if (row === undefined) throw new Error('There is no run.');
  const keys = Array.from({ length: 20_500 }, (_, n) => `${row.key.slice(0, 13)}${String(n + 1).padStart(10, '0')}`);
  await Promise.all(keys.map((key) => tables.open('runs').insert('acme', key, row.cells)));
  const failed = newRun(99_999, { status: 'failed' });
  await runs.open(failed);
  const first = await runs.list('acme', { status: 'failed', limit: 10 });
  expect(first).toMatchObject({ runs: [], continuation: expect.any(String) });
  const { continuation = '' } = first;
  const second = await runs.list('acme', { status: 'failed', limit: 10, continuation });
  expect(second.runs.map(({ runId }) => runId)).toEqual([failed.runId]);
  expect(second).not.toHaveProperty('continuation');
});

test('what is past its time goes with its parts, of whatever attempt, and what is younger stays', async () => {
  const old = newRun(1);
  await runs.open(old);
  for (const attempt of [1, 2, 3]) await runs.addPart(old.runId, { ...applied, attempt });
  const later = new Date(start + hour);
  const young = newRun(2, { runId: newRunId('acme', later, '0000000002'), startedAt: later });
  await runs.open(young);
  await runs.addPart(young.runId, applied);
  expect(await runs.purge('acme', new Date(start + 1))).toBe(4);
  expect(await runs.get(old.runId)).toBeUndefined();
  expect(await Promise.all([1, 2, 3].map((attempt) => runs.parts(old.runId, attempt)))).toEqual([[], [], []]);
  expect(await open()).toEqual([young.runId]);
  expect(await runs.parts(young.runId, 1)).toHaveLength(1);
});
