import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { packText, unpackText } from '../../shared/store/tables.ts';

const long = fc
  .tuple(fc.nat(3), fc.constantFrom('a', 'é', '🚜', 'x🚜'), fc.integer({ min: 0, max: 70_000 }))
  .map(([shift, unit, count]) => 'a'.repeat(shift) + unit.repeat(count));

describe('a text in a table', () => {
  test('comes back as it was', () => {
    fc.assert(fc.property(long, (text) => unpackText('t', packText('t', text)) === text));
    expect(unpackText('t', packText('t', ''))).toBe('');
    expect(unpackText('t', {})).toBeUndefined();
  });

  test('lies in properties of at most 32 K characters, none of which ends within a character', () => {
    fc.assert(
      fc.property(long, (text) => {
        for (const part of Object.values(packText('t', text))) {
          expect(part.length).toBeLessThanOrEqual(32_000);
          expect(part.isWellFormed()).toBe(true);
        }
      }),
    );
  });
});
