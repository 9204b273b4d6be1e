import { beforeEach, describe, expect, test } from '@jest/globals';
import { nextInstant, toInstant } from '../../shared/model/instant.ts';
import { stampsIn } from '../../shared/store/stamps.ts';
import { type MemoryTables, memoryTables } from '../helpers/memoryTable.ts';

const at = (second: number) => toInstant(Date.parse('2026-11-20T12:00:00Z') + second * 1_000);

let tables: MemoryTables;
beforeEach(() => {
  tables = memoryTables();
});

describe('captured', () => {
  test('is when the data left the source', async () => {
    expect(await stampsIn(tables.open).next('acme', 'part', 'dms', at(5))).toEqual({ epoch: 0, captured: at(5) });
  });

  test('never goes back for a source and entity, also where the clock of another instance does', async () => {
    const [one, other] = [stampsIn(tables.open), stampsIn(tables.open)];
    await one.next('acme', 'part', 'dms', at(9));
    const second = await other.next('acme', 'part', 'dms', at(3));
    expect(second.captured).toBe(nextInstant(at(9)));
    expect((await one.next('acme', 'part', 'dms', at(4))).captured).toBe(nextInstant(second.captured));
  });

  test('of another source, entity or dealer is its own', async () => {
    const stamps = stampsIn(tables.open);
    await stamps.next('acme', 'part', 'dms', at(9));
    expect((await stamps.next('acme', 'part', 'web', at(3))).captured).toBe(at(3));
    expect((await stamps.next('acme', 'unit', 'dms', at(3))).captured).toBe(at(3));
    expect((await stamps.next('beta', 'part', 'dms', at(3))).captured).toBe(at(3));
  });

  test('is given out once, however many ask at once', async () => {
    const instances = [stampsIn(tables.open), stampsIn(tables.open), stampsIn(tables.open)];
    const given = await Promise.all(
      Array.from({ length: 30 }, (_, i) => instances[i % 3]?.next('acme', 'part', 'dms', at(1))),
    );
    expect(new Set(given.map((stamp) => stamp?.captured)).size).toBe(30);
  });
});

describe('the epoch', () => {
  test('that one instance raised is seen by the next run of another, which had read the old one', async () => {
    const [one, other] = [stampsIn(tables.open), stampsIn(tables.open)];
    expect((await one.next('acme', 'part', 'dms', at(1))).epoch).toBe(0);
    await other.raiseEpoch('acme', 'part');
    expect((await one.next('acme', 'part', 'dms', at(2))).epoch).toBe(1);
    expect(await one.epochOf('acme', 'part')).toBe(1);
  });
});
