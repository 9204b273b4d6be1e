import { expect, test } from '@jest/globals';
import { readSources } from './sources.ts';

const maxLines = 400;

test(`no file in shared/ has more than ${maxLines} lines: where one does, a noun is missing`, () => {
  const lengths = [...readSources()]
    .filter(([path]) => path.startsWith('shared/'))
    .map(([path, text]) => ({ path, lines: text.split('\n').length - 1 }));
  expect(lengths.length).toBeGreaterThan(20);
  expect(lengths.filter(({ lines }) => lines > maxLines)).toEqual([]);
});
