import { describe, expect, test } from '@jest/globals';
import type { Change } from '../../shared/model/change.ts';
import type { Instant } from '../../shared/model/instant.ts';
import type { RecordId } from '../../shared/model/recordId.ts';
import { formatVersion } from '../../shared/model/version.ts';
import { decide, type Held } from '../../shared/sync/decide.ts';

const day = (n: number) => `2026-01-${String(n).padStart(2, '0')}T00:00:00.000000000Z` as Instant;
const id = 'x' as RecordId;
const version = (t: number, captured: number, epoch = 0, position = 0) =>
  formatVersion({ epoch, t: day(t), captured: day(captured), position });
const upsert = (v: string, content = 'a'): Change => ({
  op: 'upsert',
  id,
  version: v,
  content_hash: content,
  data: {},
});
const remove = (v: string): Change => ({ op: 'delete', id, version: v });
const absent = (v: string): Change => ({ op: 'delete', id, version: v, absence: true });
const run = (run_id: string, source_id: string | null = 'dms') => ({ run_id, source_id });
const held = (v: string, content: string | null = 'a', more: Partial<Held> = {}): Held => ({
  version: v,
  content_hash: content,
  source_id: 'dms',
  run_id: 'before',
  first_run_id: 'before',
  ...more,
});

describe('a change against nothing', () => {
  test('an upsert inserts, a delete leaves a tombstone, an absence does nothing', () => {
    expect(decide(upsert(version(1, 1)), run('r'), undefined)).toMatchObject({ kind: 'write', outcome: 'inserted' });
    expect(decide(remove(version(1, 1)), run('r'), undefined)).toMatchObject({ kind: 'write', outcome: 'deleted' });
    expect(decide(absent(version(1, 1)), run('r'), undefined)).toEqual({ kind: 'nothing', outcome: 'unchanged' });
  });
});

describe('a change is applied if its version is greater than the record’s', () => {
  test('newer content replaces older', () => {
    expect(decide(upsert(version(2, 5), 'b'), run('r'), held(version(1, 1)))).toMatchObject({ outcome: 'updated' });
  });
  test('older content is stale, however late it comes', () => {
    const decision = decide(upsert(version(1, 9), 'b'), run('r'), held(version(2, 3)));
    expect(decision).toEqual({ kind: 'nothing', outcome: 'stale' });
  });
  test('of equal times the later captured wins, then the later position', () => {
    expect(decide(upsert(version(1, 6), 'b'), run('r'), held(version(1, 5)))).toMatchObject({ outcome: 'updated' });
    expect(decide(upsert(version(1, 5, 0, 2), 'b'), run('r'), held(version(1, 5, 0, 1)))).toMatchObject({
      outcome: 'updated',
    });
    expect(decide(upsert(version(1, 5, 0, 1), 'b'), run('r'), held(version(1, 5, 0, 1)))).toMatchObject({
      outcome: 'stale',
    });
  });
  test('a greater epoch wins over all that is held, whatever its times', () => {
    expect(decide(upsert(version(1, 1, 1), 'b'), run('r'), held(version(9, 9, 0)))).toMatchObject({
      outcome: 'updated',
    });
  });
});

describe('equal content', () => {
  test('with a greater t only the version is written', () => {
    expect(decide(upsert(version(2, 5)), run('r'), held(version(1, 1)))).toEqual({
      kind: 'touch',
      outcome: 'unchanged',
    });
  });
  test('with an equal t nothing is', () => {
    expect(decide(upsert(version(1, 5)), run('r'), held(version(1, 1)))).toEqual({
      kind: 'nothing',
      outcome: 'unchanged',
    });
  });
  test('with an equal t of a new epoch, or from another source, the version is written', () => {
    expect(decide(upsert(version(1, 5, 1)), run('r'), held(version(1, 1)))).toMatchObject({ kind: 'touch' });
    expect(decide(upsert(version(1, 5)), run('r', 'other'), held(version(1, 1)))).toMatchObject({ kind: 'touch' });
  });
});

describe('a tombstone', () => {
  test('keeps a late older change from raising the dead', () => {
    expect(decide(upsert(version(1, 1)), run('r'), held(version(2, 2), null))).toEqual({
      kind: 'nothing',
      outcome: 'stale',
    });
  });
  test('gives way to a newer row, which counts as inserted', () => {
    expect(decide(upsert(version(3, 3)), run('r'), held(version(2, 2), null))).toMatchObject({ outcome: 'inserted' });
  });
});

describe('a delete by absence', () => {
  test('keeps the record’s t and takes the run’s captured', () => {
    const decision = decide(absent(version(7, 7, 0, 3)), run('r'), held(version(1, 2)));
    expect(decision).toEqual({ kind: 'write', outcome: 'deleted', version: version(1, 7, 0, 3) });
  });
  test('so that a row that comes back with an old date comes back', () => {
    const tombstone = held(version(1, 7), null);
    expect(decide(upsert(version(1, 8)), run('r'), tombstone)).toMatchObject({ outcome: 'inserted' });
  });
  test('does not apply to a record that was captured at the same time or later', () => {
    expect(decide(absent(version(7, 7)), run('r'), held(version(1, 7)))).toMatchObject({ outcome: 'stale' });
    expect(decide(absent(version(7, 7)), run('r'), held(version(1, 8)))).toMatchObject({ outcome: 'stale' });
  });
  test('does not apply to another source’s record, nor to one of a later epoch', () => {
    expect(decide(absent(version(7, 7)), run('r', 'other'), held(version(1, 2)))).toMatchObject({ outcome: 'stale' });
    expect(decide(absent(version(7, 7)), run('r'), held(version(1, 2, 1)))).toMatchObject({ outcome: 'stale' });
  });
});

describe('a redelivered message is counted as it was first applied', () => {
  const v = version(1, 1);
  test('inserted, updated or deleted, not unchanged', () => {
    expect(decide(upsert(v), run('r'), held(v, 'a', { run_id: 'r', first_run_id: 'r' })).outcome).toBe('inserted');
    expect(decide(upsert(v), run('r'), held(v, 'a', { run_id: 'r' })).outcome).toBe('updated');
    expect(decide(remove(v), run('r'), held(v, null, { run_id: 'r' })).outcome).toBe('deleted');
    expect(decide(absent(version(7, 7)), run('r'), held(version(1, 7), null, { run_id: 'r' })).outcome).toBe('deleted');
  });
  test('the same change of another run is unchanged', () => {
    expect(decide(upsert(v), run('other'), held(v, 'a', { run_id: 'r', first_run_id: 'r' }))).toEqual({
      kind: 'nothing',
      outcome: 'unchanged',
    });
  });
});
