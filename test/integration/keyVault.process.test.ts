import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Stack, startStack } from '../../local/stack.ts';
import { buildApp, temporaryFolder } from '../helpers/host.ts';
import { until } from '../helpers/poll.ts';
import { run } from '../helpers/process.ts';

let folder: string;
let stack: Stack;
let app: string;

const start = () => startStack({ dataDir: join(folder, '.local'), ports: 'auto', app });

/** What the app reads of the vault, in the host's process, by its settings alone. */
async function read(name: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${stack.baseUrl}/api/secrets/${name}`);
  return { status: answer.status, body: await answer.json() };
}

/** `adp secrets set` as an operator runs it, in a folder below the stack's. */
async function adp(args: readonly string[], stdin: string | Uint8Array, env: Record<string, string> = {}) {
  const cwd = join(folder, 'below');
  await mkdir(cwd, { recursive: true });
  const program = run(resolve('cli/main.ts'), args, { cwd, env });
  program.process.stdin?.end(stdin);
  const code = await program.ended;
  return { code, output: program.output() };
}

beforeAll(async () => {
  folder = await temporaryFolder('vault-stack');
  app = await buildApp('secrets.ts');
  stack = await start();
});
afterAll(() => stack?.stop());

describe('adp secrets set', () => {
  test('puts standard input, but for one line break, where the app finds it', async () => {
    const { code, output } = await adp(['secrets', 'set', 'acme-dms'], 'Server=x;Password=ž🔑\n\n');
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringMatching(/^acme-dms is set \(version [0-9a-f]{32}\)\n$/),
    });
    expect(await read('acme-dms')).toEqual({ status: 200, body: { value: 'Server=x;Password=ž🔑\n' } });
  });

  test('leaves out the mark that editors put before UTF-8', async () => {
    expect((await adp(['secrets', 'set', 'marked'], '\ufeff{"kind":"bearer"}\r\n')).code).toBe(0);
    expect(await read('marked')).toEqual({ status: 200, body: { value: '{"kind":"bearer"}' } });
  });

  test('says nothing of the value in JSON either', async () => {
    const { code, output } = await adp(['secrets', 'set', 'quiet', '--json'], 'hush-hush');
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual({ name: 'quiet', version: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  test.each([
    ['nothing on standard input', ['secrets', 'set', 'empty'], '\n', 2, /standard input, and that is empty/],
    ['a value as an argument', ['secrets', 'set', 'x', 'hush-hush'], 'y', 2, /doesn't know what to do with/],
    ['what is not UTF-8', ['secrets', 'set', 'x'], Buffer.from('Password=\xe9t\xe9', 'latin1'), 2, /is not UTF-8/],
    ['what PowerShell writes', ['secrets', 'set', 'x'], Buffer.from('\ufeffPassword=x', 'utf16le'), 2, /is not UTF-8/],
    ['zeros between letters', ['secrets', 'set', 'x'], Buffer.from('Password=x', 'utf16le'), 2, /is not UTF-8/],
    ['another action', ['secrets', 'get', 'acme-dms'], '', 2, /can't "get"/],
    ['a name that Key Vault does not have', ['secrets', 'set', 'acme_dms'], 'y', 1, /letters, digits and hyphens/],
  ] as const)('refuses %s', async (_, args, stdin, code, message) => {
    const ended = await adp(args, stdin);
    expect(ended.code).toBe(code);
    expect(ended.output).toMatch(message);
  });

  test('follows KEY_VAULT_URL before any stack, and says what is wrong with it', async () => {
    const { code, output } = await adp(['secrets', 'set', 'x'], 'y', { KEY_VAULT_URL: 'http://vault' });
    expect(code).toBe(1);
    expect(output).toContain('KEY_VAULT_URL is malformed');
  });
});

test('a missing secret is told as such', async () => {
  expect(await read('nowhere')).toMatchObject({ status: 500, body: { code: 'CONFIG_ERROR', disposition: 'park' } });
});

test('what was accepted survives SIGKILL of the vault and of the stack, and the app goes on with the token it has', async () => {
  let killed = false;
  const accepted: string[] = [];
  const writing = (async () => {
    for (let index = 0; !killed || index < 3; index += 1) {
      const put = await fetch(`${stack.baseUrl}/api/secrets/s${index}`, { method: 'PUT', body: `value ${index}` });
      if (put.status === 204) accepted.push(`s${index}`);
    }
  })();
  await until('some are written', () => accepted.length >= 20);
  await stack.keyVault.kill();
  killed = true;
  await writing;
  expect(await read('s0')).toMatchObject({ status: 500, body: { code: 'NETWORK_ERROR', disposition: 'retry' } });
  await stack.keyVault.start();
  for (const name of accepted)
    expect(await read(name)).toEqual({ status: 200, body: { value: `value ${name.slice(1)}` } });

  await stack.stop();
  stack = await start();
  expect((await read('s0')).status).toBe(200);
});

test('the vault ends with the process that started it', async () => {
  const { pid } = stack.keyVault;
  await stack.stop();
  expect(() => process.kill(pid, 0)).toThrow();
  stack = await start();
});

test('its parts say how they are used', async () => {
  const program = run(resolve('local/keyVault/main.ts'), ['--port', '0']);
  await program.ended;
  expect(program.output()).toContain('--identity-port N');
});
