import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Stack, type StackOptions, startStack } from '../../local/stack.ts';
import { buildApp, temporaryFolder } from '../helpers/host.ts';
import { until } from '../helpers/poll.ts';
import { run } from '../helpers/process.ts';

let app: string;
const open: Stack[] = [];
const lines: string[] = [];

beforeAll(async () => {
  app = await buildApp('stack.ts');
});
afterEach(async () => {
  for (const stack of open.splice(0)) await stack.stop();
  lines.length = 0;
});

async function start(options: Partial<StackOptions> = {}): Promise<Stack> {
  const dataDir = options.dataDir ?? (await temporaryFolder('stack'));
  const stack = await startStack({ ports: 'auto', app, log: (line) => lines.push(line), ...options, dataDir });
  open.push(stack);
  return stack;
}

const partsOf = ({ host, serviceBus, cosmos, storage, keyVault }: Stack) => ({
  host,
  serviceBus,
  cosmos,
  storage,
  keyVault,
});
const pidsOf = (stack: Stack) => Object.values(partsOf(stack)).map(({ pid }) => pid);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const put = (stack: Stack, id: string) => fetch(`${stack.baseUrl}/api/put/${id}`, { method: 'PUT' });
const get = async (stack: Stack, id: string) => await (await fetch(`${stack.baseUrl}/api/get/${id}`)).json();

describe('a stack', () => {
  test('is ready when the app reaches every part, and says so in stack.json', async () => {
    const stack = await start({ settings: { EXTRA: 'yes' } });
    const ready = await fetch(`${stack.baseUrl}/api/v1/health/ready`);
    const adminKeyHash = createHash('sha256').update(stack.adminKey).digest('hex');
    expect(await ready.json()).toEqual({ adminKeyHash, extra: 'yes' });
    expect(stack.adminKey).toMatch(/^adp_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}$/);

    const file = join(stack.dataDir, 'stack.json');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      pid: process.pid,
      baseUrl: stack.baseUrl,
      adminKey: stack.adminKey,
      shares: stack.sharesDir,
      settings: stack.settings,
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(stack.dataDir, 'admin-key'))).mode & 0o777).toBe(0o600);
    expect((await stat(stack.sharesDir)).isDirectory()).toBe(true);
  });

  test('leaves nothing running when it stops, and goes on from there at the next start', async () => {
    const first = await start();
    expect((await put(first, 'kept')).status).toBe(204);
    const pids = pidsOf(first);
    await first.stop();
    await first.ended;
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(stat(join(first.dataDir, 'stack.json'))).rejects.toThrow();

    const second = await start({ dataDir: first.dataDir });
    expect(await get(second, 'kept')).toEqual({ record: 'kept', blob: true, messages: ['kept'] });
    expect(second.adminKey).toBe(first.adminKey);
  });

  test('restarts a part that dies, on the same port, and says so', async () => {
    const stack = await start();
    await put(stack, 'kept');
    for (const [name, part] of Object.entries(partsOf(stack)).filter(([name]) => name !== 'storage')) {
      const before = part.pid;
      process.kill(before, 'SIGKILL');
      await until(`${name} lives again`, () => part.pid !== before);
      expect(lines.some((line) => line.startsWith(`${name} ended unasked (SIGKILL)`))).toBe(true);
      await until(`${name} answers`, async () => {
        const answer = await fetch(`${stack.baseUrl}/api/v1/health/ready`).catch(() => undefined);
        return answer?.status === 200;
      });
    }
    expect(await get(stack, 'kept')).toMatchObject({ record: 'kept', messages: ['kept'] });
  });

  test('leaves a part down that was killed on purpose, until it is started again', async () => {
    const stack = await start();
    await stack.host.kill();
    await expect(fetch(`${stack.baseUrl}/api/v1/health/ready`)).rejects.toThrow();
    await stack.host.start();
    expect((await fetch(`${stack.baseUrl}/api/v1/health/ready`)).status).toBe(200);
    expect(lines.filter((line) => line.includes('ended unasked'))).toEqual([]);
  });

  test('stops itself when a part keeps dying', async () => {
    const stack = await start();
    const { host } = stack;
    const pids = pidsOf(stack);
    void (async () => {
      for (let before = 0; !lines.some((line) => line.includes('The stack stops')); ) {
        await until('it lives again', () => host.pid !== before || lines.some((line) => line.includes('stops')));
        before = host.pid;
        if (isAlive(before)) process.kill(before, 'SIGKILL');
      }
    })();
    await expect(stack.ended).rejects.toThrow(/host died 5 times/);
    await stack.stop();
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('says why the app does not start, and leaves nothing behind', async () => {
    const dataDir = await temporaryFolder('stack');
    const failing = startStack({ dataDir, ports: 'auto', app, settings: { FAIL_AT_START: 'yes' } });
    await expect(failing).rejects.toThrow(/host did not start.*failed at start as expected/);
    const again = await start({ dataDir });
    expect((await fetch(`${again.baseUrl}/api/v1/health/ready`)).status).toBe(200);
  });
});

describe('a stack refuses to start', () => {
  test('in a folder where another one runs, naming that', async () => {
    const stack = await start();
    await expect(start({ dataDir: stack.dataDir })).rejects.toThrow(
      new RegExp(`A stack is running in .*process ${process.pid}, ${stack.baseUrl}`),
    );
    expect((await fetch(`${stack.baseUrl}/api/v1/health/ready`)).status).toBe(200);
  });

  test('where a port is in use, naming the port, the part, and what to do', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolvePort) => {
      other.listen(0, '127.0.0.1', () => resolvePort(Number(Object(other.address()).port)));
    });
    await expect(start({ port })).rejects.toThrow(new RegExp(`port ${port} \\(HTTP\\) is in use.*--port auto`));
    other.close();
  });
});

describe('npm start', () => {
  const startScript = resolve('local/start.ts');
  /** Its working folder decides which app it runs: `dist` in there. */
  async function npmStart(dataDir: string) {
    const program = run(startScript, ['--data-dir', dataDir, '--port', 'auto'], { cwd: process.cwd() });
    await until('it says that it runs', () => program.lines('The hub runs.').length > 0 || hasEnded(program));
    return program;
  }
  const hasEnded = (program: ReturnType<typeof run>) => {
    if (program.process.exitCode === null) return false;
    throw new Error(program.output());
  };
  const partPids = (program: ReturnType<typeof run>) =>
    [...program.output().matchAll(/\(process (\d+)\)/g)].map(([, pid]) => Number(pid));

  test('ends with 0 on Ctrl-C, and everything with it', async () => {
    const program = await npmStart(await temporaryFolder('stack'));
    const pids = partPids(program);
    expect(pids).toHaveLength(5);
    expect(await program.stop('SIGINT')).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('leaves no orphans when it is killed, and the next start takes the folder over at once', async () => {
    const dataDir = await temporaryFolder('stack');
    const killed = await npmStart(dataDir);
    const pids = partPids(killed);
    await killed.stop('SIGKILL');
    const next = await npmStart(dataDir);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(JSON.parse(await readFile(join(dataDir, 'stack.json'), 'utf8')).pid).toBe(next.process.pid);
    expect(await next.stop('SIGTERM')).toBe(0);
  });

  test('explains itself, and refuses what it does not understand', async () => {
    const help = run(startScript, ['--help']);
    expect(await help.ended).toBe(0);
    expect(help.output()).toContain('--port auto');
    const wrong = run(startScript, ['--port', 'seven']);
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toContain('not "seven"');
  });
});
