import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  canonicalTime,
  fromUtcClock,
  fromUtcTime,
  isCanonicalTime,
  isDate,
  isInstant,
  isLocalTime,
  isUtcTime,
} from '../../shared/model/instant.ts';

/** What it must be, said by an expression. */
const form = /^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;
const oracle = (text: string) => form.test(text) && isDate(text.slice(0, 10));

const digits = (length: number) => fc.stringMatching(new RegExp(`^\\d{${length}}$`));
const near = fc
  .tuple(digits(4), digits(2), digits(2), digits(2), digits(2), digits(2), fc.stringMatching(/^(\.\d{0,10})?$/))
  .map(([year, month, day, hour, minute, second, fraction]) => {
    const small = (text: string, most: number) => String(Number(text) % (most + 2)).padStart(2, '0');
    const date = `${year}-${small(month, 12)}-${small(day, 31)}`;
    return `${date}T${small(hour, 23)}:${small(minute, 59)}:${small(second, 59)}${fraction}Z`;
  });
/** One character of it is another one. */
const wrong = fc
  .tuple(near, fc.nat(29), fc.constantFrom('Z', 'z', 'T', ' ', '-', ':', '.', '/', '0', '9', 'é', ''))
  .map(([text, at, character]) => text.slice(0, at) + character + text.slice(at + 1));

describe('a time in UTC', () => {
  test('is told by its characters as by an expression', () => {
    let good = 0;
    fc.assert(
      fc.property(fc.oneof(near, wrong), (text) => {
        if (oracle(text)) good++;
        expect([text, isUtcTime(text), isInstant(text)]).toEqual([
          text,
          oracle(text),
          oracle(text) && text.length === 30,
        ]);
      }),
      { numRuns: 5_000 },
    );
    expect(good).toBeGreaterThan(500);
  });

  test('has nine digits as an instant', () => {
    fc.assert(
      fc.property(near.filter(oracle), (text) => {
        const instant = fromUtcTime(text);
        expect(isInstant(instant)).toBe(true);
        expect(Date.parse(instant)).toBe(Date.parse(text));
        expect(instant.replace(/\.?0*Z$/, 'Z')).toBe(
          text.replace(/\.\d*?0*Z$/, (tail) => tail.replace(/\.?0*Z$/, 'Z')),
        );
      }),
    );
  });

  test('is canonical where it is what its instant is shown as', () => {
    fc.assert(
      fc.property(fc.oneof(near, wrong), (text) => {
        expect([text, isCanonicalTime(text)]).toEqual([
          text,
          isUtcTime(text) && canonicalTime(fromUtcTime(text)) === text,
        ]);
      }),
    );
  });

  test('is what a clock in UTC shows, with a Z', () => {
    fc.assert(
      fc.property(fc.oneof(near, wrong), (text) => {
        const local = text.slice(0, -1);
        expect([local, isLocalTime(local)]).toEqual([local, isUtcTime(`${local}Z`)]);
        if (isLocalTime(local)) expect(fromUtcClock(local)).toBe(fromUtcTime(`${local}Z`));
      }),
    );
  });
});
