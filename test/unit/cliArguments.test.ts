import { describe, expect, test } from '@jest/globals';
import { commands } from '../../cli/commandTable.ts';
import { nearest } from '../../cli/suggestion.ts';
import { runAdp } from '../helpers/runAdp.ts';

describe('the command line', () => {
  test('without a command shows what there is, and fails', async () => {
    const { code, stdout } = await runAdp([]);
    expect(code).toBe(2);
    for (const { name, summary } of commands) expect(stdout).toContain(`${name.padEnd(10)}  ${summary}`);
  });

  test.each(commands.map(({ name }) => name))('%s --help shows its usage, its options and an example', async (name) => {
    const { code, stdout } = await runAdp([name, '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`usage: adp ${name}`);
    expect(stdout).toMatch(new RegExp(`examples?:\n {2}.*adp ${name}`));
  });

  test.each([
    [['pusj'], 'there is no command "pusj"; did you mean "push"?'],
    [['xyzzy'], 'there is no command "xyzzy"'],
    [
      ['push', 'a', 'b', 'c', '--rows-per-batc', '3'],
      'there is no option --rows-per-batc; did you mean --rows-per-batch?',
    ],
    [
      ['push', 'a', 'b', 'c', '--rows-per-batch', '0'],
      '--rows-per-batch must be a whole number from 1 to 50000, got "0"',
    ],
    [['push', 'a', 'b', 'c', '--rows-per-batch'], '--rows-per-batch needs a value: --rows-per-batch N'],
    [['push', 'a', 'b', 'c', '--source', 'x', '--source', 'y'], '--source is given twice'],
    [['push', 'a', 'b', 'c', '--wait=yes'], '--wait takes no value'],
    [['push', 'a', 'b'], 'adp push needs FILE'],
    [['push', 'a', 'b', 'c', 'd'], 'adp push doesn\'t know what to do with "d"'],
    [['push', 'a', 'b', 'c.pdf'], "can't tell what c.pdf holds"],
    [['push', 'a', 'b', '-'], 'standard input needs --type'],
    [['keys', 'craete'], 'did you mean "create"?'],
    [['keys', 'create', 'x'], 'at least one --scope'],
    [['replay', 'a'], 'either ids or --all'],
    [['records', 'a', 'part', '--key', 'nonsense'], '--key nonsense must be FIELD=VALUE'],
    [['apply'], 'adp apply needs a file'],
  ])('%j is refused with exit code 2', async (argv, message) => {
    const { code, stdout, stderr } = await runAdp(argv, { baseUrl: 'http://127.0.0.1:9' });
    expect(stderr).toContain(message);
    expect(stderr).toContain('--help says more');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('an option named like a member of every object is unknown too', async () => {
    expect((await runAdp(['runs', '--constructor'])).stderr).toContain('there is no option --constructor');
  });
});

describe('nearest', () => {
  test('finds a slip of the fingers and a beginning, and nothing that is only alike in length', () => {
    expect(nearest('psuh', ['push', 'runs'])).toBe('push');
    expect(nearest('quar', ['quarantine', 'runs'])).toBe('quarantine');
    expect(nearest('drop', ['push', 'runs'])).toBeUndefined();
  });
});
