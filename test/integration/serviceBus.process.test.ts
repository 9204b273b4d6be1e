/** The broker as a program: how it starts, refuses to start, and ends. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceBusClient } from '@azure/service-bus';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { until } from '../helpers/poll.ts';
import { type Program, ready, run } from '../helpers/process.ts';
import { connectionString, define, mainFile } from '../helpers/serviceBus.ts';

let folder: string;
let programs: Program[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'service-bus-'));
  programs = [];
});

afterEach(async () => {
  await Promise.all(programs.map((program) => program.stop('SIGKILL')));
  await rm(folder, { recursive: true });
});

function broker(...args: readonly string[]): Program {
  const program = run(mainFile, args);
  programs.push(program);
  return program;
}

const inFolder = (name: string) => ['--port', '0', '--data-dir', join(folder, name)];

/** Whether anybody accepts connections there. */
async function isTaken(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(true));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)));
  });
}

test.each(['SIGTERM', 'SIGINT'] as const)('it says when it is ready, and ends on %s', async (signal) => {
  const program = broker(...inFolder('data'));
  const port = await ready(program);
  expect(program.output().trim()).toBe(JSON.stringify({ ready: true, port }));
  expect(await isTaken(port)).toBe(true);
  expect(await program.stop(signal)).toBe(0);
  expect(await isTaken(port)).toBe(false);
});

test('it ends with the process that forked it, even if that is killed', async () => {
  const parent = join(folder, 'parent.mjs');
  const args = JSON.stringify(inFolder('data'));
  const fork = `fork(${JSON.stringify(mainFile)}, ${args}, { execArgv: [] })`;
  await writeFile(parent, `import { fork } from 'node:child_process'; ${fork}; setInterval(() => {}, 1000);`);
  const process_ = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  process_.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const port = await until('the broker is ready', () => Number(/"port":(\d+)/.exec(output)?.[1] ?? 0) || undefined);
  process_.kill('SIGKILL');
  await until('the broker has ended', async () => !(await isTaken(port)));
});

test('a port in use: it says which, and what to do', async () => {
  const port = await ready(broker(...inFolder('first')));
  const second = broker('--port', String(port), '--data-dir', join(folder, 'second'));
  expect(await second.ended).toBe(1);
  expect(second.output().trim()).toBe(
    `Service Bus broker: Port ${port} is in use. Stop what listens there, or choose another port with --port.`,
  );
});

test('a data folder in use is left alone', async () => {
  await ready(broker(...inFolder('data')));
  const second = broker(...inFolder('data'));
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(/Another broker uses .*data/);
});

test('a queue that needs what it does not have keeps it from starting', async () => {
  const queues = await define(folder, { orders: { requiresSession: true } });
  const program = broker(...inFolder('data'), '--queues', queues);
  expect(await program.ended).toBe(1);
  expect(program.output()).toMatch(/requiresSession is not supported by the local Service Bus broker/);
});

test('missing and unknown arguments are named', async () => {
  const missing = broker('--port', '0');
  const unknown = broker(...inFolder('data'), '--fsync');
  expect([await missing.ended, await unknown.ended]).toEqual([1, 1]);
  expect(missing.output()).toMatch(/--data-dir/);
  expect(unknown.output()).toMatch(/--fsync/);
});

test('a full disk ends it, and what it acknowledged before is kept', async () => {
  const queues = await define(folder, { queue: {} });
  const data = join(folder, 'data');
  const args = ['--port', '0', '--data-dir', data, '--queues', queues].map((arg) => `'${arg}'`).join(' ');
  // No file may grow beyond 200 KiB.
  const limited = spawn('bash', ['-c', `ulimit -f 200; exec '${process.execPath}' '${mainFile}' ${args}`]);
  const ended = new Promise((resolve) => limited.once('exit', (code, signal) => resolve(code ?? signal)));
  let output = '';
  for (const stream of [limited.stdout, limited.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const port = await until('the broker is ready', () => Number(/"port":(\d+)/.exec(output)?.[1] ?? 0) || undefined);
  const retryOptions = { maxRetries: 0 };
  const client = new ServiceBusClient(connectionString(port), { retryOptions });
  const sender = client.createSender('queue');
  let acknowledged = 0;
  // The SDK sometimes doesn't notice that its connection is gone, and then waits for a minute.
  const send = async () => {
    const sent = sender.sendMessages({ body: 'x'.repeat(30_000) }).then(
      () => true,
      () => false,
    );
    return await Promise.race([sent, ended.then(() => false)]);
  };
  while (acknowledged < 10 && (await send())) acknowledged += 1;
  expect(acknowledged).toBeGreaterThan(3);
  expect(acknowledged).toBeLessThan(7);
  expect(await ended).not.toBe(0);
  await client.close();

  const again = new ServiceBusClient(connectionString(await ready(broker(...inFolder('data'), '--queues', queues))));
  expect(await again.createReceiver('queue').peekMessages(10)).toHaveLength(acknowledged);
  await again.close();
});
