import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { until } from '../helpers/poll.ts';

const adp = join(__dirname, '../../cli/adp.js');

/** At a terminal, which `script` makes; there is no vault. Answers all that the terminal showed. */
async function typed(keys: string): Promise<{ readonly shown: string; readonly code: number | null }> {
  const { KEY_VAULT_URL: _, ...env } = process.env;
  const command = `"${process.execPath}" "${adp}" secrets set acme-dms`;
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { cwd: tmpdir(), env });
  const ended = once(terminal, 'close');
  let shown = '';
  terminal.stdout.on('data', (text) => {
    shown += text;
  });
  // Asked for, it is hidden already.
  await until('the question', () => shown.includes('not shown'));
  terminal.stdin.write(keys);
  const [code] = await ended;
  return { shown, code };
}

const hasScript = process.platform === 'linux';

(hasScript ? test : test.skip)('a secret that is typed is asked for, and not shown', async () => {
  const { shown, code } = await typed('s3cret-value\r');
  expect(shown).toContain('Value of acme-dms');
  expect(shown).toContain('no Key Vault');
  expect(shown).not.toContain('s3cret');
  expect(code).toBe(1);
});

(hasScript ? test : test.skip).each([
  ['ended', '\r'],
  ['not ended', ''],
])('of several lines that are pasted, the last one %s, the first is not taken for all', async (_, end) => {
  const { shown, code } = await typed(`{"kind":"bearer",\r"token":"s3cret"}${end}`);
  expect(shown).toContain('has several lines');
  expect(shown).not.toMatch(/kind|s3cret/);
  expect(code).toBe(2);
});

(hasScript ? test : test.skip).each([
  ['Ctrl-C ends it', '\x03', 'interrupted', 130],
  ['nothing that was typed is none', '\r', 'no value was typed', 2],
  ['the end of the input is none', '\x04', 'no value was typed', 2],
])('%s', async (_, keys, says, exit) => {
  const { shown, code } = await typed(keys);
  expect(shown).toContain(says);
  expect(code).toBe(exit);
});
