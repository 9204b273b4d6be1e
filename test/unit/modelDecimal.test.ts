import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isDecimal, toDecimal, toExactNumber } from '../../shared/model/decimal.ts';

describe('decimal text', () => {
  test.each([
    ['12.50', '12.50'],
    ['+007.50', '7.50'],
    ['.5', '0.5'],
    ['-.5', '-0.5'],
    ['5.', '5'],
    ['1e3', '1000'],
    ['1.50E+2', '150'],
    ['1.234e1', '12.34'],
    ['12e-4', '0.0012'],
    ['-0', '0'],
    ['-0.00', '0.00'],
    ['12345678901234567890.123456789', '12345678901234567890.123456789'],
  ])('of %s is %s', (text, expected) => {
    expect(toDecimal(text)).toBe(expected);
    expect(isDecimal(expected)).toBe(true);
  });

  test.each([
    '',
    '.',
    '-',
    '1,5',
    '0x10',
    'NaN',
    'Infinity',
    '1e',
    '1 000',
    '--1',
    '1e9999',
    '1e-9999',
    '1e99999',
    '٣',
    `${'9'.repeat(401)}`,
  ])('does not exist of %j', (text) => {
    expect(toDecimal(text)).toBeNull();
    expect(isDecimal(text)).toBe(false);
  });

  test('loses no digit', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(digits, digits, fc.integer({ min: -50, max: 50 }), (whole, fraction, exponent) => {
        const decimal = toDecimal(`${whole}.${fraction}e${exponent}`) ?? '';
        const [head = '', tail = ''] = decimal.split('.');
        // Both sides in units of 10^-100, as whole numbers.
        const got = BigInt(head + tail) * 10n ** BigInt(100 - tail.length);
        expect(got).toBe(BigInt(whole + fraction) * 10n ** BigInt(100 + exponent - fraction.length));
      }),
    );
  });

  test('is a JS number only where that is the same number', () => {
    expect(toExactNumber('12.50')).toBe(12.5);
    expect(toExactNumber('9007199254740993')).toBeNull();
    expect(toExactNumber('100000000000000000000000')).toBe(1e23);
    expect(toExactNumber('0.1000000000000000055511151231257827')).toBeNull();
    expect(toExactNumber('1'.repeat(399))).toBeNull();
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(toExactNumber(toDecimal(String(number)) ?? '')).toBe(number === 0 ? 0 : number);
      }),
    );
  });
});
