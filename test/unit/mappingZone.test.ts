import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isTimeZone, lastOccurrences, timeZone } from '../../shared/mapping/zone.ts';

const utc = (text: string): number => Date.parse(`${text}Z`);
const toUtc = (zone: string, local: string): string =>
  new Date(timeZone(zone).toUtc(utc(local))).toISOString().slice(0, 19);

describe('a local time in UTC, the second one where it comes twice', () => {
  test.each([
    ['Europe/Berlin', '2025-10-26T01:59:59', '2025-10-25T23:59:59'],
    ['Europe/Berlin', '2025-10-26T02:00:00', '2025-10-26T01:00:00'],
    ['Europe/Berlin', '2025-10-26T02:59:59', '2025-10-26T01:59:59'],
    ['Europe/Berlin', '2025-10-26T03:00:00', '2025-10-26T02:00:00'],
    ['America/Chicago', '2025-11-02T01:30:00', '2025-11-02T07:30:00'],
    // By half an hour.
    ['Australia/Lord_Howe', '2025-04-06T01:45:00', '2025-04-05T15:15:00'],
    // A gap is skipped as usual.
    ['Europe/Berlin', '2025-03-30T02:30:00', '2025-03-30T01:30:00'],
    ['Europe/Berlin', '2025-07-15T00:30:00', '2025-07-14T22:30:00'],
    ['UTC', '2025-10-26T02:30:00', '2025-10-26T02:30:00'],
  ])('of %s: %s is %s', (zone, local, expected) => {
    const found = lastOccurrences(timeZone(zone)).toUtc(utc(local));
    expect(new Date(found).toISOString().slice(0, 19)).toBe(expected);
  });
});

describe('a local time in UTC', () => {
  test.each([
    ['America/Chicago', '2025-01-15T12:00:00', '2025-01-15T18:00:00'],
    ['America/Chicago', '2025-07-15T12:00:00', '2025-07-15T17:00:00'],
    ['Europe/Berlin', '2025-07-15T00:30:00', '2025-07-14T22:30:00'],
    ['Asia/Kathmandu', '2025-07-15T00:00:00', '2025-07-14T18:15:00'],
    ['UTC', '2025-07-15T00:00:00', '2025-07-15T00:00:00'],
    // A gap is skipped by its own length.
    ['America/Chicago', '2025-03-09T02:30:00', '2025-03-09T08:30:00'],
    ['Europe/Berlin', '2025-03-30T02:00:00', '2025-03-30T01:00:00'],
    ['Australia/Lord_Howe', '2025-10-05T02:15:00', '2025-10-04T15:45:00'],
    // Apia had no 30 December 2011.
    ['Pacific/Apia', '2011-12-30T12:00:00', '2011-12-30T22:00:00'],
    // The first of two.
    ['America/Chicago', '2025-11-02T01:30:00', '2025-11-02T06:30:00'],
    ['Europe/Berlin', '2025-10-26T02:59:59', '2025-10-26T00:59:59'],
    ['America/Chicago', '2025-11-02T02:00:00', '2025-11-02T08:00:00'],
    // Before standard time, to the second.
    ['America/New_York', '1880-01-01T00:00:00', '1880-01-01T04:56:02'],
  ])('of %s: %s is %s', (zone, local, expected) => {
    expect(toUtc(zone, local)).toBe(expected);
  });

  test('shows the same clock when Intl formats it back, or lies in a gap', () => {
    const zones = [
      'America/Chicago',
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'America/St_Johns',
      'Africa/Casablanca',
      'Pacific/Apia',
    ];
    const formats = new Map(zones.map((zone) => [zone, clock(zone)]));
    const near = fc.constantFrom(
      '2025-03-09T02:30:00',
      '2025-11-02T01:30:00',
      '2025-03-30T02:30:00',
      '2024-10-06T02:10:00',
    );
    const time = fc.oneof(
      fc
        .integer({ min: utc('1975-01-01T00:00:00') / 1000, max: utc('2037-12-31T00:00:00') / 1000 })
        .map((s) => s * 1000),
      fc.tuple(near, fc.integer({ min: -7200, max: 7200 })).map(([text, seconds]) => utc(text) + seconds * 1000),
    );
    fc.assert(
      fc.property(fc.constantFrom(...zones), time, (zone, local) => {
        const show = formats.get(zone) ?? clock(zone);
        const found = timeZone(zone).toUtc(local);
        expect(timeZone(zone).toLocal(found)).toBe(show(found));
        if (show(found) === local) {
          // The first of two: no earlier time shows the same clock.
          for (const step of [1_800_000, 3_600_000]) expect(show(found - step)).not.toBe(local);
        } else {
          // Nothing around shows this clock: it is a gap, and the time is moved forward out of it.
          for (let step = -4 * 3_600_000; step <= 4 * 3_600_000; step += 900_000)
            expect(show(found + step)).not.toBe(local);
          expect(show(found)).toBeGreaterThan(local);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test('names of the IANA database are zones, all else is not', () => {
  for (const name of ['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires']) expect(isTimeZone(name)).toBe(true);
  for (const name of ['', 'Mars/Base', '+02:00', 'Europe/Berlin ', '__proto__']) expect(isTimeZone(name)).toBe(false);
  expect(() => timeZone('Mars/Base')).toThrow(expect.objectContaining({ code: 'CONFIG_ERROR' }));
});

/** The oracle: what a clock of the zone shows, by Intl alone. */
function clock(zone: string): (time: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (time) => {
    const parts = new Map(format.formatToParts(time).map((part) => [part.type, Number(part.value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? Number.NaN;
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  };
}
