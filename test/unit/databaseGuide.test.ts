import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { sourceFaults } from '../../shared/sources/faults.ts';

const guide = readFileSync('docs/database-sources.md', 'utf8');
const examples = Array.from(guide.matchAll(/```json\n(.*?)```/gs), ([, text = '']) => text);

test('the guide shows examples', () => {
  expect(examples).toHaveLength(2);
});

test.each(examples.map((text, index) => [index + 1, text] as const))(
  'example %i of the guide can be saved',
  (_, text) => {
    expect(sourceFaults(JSON.parse(text), { dealer: { name: 'Acme' }, pack: undefined })).toEqual([]);
  },
);
