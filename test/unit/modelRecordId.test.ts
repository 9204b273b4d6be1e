import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isRecordId, recordIdOf } from '../../shared/model/recordId.ts';

const text = fc.string({
  unit: fc.constantFrom('a', 'Z', '0', '.', '_', '-', ':', '=', ' ', '/', 'é', '😀', '4', '1'),
});

function isOfAnId(number: string): boolean {
  return !number.isWellFormed() || isRecordId(recordIdOf('invoice', { number, branch_code: '' }));
}

describe('a record id', () => {
  test('joins the key values in the order of the schema', () => {
    expect(recordIdOf('part_stock', { bin: '', branch_code: '1', part_number: 'AR-5381' })).toBe('AR-5381:1:');
    expect(recordIdOf('part', { part_number: 'X', manufacturer_code: 'CAT' })).toBe('CAT:X');
  });

  test('writes every byte outside of A-Za-z0-9._- as =XX', () => {
    expect(recordIdOf('customer', { customer_id: 'a/b=c:d é~' })).toBe('a=2Fb=3Dc=3Ad=20=C3=A9=7E');
    expect(recordIdOf('customer', { customer_id: '😀\0' })).toBe('=F0=9F=98=80=00');
  });

  test('is never one of the two dots that a path can not name', () => {
    expect(recordIdOf('customer', { customer_id: '.' })).toBe('=2E');
    expect(recordIdOf('customer', { customer_id: '..' })).toBe('=2E=2E');
    expect(recordIdOf('customer', { customer_id: '...' })).toBe('...');
    expect(recordIdOf('invoice', { number: '..', branch_code: '' })).toBe('..:');
  });

  test('is told from what can be none', () => {
    for (const none of ['', '.', '..', 'a/b', 'a b', 'é', 'a#', 'x'.repeat(901)]) {
      expect([none, isRecordId(none)]).toEqual([none, false]);
    }
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (number) => isOfAnId(number)));
  });

  test('is a hash beyond 900 bytes, and not before', () => {
    expect(recordIdOf('customer', { customer_id: 'x'.repeat(900) })).toBe('x'.repeat(900));
    expect(recordIdOf('customer', { customer_id: 'x'.repeat(901) })).toMatch(/^h:[0-9a-f]{64}$/);
    expect(recordIdOf('customer', { customer_id: '/'.repeat(301) })).toMatch(/^h:[0-9a-f]{64}$/);
  });

  test('needs every key field as well-formed text', () => {
    for (const data of [{}, { customer_id: 5 }, { customer_id: null }, { customer_id: 'a\ud800' }]) {
      expect(() => recordIdOf('customer', data)).toThrow(expect.objectContaining({ code: 'DATA_ERROR' }));
    }
  });

  test('differs where the key differs', () => {
    const key = fc.record({ part_number: text, branch_code: text, bin: text });
    fc.assert(
      fc.property(key, key, (a, b) => {
        const same = a.part_number === b.part_number && a.branch_code === b.branch_code && a.bin === b.bin;
        expect(recordIdOf('part_stock', a) === recordIdOf('part_stock', b)).toBe(same);
      }),
      { numRuns: 2000 },
    );
  });

  test('can be read back into the key, so that no two keys share one', () => {
    fc.assert(
      fc.property(text, text, text, (part_number, branch_code, bin) => {
        const id = recordIdOf('part_stock', { part_number, branch_code, bin });
        const values = id.split(':').map((part) => decodeURIComponent(part.replaceAll('=', '%')));
        expect(values).toEqual([part_number, branch_code, bin]);
      }),
    );
  });
});
