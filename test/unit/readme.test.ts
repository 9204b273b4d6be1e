import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { type Parsed, parseFile } from '../../cli/configuration/parseFile.ts';
import { dealerCheck } from '../../shared/sources/dealer.ts';
import { sourceFaults } from '../../shared/sources/faults.ts';

const readme = readFileSync('README.md', 'utf8');
const blocks = Array.from(readme.matchAll(/```yaml\n(.*?)```/gs), ([, text = '']) => text);

/** A block is a whole file, or a source of a dealer that another block has begun. */
function fileOf(block: string): string {
  return block.startsWith('dealers:') ? block : `dealers:\n  acme:\n    name: Acme\n    sources:\n${block}`;
}

test('the README shows a push, a database and an API', () => {
  const connectors = blocks.flatMap((block) => Array.from(block.matchAll(/connector: (\w+)/g), ([, name]) => name));
  expect(connectors).toEqual(['push', 'postgres', 'rest']);
});

test.each(blocks.map((block, index) => [index + 1, block] as const))('its example %i can be applied', (_, block) => {
  const text = fileOf(block);
  const { dealers, problems }: Parsed = parseFile(text, '.yaml');
  expect(problems).toEqual([]);
  for (const { settings, sources } of Object.values(dealers)) {
    const dealer = dealerCheck.parse(settings);
    for (const source of Object.values(sources)) expect(sourceFaults(source, { dealer, pack: undefined })).toEqual([]);
  }
});
