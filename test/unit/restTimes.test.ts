import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readTime, writeSince, writeUntil } from '../../shared/connectors/rest/times.ts';
import { timeZone } from '../../shared/mapping/zone.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';

const form = (format: string, zone = 'UTC') => ({ format, zone: timeZone(zone) });
const at = (text: string) => Date.parse(text);

describe('what an API is told', () => {
  test.each([
    ['rfc3339', 'UTC', '2026-03-04T05:06:07Z'],
    ['rfc3339', 'America/Chicago', '2026-03-04T05:06:07Z'],
    ['date', 'UTC', '2026-03-04'],
    ['date', 'America/Chicago', '2026-03-03'],
    ['unix', 'UTC', 1_772_600_767],
    ['unix_ms', 'UTC', 1_772_600_767_890],
    ['yyyy-MM-dd HH:mm:ss', 'America/Chicago', '2026-03-03 23:06:07'],
    ['yyyyMMddHHmmssSSS', 'UTC', '20260304050607890'],
    ['dd.MM.yyyy HH:mm', 'Europe/Berlin', '04.03.2026 06:06'],
    ['yyyy-MM-ddTHH:mm:ssZ', 'America/Chicago', '2026-03-04T05:06:07Z'],
  ])('%s in %s is %s', (format, zone, expected) => {
    expect(writeSince(form(format, zone), at('2026-03-04T05:06:07.890Z'))).toBe(expected);
    expect(writeUntil(form(format, zone), at('2026-03-04T05:06:07.890Z'))).toBe(expected);
  });

  const zones = ['UTC', 'America/Chicago', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/Havana', 'Asia/Kolkata'];
  const formats = ['rfc3339', 'date', 'unix', 'unix_ms', 'yyyy-MM-dd HH:mm:ss', 'yyyyMMdd', 'yyyy-MM-dd HH:mm'];

  /** All moments at which a zone's clock shows that time: an API may mean any of them. */
  function meanings(zone: string, firstMs: number): number[] {
    const { toLocal } = timeZone(zone);
    const steps = [-4, -2, -1, 0, 1, 2, 4].map((step) => firstMs + step * 1_800_000);
    return steps.filter((ms) => toLocal(ms) === toLocal(firstMs));
  }

  test('never leaves out anything after the cursor, whichever of two equal local times the API takes it for', () => {
    const days = fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2027-12-31T00:00:00Z') });
    // Around the nights in which clocks change, every minute counts.
    const nights = fc
      .tuple(
        fc.constantFrom('2026-11-01T04:00:00Z', '2026-10-25T00:00:00Z', '2026-04-04T14:00:00Z', '2026-11-01T03:00:00Z'),
        fc.integer({ min: 0, max: 6 * 3_600_000 }),
      )
      .map(([night, ms]) => at(night) + ms);
    fc.assert(
      fc.property(
        fc.constantFrom(...formats),
        fc.constantFrom(...zones),
        fc.oneof(days, nights),
        (format, zone, ms) => {
          const told = writeSince(form(format, zone), ms);
          const read = readTime(form(format, zone), told);
          expect(read).toBeDefined();
          const latest = format.startsWith('unix') || format === 'rfc3339' ? [read ?? 0] : meanings(zone, read ?? 0);
          expect(Math.max(...latest)).toBeLessThanOrEqual(ms);
          expect(ms - (read ?? 0)).toBeLessThanOrEqual(2 * 86_400_000 + 3_600_000);
          expect(readTime(form(format, zone), writeUntil(form(format, zone), ms))).toBeLessThanOrEqual(ms);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("a row's time", () => {
  test.each<[unknown, string, string, string | undefined]>([
    ['2026-03-04T05:06:07Z', 'rfc3339', 'UTC', '2026-03-04T05:06:07.000Z'],
    ['2026-03-04T05:06:07.8909999Z', 'rfc3339', 'UTC', '2026-03-04T05:06:07.890Z'],
    ['2026-03-04T05:06:07.8901234+02:00', 'rfc3339', 'UTC', '2026-03-04T03:06:07.890Z'],
    ['2026-03-04 05:06:07-0530', 'rfc3339', 'UTC', '2026-03-04T10:36:07.000Z'],
    ['2026-03-04T05:06:07', 'rfc3339', 'America/Chicago', '2026-03-04T11:06:07.000Z'],
    ['2026-03-04', 'rfc3339', 'UTC', '2026-03-04T00:00:00.000Z'],
    [' 2026-03-04T05:06+01 ', 'unix', 'UTC', '2026-03-04T04:06:00.000Z'],
    [1_772_600_767, 'unix', 'UTC', '2026-03-04T05:06:07.000Z'],
    [1_772_600_767, 'rfc3339', 'UTC', '2026-03-04T05:06:07.000Z'],
    [1_772_600_767_890, 'rfc3339', 'UTC', '2026-03-04T05:06:07.890Z'],
    ['1772600767.5', 'rfc3339', 'UTC', '2026-03-04T05:06:07.500Z'],
    [new NumberLiteral('1772600767.50'), 'unix', 'UTC', '2026-03-04T05:06:07.500Z'],
    ['/Date(1772600767890+0100)/', 'rfc3339', 'UTC', '2026-03-04T05:06:07.890Z'],
    ['20260304', 'yyyyMMdd', 'America/Chicago', '2026-03-04T06:00:00.000Z'],
    ['04/03/2026', 'dd/MM/yyyy', 'UTC', '2026-03-04T00:00:00.000Z'],
    ['yesterday', 'rfc3339', 'UTC', undefined],
    ['', 'rfc3339', 'UTC', undefined],
    [null, 'rfc3339', 'UTC', undefined],
    [true, 'rfc3339', 'UTC', undefined],
    ['2026-13-04T05:06:07Z', 'rfc3339', 'UTC', undefined],
    [1e300, 'unix', 'UTC', undefined],
  ])('%p as %s in %s is %s', (value, format, zone, expected) => {
    const ms = readTime(form(format, zone), value);
    expect(ms === undefined ? undefined : new Date(ms).toISOString()).toBe(expected);
  });
});
