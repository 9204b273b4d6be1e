import { beforeEach, expect, test } from '@jest/globals';
import type { Leases } from '../../shared/credentials/leases.ts';
import { leasesIn } from '../../shared/store/leases.ts';
import { type TestClock, testClock } from '../helpers/clock.ts';
import { type MemoryTables, memoryTables } from '../helpers/memoryTable.ts';

let tables: MemoryTables;
let clock: TestClock;
let one: Leases;
let two: Leases;

beforeEach(() => {
  tables = memoryTables();
  clock = testClock();
  one = leasesIn(tables.open, clock, 'one');
  two = leasesIn(tables.open, clock, 'two');
});

test('a lease belongs to one of many who come at once', async () => {
  const all = Array.from({ length: 8 }, (_, i) => leasesIn(tables.open, clock, `owner-${i}`));
  const taken = await Promise.all(all.map((leases) => leases.take('x', 10_000)));
  expect(taken.filter(({ kind }) => kind === 'ours')).toHaveLength(1);
});

test('is free again once it is released or its time is over, and says how long that is', async () => {
  const leasing = await one.take('x', 10_000);
  clock.move(4_000);
  expect(await two.take('x', 10_000)).toEqual({ kind: 'taken', forMs: 6_000 });
  expect((await two.take('y', 10_000)).kind).toBe('ours');
  if (leasing.kind === 'ours') await leasing.lease.release();
  expect((await two.take('x', 10_000)).kind).toBe('ours');
  clock.move(10_001);
  expect((await one.take('x', 10_000)).kind).toBe('ours');
});

test('who was too slow releases nothing that is not theirs any more', async () => {
  const slow = await one.take('x', 10_000);
  clock.move(10_001);
  expect((await two.take('x', 10_000)).kind).toBe('ours');
  if (slow.kind === 'ours') await slow.lease.release();
  expect((await one.take('x', 10_000)).kind).toBe('taken');
});

test('who has it takes it again, with a new end', async () => {
  await one.take('x', 10_000);
  clock.move(9_000);
  expect((await one.take('x', 10_000)).kind).toBe('ours');
  clock.move(9_000);
  expect((await two.take('x', 10_000)).kind).toBe('taken');
});

test.each(['insert', 'replace'])('is theirs whose write was done, though its answer was lost (%s)', async (method) => {
  if (method === 'replace') await one.take('x', 10_000);
  tables.loseAnswer(`leases.${method}`);
  const leasing = await one.take('x', 10_000);
  expect(leasing.kind).toBe('ours');
  if (leasing.kind === 'ours') await leasing.lease.release();
  expect((await two.take('x', 10_000)).kind).toBe('ours');
});

test('of a clock that was wrong locks nobody out for longer than it lasts', async () => {
  clock.move(365 * 86_400_000);
  await one.take('x', 10_000);
  clock.move(-365 * 86_400_000);
  expect(await two.take('x', 10_000)).toEqual({ kind: 'taken', forMs: 10_000 });
});
