import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalTime, isInstant, millisecondsOf, nextInstant, toInstant } from '../../shared/model/instant.ts';
import { formatVersion, parseVersion, versionsOf } from '../../shared/model/version.ts';

const instant = fc
  .tuple(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), fc.nat(999_999))
  .map(([date, nanoseconds]) => toInstant(date, nanoseconds));

describe('an instant', () => {
  test('has 30 characters and nine digits', () => {
    expect(toInstant(0)).toBe('1970-01-01T00:00:00.000000000Z');
    expect(toInstant(new Date('2025-05-13T12:00:00.120Z'))).toBe('2025-05-13T12:00:00.120000000Z');
    expect(toInstant(1, 5)).toBe('1970-01-01T00:00:00.001000005Z');
    expect(toInstant(new Date('0001-01-01'))).toBe('0001-01-01T00:00:00.000000000Z');
  });

  test('exists in the years 0001 to 9999 alone', () => {
    for (const time of [Number.NaN, 8.64e15, -8.64e15, Date.parse('0000-12-31T23:59:59.999Z')]) {
      expect(() => toInstant(time)).toThrow(expect.objectContaining({ code: 'DATA_ERROR' }));
    }
  });

  test('names a real day', () => {
    expect(isInstant('2024-02-29T00:00:00.000000000Z')).toBe(true);
    for (const text of [
      '2023-02-29T00:00:00.000000000Z',
      '2023-04-31T00:00:00.000000000Z',
      '2023-01-01T24:00:00.000000000Z',
      '2023-01-01T00:00:60.000000000Z',
      '0000-01-01T00:00:00.000000000Z',
      '2023-01-01T00:00:00Z',
    ]) {
      expect(isInstant(text)).toBe(false);
    }
  });

  test('is followed by the next nanosecond', () => {
    expect(nextInstant(toInstant(0))).toBe('1970-01-01T00:00:00.000000001Z');
    expect(nextInstant(toInstant(999, 999_999))).toBe('1970-01-01T00:00:01.000000000Z');
    expect(nextInstant(toInstant(new Date('2024-12-31T23:59:59.999Z'), 999_999))).toBe(
      '2025-01-01T00:00:00.000000000Z',
    );
    fc.assert(fc.property(instant, (i) => nextInstant(i) > i && isInstant(nextInstant(i))));
  });

  test('is shown without trailing zeros', () => {
    expect(canonicalTime(toInstant(0))).toBe('1970-01-01T00:00:00Z');
    expect(canonicalTime(toInstant(100))).toBe('1970-01-01T00:00:00.1Z');
    expect(canonicalTime(toInstant(0, 10))).toBe('1970-01-01T00:00:00.00000001Z');
  });

  test('keeps its milliseconds', () => {
    fc.assert(fc.property(instant, (i) => expect(toInstant(millisecondsOf(i)).slice(0, 23)).toBe(i.slice(0, 23))));
  });
});

describe('a version', () => {
  const version = fc
    .record({ epoch: fc.nat(9_999_999), t: instant, captured: instant, position: fc.nat(9_999_999) })
    .map((v) => ({ ...v, t: v.t < v.captured ? v.t : v.captured }));

  test('has a fixed width', () => {
    const t = toInstant(0);
    expect(formatVersion({ epoch: 7, t, captured: t, position: 12 })).toBe(
      '0000000007|1970-01-01T00:00:00.000000000Z|1970-01-01T00:00:00.000000000Z|000000000012',
    );
  });

  test('is read back as it was written', () => {
    fc.assert(fc.property(version, (v) => expect(parseVersion(formatVersion(v))).toEqual(v)));
  });

  test('has its own position, in whatever order a run’s are asked for', () => {
    const near = fc.tuple(fc.nat(999_999_998), fc.integer({ min: -2, max: 2 })).map(([n, by]) => n * 1_000 + 2 + by);
    fc.assert(
      fc.property(version, fc.array(fc.oneof(near, fc.nat(2_500))), (v, positions) => {
        const versionOf = versionsOf(v);
        expect(positions.map((position) => parseVersion(versionOf(v.t, position)))).toEqual(
          positions.map((position) => ({ ...v, position })),
        );
      }),
    );
  });

  test('sorts as text by epoch, then t, then captured, then position', () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const parts = [a.epoch - b.epoch, compare(a.t, b.t), compare(a.captured, b.captured), a.position - b.position];
        expect(compare(formatVersion(a), formatVersion(b))).toBe(Math.sign(parts.find((part) => part !== 0) ?? 0));
      }),
    );
  });

  test('has no t after captured, however far a clock runs ahead', () => {
    const captured = toInstant(1000);
    expect(parseVersion(formatVersion({ epoch: 0, t: toInstant(2000), captured, position: 0 })).t).toBe(captured);
  });

  test('refuses what does not fit, and text that is no version', () => {
    const t = toInstant(0);
    for (const [epoch, position] of [
      [-1, 0],
      [1.5, 0],
      [1e10, 0],
      [0, 1e12],
      [Number.NaN, 0],
    ] as const) {
      expect(() => formatVersion({ epoch, t, captured: t, position })).toThrow(
        expect.objectContaining({ code: 'INTERNAL' }),
      );
    }
    for (const text of ['', '1|2|3|4', `${formatVersion({ epoch: 0, t, captured: t, position: 0 })}|`]) {
      expect(() => parseVersion(text)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    }
  });
});

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
