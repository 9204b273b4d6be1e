import { describe, expect, test } from '@jest/globals';
import { emptyTally, newRunId, type Run, type RunId } from '../../shared/model/run.ts';
import { runsIn } from '../../shared/store/runs.ts';
import { closeRuns, judge } from '../../shared/sync/closeRuns.ts';
import type { Part } from '../../shared/sync/runStore.ts';
import { testClock } from '../helpers/clock.ts';
import { memoryTables } from '../helpers/memoryTable.ts';

const start = new Date('2026-11-20T12:00:00Z');
const minutes = (n: number) => new Date(start.getTime() + n * 60_000);
const hour = 60 * 60_000;
const none = { read: 0, rejected: 0, repeated: 0, unchanged: 0, upserts: 0, deletes: 0, deleteRows: 0 };

function run(more: Partial<Run> = {}): Run {
  return {
    runId: 'acme.1' as RunId,
    dealerId: 'acme',
    sourceId: null,
    entity: 'part',
    door: 'push',
    status: 'running',
    startedAt: start,
    finishedAt: undefined,
    sealed: { counts: { ...none, read: 5, rejected: 0, upserts: 5 }, segments: [{ attempt: 1, messages: 2 }] },
    tally: emptyTally,
    errors: [],
    ...more,
  };
}

const part = (seq: number, tally: Partial<Part['tally']>): Part => ({
  attempt: 1,
  seq,
  tally: { ...emptyTally, ...tally },
  errors: [],
});

describe('a run that is sealed', () => {
  test('waits for its parts', () => {
    expect(judge(run(), [part(0, { inserted: 3 })], minutes(1), hour)).toBeUndefined();
  });
  test('succeeds once they balance', () => {
    const closed = judge(run(), [part(0, { inserted: 3 }), part(1, { stale: 2 })], minutes(1), hour);
    expect(closed).toMatchObject({ status: 'succeeded', tally: { inserted: 3, stale: 2 }, finishedAt: minutes(1) });
  });
  test('is partial with rejects or quarantine', () => {
    const rejects = run({
      sealed: { counts: { ...none, read: 6, rejected: 1, upserts: 5 }, segments: [{ attempt: 1, messages: 1 }] },
    });
    expect(judge(rejects, [part(0, { inserted: 5 })], minutes(1), hour)?.status).toBe('partial');
    const parts = [part(0, { inserted: 3, quarantined: 1 }), part(1, { updated: 1 })];
    expect(judge(run(), parts, minutes(1), hour)?.status).toBe('partial');
  });
  test('is never a success while a part is missing, even if the numbers add up', () => {
    expect(judge(run(), [part(0, { inserted: 5 })], minutes(1), hour)).toBeUndefined();
  });
  test('is given up after an hour, naming what is missing', () => {
    const failed = judge(run(), [part(0, { inserted: 3 })], minutes(61), hour);
    expect(failed).toMatchObject({ status: 'failed', tally: { inserted: 3 } });
    expect(failed?.errors[0]?.detail).toContain('1 of its 2 messages were not applied yet (numbers 1)');
  });
  test('reopens when the missing part comes late, and loses what the closing had said', () => {
    const parts = [part(0, { inserted: 3 })];
    const failed = judge(run(), parts, minutes(61), hour);
    if (failed === undefined) throw new Error('not given up');
    expect(judge(failed, parts, minutes(62), hour)).toBeUndefined();
    const closed = judge(failed, [...parts, part(1, { inserted: 2 })], minutes(90), hour);
    expect(closed).toMatchObject({ status: 'succeeded', errors: [], tally: { inserted: 5 } });
  });
});

describe('a run of several attempts', () => {
  const segments = [
    { attempt: 1, messages: 2 },
    { attempt: 3, messages: 1 },
  ];
  const read = () => run({ sealed: { counts: { ...none, read: 5, upserts: 5 }, segments } });
  const of = (attempt: number, seq: number, inserted: number) => ({ ...part(seq, { inserted }), attempt });

  test('closes with the parts of all of them', () => {
    const parts = [of(1, 0, 2), of(1, 1, 2), of(3, 0, 1)];
    expect(judge(read(), parts.slice(0, 2), minutes(1), hour)).toBeUndefined();
    expect(judge(read(), parts, minutes(1), hour)).toMatchObject({ status: 'succeeded', tally: { inserted: 5 } });
  });
  test('names what is missing by attempt', () => {
    const failed = judge(read(), [of(1, 0, 2), of(3, 0, 1)], minutes(61), hour);
    expect(failed?.errors[0]?.detail).toContain('1 of its 3 messages were not applied yet (numbers 1.1)');
  });
  test('counts nothing that an attempt sent beyond what was recorded of it', async () => {
    const clock = testClock();
    const runs = runsIn(memoryTables().open);
    const runId = newRunId('acme', new Date(clock()), '0000000001');
    const stored = await runs.open({ ...read(), runId, startedAt: new Date(clock()) });
    await runs.save(stored, { ...read(), runId, startedAt: new Date(clock()) });
    for (const one of [of(1, 0, 2), of(1, 1, 2), of(1, 2, 9), of(2, 0, 9), of(3, 0, 1)]) await runs.addPart(runId, one);
    await closeRuns({ runs, clock, giveUpAfterMs: hour }, 0);
    expect((await runs.get(runId))?.run).toMatchObject({ status: 'succeeded', tally: { inserted: 5 } });
  });
});

describe('a run that takes long', () => {
  test('is not given up while it goes on', () => {
    const far = { rows: 5, sent: 5, at: minutes(600).toISOString() };
    const long = run({ sealed: undefined, progress: far });
    expect(judge(long, [], minutes(659), hour)).toBeUndefined();
    expect(judge(long, [], minutes(661), hour)).toMatchObject({ status: 'failed' });
  });
});

describe('a run with deletes that are held', () => {
  const counts = { ...none, read: 5, upserts: 5, deletes: 2 };
  const parts = [part(0, { inserted: 3 }), part(1, { updated: 2 })];

  test('balances with them, and is suspect', () => {
    const held = run({ sealed: { counts, segments: [{ attempt: 1, messages: 2 }], held: 2, isSuspect: true } });
    expect(judge(held, parts, minutes(1), hour)).toMatchObject({ status: 'suspect', tally: { held: 2, updated: 2 } });
  });
  test('succeeds once they were approved and applied', () => {
    const approved = run({ sealed: { counts, segments: [{ attempt: 1, messages: 3 }] } });
    expect(judge(approved, parts, minutes(1), hour)).toBeUndefined();
    const closed = judge(approved, [...parts, part(2, { deleted: 2 })], minutes(1), hour);
    expect(closed).toMatchObject({ status: 'succeeded', tally: { held: 0, deleted: 2 } });
  });
  test('is suspect also where nothing is held: an empty read is no success', () => {
    const empty = run({ sealed: { counts: none, segments: [{ attempt: 1, messages: 0 }], isSuspect: true } });
    expect(judge(empty, [], minutes(1), hour)?.status).toBe('suspect');
  });
  test('has as long after its approval as any other run', () => {
    const since = minutes(600).toISOString();
    const approved = run({ sealed: { counts, segments: [{ attempt: 1, messages: 3 }], since } });
    expect(judge(approved, parts, minutes(659), hour)).toBeUndefined();
    expect(judge(approved, parts, minutes(661), hour)).toMatchObject({ status: 'failed' });
  });
  test('shows no progress any more', () => {
    const closed = judge(
      run({ progress: { bytes: 1, rows: 1, sent: 1 } }),
      [part(0, { inserted: 5 }), part(1, {})],
      minutes(1),
      hour,
    );
    expect(closed).toMatchObject({ status: 'succeeded' });
    expect(closed).not.toHaveProperty('progress');
  });
});

describe('a run that was never sealed', () => {
  test('is given up after an hour: its rows have to be sent again', () => {
    const unsealed = run({ sealed: undefined });
    expect(judge(unsealed, [], minutes(59), hour)).toBeUndefined();
    expect(judge(unsealed, [], minutes(61), hour)).toMatchObject({ status: 'failed', errors: [{ code: 'INTERNAL' }] });
  });
});
