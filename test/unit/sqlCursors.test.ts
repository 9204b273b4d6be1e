import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clockAs, isBeyond, numbersFrom, timesFrom } from '../../shared/connectors/sql/cursorValue.ts';
import { beforeFold } from '../../shared/connectors/sql/localTime.ts';
import { fromMark, toMark } from '../../shared/connectors/sql/mark.ts';
import { timeZone } from '../../shared/mapping/zone.ts';

const utc = timeZone('UTC');
const chicago = timeZone('America/Chicago');
const from = (value: string, backMs = 0, kind: 'zoned' | 'local' | 'date' = 'local', zone = utc) =>
  timesFrom({ kind, value, backMs, zone });

describe('a read goes on', () => {
  test('from so many seconds before a time, whose fraction keeps its digits', () => {
    expect(from('2026-05-01T10:00:00.1234567', 300_000)).toBe('2026-05-01T09:55:00.1234567');
    expect(from('2026-05-01T10:00:00', 0)).toBe('2026-05-01T10:00:00');
    expect(from('2026-05-01 10:00:00.5+00', 1_000, 'zoned')).toBe('2026-05-01T09:59:59.5Z');
    expect(from('2026-05-01T10:00:00.5Z', 1_001, 'zoned')).toBe('2026-05-01T09:59:58.5Z');
    expect(from('2026-01-01', 1_000, 'date')).toBe('2025-12-31');
    expect(from('2026-01-01', 0, 'date')).toBe('2026-01-01');
  });

  test('from the beginning where there is nothing to count back from', () => {
    for (const value of ['-infinity', '0044-03-15 00:00:00 BC', '12026-01-01 00:00:00', '', '2026-13-01']) {
      expect(from(value)).toBeUndefined();
    }
    expect(from('0001-01-01T00:00:01', 300_000)).toBeUndefined();
  });

  test('from so many ids before a number', () => {
    expect(numbersFrom('1000', 10)).toBe('990');
    expect(numbersFrom('9223372036854775807', 7)).toBe('9223372036854775800');
    expect(numbersFrom('5', 10)).toBe('-5');
    expect(numbersFrom('7.90', 0)).toBe('7');
    expect(numbersFrom('-7.90', 0)).toBe('-8');
    expect(numbersFrom('NaN', 0)).toBeUndefined();
  });
});

test('values are compared with all their digits', () => {
  expect(isBeyond('local', '2026-05-01T10:00:00.1234568', '2026-05-01 10:00:00.1234567')).toBe(true);
  expect(isBeyond('local', '2026-05-01T10:00:00.1', '2026-05-01T10:00:00.10')).toBe(false);
  expect(isBeyond('local', '2026-05-01T10:00:00.01', '2026-05-01T10:00:00')).toBe(true);
  expect(isBeyond('zoned', '2026-05-01 10:00:01+00', '2026-05-01T10:00:00.999Z')).toBe(true);
  expect(isBeyond('local', 'infinity', '2026-05-01T10:00:00')).toBe(false);
  expect(isBeyond('local', '2026-05-01T10:00:00', '-infinity')).toBe(true);
  expect(isBeyond('number', '1', 'NaN')).toBe(true);
  expect(isBeyond('number', 'NaN', '1')).toBe(false);
  expect(isBeyond('number', '9007199254740993', '9007199254740992')).toBe(true);
  expect(isBeyond('number', '10.5', '10.50')).toBe(false);
  expect(isBeyond('number', '-1', '-2')).toBe(true);
  expect(isBeyond('number', '99', '100')).toBe(false);
});

test('a clock is told as a column would hold it', () => {
  const now = '2026-11-20T12:00:00.123456Z';
  expect(clockAs('zoned', now, chicago)).toBe(now);
  expect(clockAs('local', now, chicago)).toBe('2026-11-20T06:00:00.123456');
  expect(clockAs('date', '2026-11-20T03:00:00.1Z', chicago)).toBe('2026-11-19');
});

test('a cursor keeps its value and how far ahead the clock was', () => {
  for (const mark of [
    { value: '2026-11-20T12:00:00.123456', clockAhead: 12 },
    { value: '2026-11-20T12:00:00', clockAhead: -3_600_000 },
    { value: '42', clockAhead: undefined },
    { value: 'odd (clock +1 ms) text', clockAhead: 0 },
  ]) {
    expect(toMark(fromMark(mark))).toEqual(mark);
  }
});

test('the hour that is skipped is no part of what is read again', () => {
  expect(from('2026-03-08T03:00:00', 300_000, 'local', chicago)).toBe('2026-03-08T01:55:00');
  expect(from('2026-03-08T03:04:59.5', 300_000, 'local', chicago)).toBe('2026-03-08T01:59:59.5');
  expect(from('2026-03-08T03:05:00', 300_000, 'local', chicago)).toBe('2026-03-08T03:00:00');
  expect(from('2026-03-08T02:30:00', 300_000, 'local', chicago)).toBe('2026-03-08T02:25:00');
  expect(from('2026-03-08T03:00:00', 300_000, 'zoned', chicago)).toBe('2026-03-08T02:55:00Z');
});

describe('the hour that comes twice', () => {
  const local = (text: string) => Date.parse(`${text}Z`);

  test('begins where it begins, for all times within it', () => {
    const begins = local('2026-11-01T01:00:00');
    expect(beforeFold(chicago, local('2026-11-01T01:00:00.001'))).toBe(begins);
    expect(beforeFold(chicago, local('2026-11-01T01:30:00'))).toBe(begins);
    expect(beforeFold(chicago, local('2026-11-01T02:00:00'))).toBe(begins);
    for (const other of [
      '2026-11-01T01:00:00',
      '2026-11-01T02:00:00.001',
      '2026-03-08T02:30:00',
      '2026-07-01T01:30:00',
    ]) {
      expect(beforeFold(chicago, local(other))).toBe(local(other));
    }
    // Half an hour only, and at midnight.
    expect(beforeFold(timeZone('Australia/Lord_Howe'), local('2026-04-05T01:45:00'))).toBe(
      local('2026-04-05T01:30:00'),
    );
    expect(beforeFold(timeZone('America/Havana'), local('2026-11-01T00:30:00'))).toBe(local('2026-11-01T00:00:00'));
  });

  /**
   * Rows are dated by a wall clock, committed up to the overlap later, and polled by the connector's rules; in the end every
   * row was read after it was committed.
   */
  function lostBy(
    lower: typeof timesFrom,
    zone: string,
    around: number,
    rows: readonly Row[],
    polls: readonly number[],
  ): Row[] {
    const overlapMs = 300_000;
    const clock = timeZone(zone);
    const textOf = (ms: number) => new Date(ms).toISOString().slice(0, 19);
    const dated = rows.map((row) => ({ row, text: textOf(clock.toLocal(around + row.at * 1_000)) }));
    const read = new Set<Row>();
    let cursor: string | undefined;
    for (const poll of [...polls, 20_000].toSorted((a, b) => a - b)) {
      const now = clockAs('local', `${textOf(around + poll * 1_000)}Z`, clock);
      const bound =
        cursor === undefined ? undefined : lower({ kind: 'local', value: cursor, backMs: overlapMs, zone: clock });
      const found = dated.filter(
        ({ row, text }) => row.at + row.late <= poll && (bound === undefined || text >= bound),
      );
      for (const { row } of found) read.add(row);
      const reached = found
        .map(({ text }) => text)
        .filter((text) => text <= now)
        .toSorted()
        .at(-1);
      if (reached !== undefined && (cursor === undefined || isBeyond('local', reached, cursor))) cursor = reached;
    }
    return rows.filter((row) => !read.has(row));
  }
  interface Row {
    readonly at: number;
    readonly late: number;
  }
  const seconds = fc.integer({ min: -9_000, max: 9_000 });
  const rows = fc.array(fc.record({ at: seconds, late: fc.integer({ min: 0, max: 300 }) }), { maxLength: 30 });
  const folds: readonly (readonly [string, string])[] = [
    ['America/Chicago', '2026-11-01T07:00:00Z'],
    ['Europe/Berlin', '2026-10-25T01:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
    ['America/Havana', '2026-11-01T05:00:00Z'],
    ['America/Chicago', '2026-03-08T08:00:00Z'],
  ];

  test.each(folds)('loses no row that is dated by local time: %s, %s', (zone, at) => {
    const property = fc.property(rows, fc.array(seconds, { maxLength: 30 }), (written, polls) => {
      expect(lostBy(timesFrom, zone, Date.parse(at), written, polls)).toEqual([]);
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('would lose rows if it were an hour like any other, which this test would see', () => {
    const naive: typeof timesFrom = (bound) => timesFrom({ ...bound, zone: utc });
    const [zone, at] = folds[0] ?? ['', ''];
    const property = fc.property(rows, fc.array(seconds, { maxLength: 30 }), (written, polls) => {
      expect(lostBy(naive, zone, Date.parse(at), written, polls)).toEqual([]);
    });
    expect(fc.check(property, { numRuns: 300, seed: 1 }).failed).toBe(true);
  });
});
