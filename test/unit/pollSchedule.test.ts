import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { faultOf, isAllowed, isDue, jitterMs, nextRun, type Schedule } from '../../shared/sync/poll/schedule.ts';

const chicago = 'America/Chicago';
const at = (text: string) => new Date(text);
const night: Schedule = {
  cron: '*/15 * * * *',
  windows: [{ days: 'mon-fri', from: '20:00', to: '06:00' }],
};

describe('a schedule', () => {
  test('is due at its time, in its zone, once', () => {
    const schedule = { cron: '30 3 * * *' };
    const since = at('2026-07-01T00:00:00Z');
    expect(isDue(schedule, chicago, since, at('2026-07-01T08:29:59Z'))).toBe(false);
    expect(isDue(schedule, chicago, since, at('2026-07-01T08:30:00Z'))).toBe(true);
    expect(isDue(schedule, chicago, at('2026-07-01T08:30:00Z'), at('2026-07-01T08:31:00Z'))).toBe(false);
  });

  test('makes up once for what was missed while the hub was down', () => {
    const schedule = { cron: '0 * * * *' };
    expect(isDue(schedule, 'UTC', at('2026-07-01T00:00:00Z'), at('2026-07-01T07:20:00Z'))).toBe(true);
    expect(isDue(schedule, 'UTC', at('2026-07-01T07:20:00Z'), at('2026-07-01T07:59:00Z'))).toBe(false);
  });

  test('is never due where there is no cron', () => {
    expect(isDue({}, 'UTC', at('2020-01-01T00:00:00Z'), at('2026-01-01T00:00:00Z'))).toBe(false);
    expect(nextRun({}, 'UTC', at('2020-01-01T00:00:00Z'), at('2026-01-01T00:00:00Z'))).toBeUndefined();
  });

  test('is due every day of a year, also on those with 23 and 25 hours', () => {
    // 02:30 doesn't exist on 2026-03-08, and comes twice on 2026-11-01 at 01:30.
    for (const cron of ['30 2 * * *', '30 1 * * *']) {
      let since = at('2026-01-01T12:00:00Z');
      let runs = 0;
      while (since < at('2027-01-01T12:00:00Z')) {
        const now = new Date(since.getTime() + 60_000 * 5);
        const next = nextRun({ cron }, chicago, since, now);
        if (next === undefined) throw new Error('never due');
        expect(isDue({ cron }, chicago, since, next)).toBe(true);
        since = next;
        runs++;
      }
      expect(runs).toBeGreaterThanOrEqual(365);
      expect(runs).toBeLessThanOrEqual(367);
    }
  });
});

describe('a window', () => {
  test.each([
    ['2026-07-03T01:00:00Z', true, 'Thursday 20:00'],
    ['2026-07-03T00:59:00Z', false, 'Thursday 19:59'],
    ['2026-07-04T10:59:00Z', true, "Saturday 05:59 belongs to Friday's window"],
    ['2026-07-04T11:00:00Z', false, 'Saturday 06:00'],
    ['2026-07-05T02:00:00Z', false, 'Saturday 21:00'],
    ['2026-07-06T10:00:00Z', false, "Monday 05:00 would belong to Sunday's window"],
  ])('%s: %s (%s)', (time, expected) => {
    expect(isAllowed(night.windows, chicago, at(time))).toBe(expected);
  });

  test.each([
    ['mon-fri', 'mon tue wed thu fri'],
    ['sat-sun', 'sat sun'],
    ['fri-mon', 'mon fri sat sun'],
    ['sun-tue,thu', 'mon tue thu sun'],
    ['wed-tue', 'mon tue wed thu fri sat sun'],
    ['wed-wed', 'wed'],
  ])('on %s opens on %s', (days, expected) => {
    // 2026-07-06 is a Monday.
    const open = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'].filter((_, i) =>
      isAllowed(
        [{ days, from: '10:00', to: '11:00' }],
        'UTC',
        at(`2026-07-${String(6 + i).padStart(2, '0')}T10:30:00Z`),
      ),
    );
    expect(open.join(' ')).toBe(expected);
  });

  test('of one time is the whole day', () => {
    fc.assert(
      fc.property(
        fc.date({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z'), noInvalidDate: true }),
        (time) => isAllowed([{ from: '00:00', to: '00:00' }], chicago, time),
      ),
    );
  });

  test('lets what was due before it begin with it', () => {
    const since = at('2026-07-02T20:00:00Z');
    const now = at('2026-07-02T21:00:00Z');
    expect(isDue(night, chicago, since, now)).toBe(false);
    expect(nextRun(night, chicago, since, now)).toEqual(at('2026-07-03T01:00:00Z'));
    expect(isDue(night, chicago, since, at('2026-07-03T01:00:00Z'))).toBe(true);
  });

  test('is as long on days on which clocks change', () => {
    // 20:00 CST on Saturday, 2026-10-31 to 06:00 CST on Sunday: eleven hours.
    const windows = [{ from: '20:00', to: '06:00' }];
    expect(isAllowed(windows, chicago, at('2026-11-01T01:00:00Z'))).toBe(true);
    expect(isAllowed(windows, chicago, at('2026-11-01T11:59:00Z'))).toBe(true);
    expect(isAllowed(windows, chicago, at('2026-11-01T12:00:00Z'))).toBe(false);
  });

  test.each([
    ['02:00', '03:00'],
    ['02:15', '02:45'],
  ])('from %s to %s does not open on the day on which clocks skip that hour', (from, to) => {
    const windows = [{ from, to }];
    // 03:00 CDT on Sunday, 2026-03-08, and noon.
    expect(isAllowed(windows, chicago, at('2026-03-08T08:00:00Z'))).toBe(false);
    expect(isAllowed(windows, chicago, at('2026-03-08T17:00:00Z'))).toBe(false);
    const monday = at(`2026-03-09T0${Number(from.slice(0, 2)) + 5}:${from.slice(3)}:00Z`);
    expect(isAllowed(windows, chicago, monday)).toBe(true);
    const since = at('2026-03-08T06:00:00Z');
    expect(nextRun({ cron: '*/15 * * * *', windows }, chicago, since, since)).toEqual(monday);
  });

  test('that begins or ends within the hour that clocks skip has what is left of it', () => {
    expect(isAllowed([{ from: '02:30', to: '03:30' }], chicago, at('2026-03-08T08:29:00Z'))).toBe(true);
    expect(isAllowed([{ from: '02:30', to: '03:30' }], chicago, at('2026-03-08T08:30:00Z'))).toBe(false);
    expect(isAllowed([{ from: '20:00', to: '02:30' }], chicago, at('2026-03-08T07:59:00Z'))).toBe(true);
    expect(isAllowed([{ from: '20:00', to: '02:30' }], chicago, at('2026-03-08T08:00:00Z'))).toBe(false);
  });
});

test('nextRun says when isDue becomes true', () => {
  const time = fc.date({ min: at('2026-01-01T00:00:00Z'), max: at('2026-12-01T00:00:00Z'), noInvalidDate: true });
  const windows = fc.array(
    fc.record({
      days: fc.constantFrom('mon-fri', 'sat,sun', 'wed'),
      from: fc.constantFrom('00:00', '08:00', '20:00'),
      to: fc.constantFrom('06:00', '12:30', '20:00'),
    }),
    { minLength: 1, maxLength: 2 },
  );
  fc.assert(
    fc.property(
      fc.constantFrom('*/15 * * * *', '0 3 * * *', '7 */6 * * mon'),
      windows,
      time,
      fc.constantFrom('UTC', chicago, 'Asia/Kathmandu'),
      (cron, some, since, zone) => {
        const schedule = { cron, windows: some };
        const now = new Date(since.getTime() + 1_000);
        const next = nextRun(schedule, zone, since, now);
        if (next === undefined) throw new Error('never');
        expect(isDue(schedule, zone, since, next)).toBe(true);
        const before = new Date(next.getTime() - 60_000);
        if (before > now) expect(isDue(schedule, zone, since, before)).toBe(false);
      },
    ),
    { numRuns: 100 },
  );
});

describe('jitter', () => {
  test('is always the same for a source, and spreads sources', () => {
    const schedule = { cron: '*/15 * * * *' };
    const now = at('2026-07-01T00:00:00Z');
    const all = Array.from({ length: 500 }, (_, n) => jitterMs(`dealer-${n}/dms`, schedule, 'UTC', now));
    expect(all).toEqual(Array.from({ length: 500 }, (_, n) => jitterMs(`dealer-${n}/dms`, schedule, 'UTC', now)));
    expect(Math.max(...all)).toBeLessThan(30_000);
    for (let from = 0; from < 30_000; from += 5_000) {
      expect(all.filter((ms) => ms >= from && ms < from + 5_000).length).toBeGreaterThan(50);
    }
  });

  test('is short where runs are close together', () => {
    expect(jitterMs('a/b', { cron: '* * * * *' }, 'UTC', at('2026-07-01T00:00:00Z'))).toBeLessThan(6_000);
  });
});

test.each([
  ['* * * *', 'five fields'],
  ['61 * * * *', 'five fields'],
  ['0 0 31 2 *', 'never due'],
])('"%s" is refused', (cron, why) => {
  expect(faultOf({ cron }, 'UTC', at('2026-07-01T00:00:00Z'))).toContain(why);
});
