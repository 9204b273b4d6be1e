import { describe, expect, test } from '@jest/globals';
import { emptyTally, type Run, type RunId } from '../../shared/model/run.ts';
import { judge } from '../../shared/sync/closeRuns.ts';
import type { Part } from '../../shared/sync/runStore.ts';

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
    sealed: { counts: { ...none, read: 5, rejected: 0, upserts: 5 }, attempt: 1, messages: 2 },
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
    const rejects = run({ sealed: { counts: { ...none, read: 6, rejected: 1, upserts: 5 }, attempt: 1, messages: 1 } });
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

describe('a run with deletes that are held', () => {
  const counts = { ...none, read: 5, upserts: 5, deletes: 2 };
  const parts = [part(0, { inserted: 3 }), part(1, { updated: 2 })];

  test('balances with them, and is suspect', () => {
    const held = run({ sealed: { counts, attempt: 1, messages: 2, held: 2, isSuspect: true } });
    expect(judge(held, parts, minutes(1), hour)).toMatchObject({ status: 'suspect', tally: { held: 2, updated: 2 } });
  });
  test('succeeds once they were approved and applied', () => {
    const approved = run({ sealed: { counts, attempt: 1, messages: 3 } });
    expect(judge(approved, parts, minutes(1), hour)).toBeUndefined();
    const closed = judge(approved, [...parts, part(2, { deleted: 2 })], minutes(1), hour);
    expect(closed).toMatchObject({ status: 'succeeded', tally: { held: 0, deleted: 2 } });
  });
  test('is suspect also where nothing is held: an empty read is no success', () => {
    const empty = run({ sealed: { counts: none, attempt: 1, messages: 0, isSuspect: true } });
    expect(judge(empty, [], minutes(1), hour)?.status).toBe('suspect');
  });
  test('has as long after its approval as any other run', () => {
    const since = minutes(600).toISOString();
    const approved = run({ sealed: { counts, attempt: 1, messages: 3, since } });
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
