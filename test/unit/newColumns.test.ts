import { expect, test } from '@jest/globals';
import { describeNewColumns } from '../../shared/sync/newColumns.ts';

test('columns that a source has for the first time are named; those that are gone or known are not', () => {
  expect(describeNewColumns('this file', ['no', 'old'], ['no', 'colour', 'size'])).toBe(
    'New in this file: "colour", "size". Map what you need of it.',
  );
  expect(describeNewColumns('the source', ['no', 'old'], ['no'])).toBeUndefined();
});

test('no column is new where nothing is known of before, or of now', () => {
  expect(describeNewColumns('the source', undefined, ['no'])).toBeUndefined();
  expect(describeNewColumns('the source', ['no'], undefined)).toBeUndefined();
});

test('of many new columns the first are named, and the others counted', () => {
  const many = Array.from({ length: 60 }, (_, place) => `c${place}`);
  expect(describeNewColumns('the source', [], many)).toMatch(/"c49", and 10 more\. Map/);
});
