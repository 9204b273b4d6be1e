import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from '../../shared/model/canonicalJson.ts';
import { contentHash } from '../../shared/model/contentHash.ts';
import type { JsonValue } from '../../shared/model/json.ts';

/** The bits of RFC 8785, Appendix B, as a number. */
function ieee(hex: string): number {
  return Buffer.from(hex, 'hex').readDoubleBE();
}

describe('the canonical form of JSON', () => {
  test('is that of RFC 8785, section 3.2.2 and 3.2.3', () => {
    const value: JsonValue = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('orders keys by UTF-16 units, as in RFC 8785, section 3.2.3', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
    expect(canonicalJson(value)).toBe('{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  });

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
  ])('writes the double %s as RFC 8785, Appendix B, says', (hex, text) => {
    expect(canonicalJson(ieee(hex))).toBe(text);
  });

  test('refuses lone surrogates, in keys too, and numbers that are not finite', () => {
    for (const value of ['\ud800', { '\udc00': 1 }, ['a\udfffb'], Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'DATA_ERROR' }));
    }
  });

  test('means the same as the value, whatever the value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const json = JSON.stringify(value);
        fc.pre(json.isWellFormed() && !/\\ud[89a-f]/.test(json));
        expect(JSON.parse(canonicalJson(JSON.parse(json)))).toEqual(JSON.parse(json));
      }),
    );
  });
});

describe('a content hash', () => {
  test('is the SHA-256 of the canonical form', () => {
    const expected = createHash('sha256').update('{"a":"é","b":1}').digest('hex');
    expect(contentHash({ b: 1, a: 'é' })).toBe(expected);
  });

  test('does not depend on the order of keys, and sees a key named __proto__', () => {
    expect(contentHash({ a: 1, b: { c: 2, d: 3 } })).toBe(contentHash({ b: { d: 3, c: 2 }, a: 1 }));
    expect(contentHash(JSON.parse('{"__proto__":{"a":1}}'))).not.toBe(contentHash({}));
  });
});
