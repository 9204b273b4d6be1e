import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startBroker } from '../helpers/broker.ts';
import { buildDurableApp, type DurableHost, type Status, startDurableHost } from '../helpers/durable.ts';
import { appOf, runHost, temporaryFolder } from '../helpers/host.ts';
import { until } from '../helpers/poll.ts';

let app: string;
let durable: DurableHost;

beforeAll(async () => {
  app = await buildDurableApp();
  durable = await startDurableHost(app);
});

afterAll(async () => {
  await durable.host.stop();
});

const waiting = async (id: string): Promise<Record<string, string>> => {
  const urls = await durable.start('waits', id, { ms: 3_600_000 });
  await until(`${id} waits`, async () => (await durable.status(id)).customStatus === 'waiting');
  return urls;
};

describe('startNew', () => {
  test('makes up an id', async () => {
    const id = await durable.client<string>('startNew', 'chain', { input: [1] });
    expect((await durable.reaches(id, 'Completed')).output).toEqual([1]);
  });

  test('is refused while an instance with that id is under way, and takes its place when it has ended', async () => {
    await waiting('same');
    await expect(durable.client('startNew', 'chain', { instanceId: 'same' })).rejects.toThrow(
      /409.*status Running already exists/,
    );
    await durable.client('terminate', 'same', 'enough');
    await durable.client('startNew', 'chain', { instanceId: 'same', input: [3] });
    expect((await durable.reaches('same', 'Completed')).output).toEqual([9]);
  });

  test('is refused for what is no orchestrator, and for an id that Azure would refuse', async () => {
    await expect(durable.client('startNew', 'square', {})).rejects.toThrow(/400.*'square' doesn't exist/);
    await expect(durable.client('startNew', 'chain', { instanceId: '@x' })).rejects.toThrow(/400.*must not begin/);
    await expect(durable.client('startNew', 'chain', { instanceId: 'x'.repeat(101) })).rejects.toThrow(
      /100 characters/,
    );
  });
});

test('an instance that is not there is unknown to every operation', async () => {
  await expect(durable.client('getStatus', 'nobody')).rejects.toThrow(/404/);
  for (const operation of ['raiseEvent', 'terminate', 'suspend', 'resume']) {
    await expect(durable.client(operation, 'nobody', 'x')).rejects.toThrow(/No instance with ID 'nobody'/);
  }
  expect(await durable.client('purge', 'nobody')).toEqual({ instancesDeleted: 0 });
});

test('a terminated orchestration has ended for good, and its parent hears of it', async () => {
  await durable.start('callsNamedChild', 'orphan', { id: 'terminated' });
  await durable.reaches('terminated', 'Running');
  await durable.client('terminate', 'terminated', 'no longer needed');
  expect(await durable.reaches('terminated', 'Terminated')).toMatchObject({ output: 'no longer needed' });
  expect((await durable.reaches('orphan', 'Completed')).output).toEqual({
    caught: expect.stringContaining('terminated: no longer needed'),
  });
  await durable.client('raiseEvent', 'terminated', 'go', null);
  expect((await durable.status('terminated')).runtimeStatus).toBe('Terminated');
});

test('a suspended orchestration keeps what arrives until it is resumed', async () => {
  await waiting('paused');
  await durable.client('suspend', 'paused', 'lunch');
  await durable.client('raiseEvent', 'paused', 'go', 1);
  expect(await outcomeOf('chain', 'meanwhile', [2])).toEqual([4]);
  expect((await durable.status('paused')).runtimeStatus).toBe('Suspended');
  await durable.client('resume', 'paused', 'done');
  expect((await durable.reaches('paused', 'Completed')).output).toEqual({ event: 1, square: 9 });
});

async function outcomeOf(name: string, id: string, input: unknown): Promise<unknown> {
  await durable.start(name, id, input);
  return (await durable.reaches(id, 'Completed')).output;
}

test('purge forgets what has ended, and nothing else', async () => {
  await outcomeOf('chain', 'ended', [1]);
  await waiting('under-way');
  expect(await durable.client('purge', 'under-way')).toEqual({ instancesDeleted: 0 });
  expect(await durable.client('purge', 'ended')).toEqual({ instancesDeleted: 1 });
  await expect(durable.client('getStatus', 'ended')).rejects.toThrow(/404/);
  expect((await durable.status('under-way')).runtimeStatus).toBe('Running');
});

test('orchestrations are listed and purged by status and time', async () => {
  const before = new Date().toISOString();
  await outcomeOf('chain', 'listed-1', [1]);
  await outcomeOf('chain', 'listed-2', [1]);
  await waiting('listed-3');
  const after = new Date(Date.now() + 1).toISOString();
  await until('time goes on', () => new Date().toISOString() > after);
  await outcomeOf('chain', 'listed-4', [1]);

  const ids = async (filter: object) =>
    (await durable.client<Status[]>('getStatusBy', filter)).map(({ instanceId }) => instanceId);
  const window = { createdTimeFrom: before, createdTimeTo: after };
  expect(await ids(window)).toEqual(['listed-1', 'listed-2', 'listed-3']);
  expect(await ids({ ...window, runtimeStatus: ['Running', 'Pending'] })).toEqual(['listed-3']);
  const all = (await durable.client<Status[]>('getStatusAll')).map(({ instanceId }) => instanceId);
  expect(all).toEqual(expect.arrayContaining(['listed-1', 'listed-4']));

  expect(await durable.client('purgeBy', { ...window, runtimeStatus: ['Completed'] })).toEqual({ instancesDeleted: 2 });
  expect(await ids({ createdTimeFrom: before })).toEqual(['listed-3', 'listed-4']);
});

describe('the webhooks of createCheckStatusResponse', () => {
  test('lead to the host that the client spoke to, and tell the status and the history', async () => {
    const urls = await waiting('hooked');
    const { statusQueryGetUri = '', sendEventPostUri = '' } = urls;
    expect(statusQueryGetUri).toContain(`${durable.host.baseUrl}/runtime/webhooks/durabletask/instances/hooked?`);
    expect((await fetch(statusQueryGetUri)).status).toBe(202);
    const raised = await fetch(sendEventPostUri.replace('{eventName}', 'go'), { method: 'POST', body: '{"a":1}' });
    expect(raised.status).toBe(202);
    await durable.reaches('hooked', 'Completed');

    const response = await fetch(`${statusQueryGetUri}&showHistory=true&showHistoryOutput=true&showInput=false`);
    expect(response.status).toBe(200);
    const { historyEvents, input } = JSON.parse(await response.text());
    expect(input).toBeNull();
    expect(historyEvents).toMatchObject([
      { EventType: 'ExecutionStarted', FunctionName: 'waits' },
      { EventType: 'TimerCreated' },
      { EventType: 'EventRaised', Name: 'go', Input: { a: 1 } },
      { EventType: 'TaskCompleted', FunctionName: 'square', Result: 9, ScheduledTime: expect.any(String) },
      { EventType: 'ExecutionCompleted', OrchestrationStatus: 'Completed', Result: { event: { a: 1 }, square: 9 } },
    ]);
  });

  test('terminate, suspend, resume and purge', async () => {
    const urls = await waiting('by-hand');
    const call = async (name: string, method = 'POST') =>
      (await fetch((urls[name] ?? '').replace('{text}', 'because'), { method })).status;
    expect(await call('suspendPostUri')).toBe(202);
    await durable.reaches('by-hand', 'Suspended');
    expect(await call('resumePostUri')).toBe(202);
    await durable.reaches('by-hand', 'Running');
    expect(await call('purgeHistoryDeleteUri', 'DELETE')).toBe(404);
    expect(await call('terminatePostUri')).toBe(202);
    expect(await durable.reaches('by-hand', 'Terminated')).toMatchObject({ output: 'because' });
    expect(await call('terminatePostUri')).toBe(410);
    expect(await call('purgeHistoryDeleteUri', 'DELETE')).toBe(200);
    expect(await call('statusQueryGetUri', 'GET')).toBe(404);
  });

  test('open to nobody without the key', async () => {
    const { statusQueryGetUri = '' } = await waiting('guarded');
    expect((await fetch(statusQueryGetUri.replace(/code=\w+/, 'code=guess'))).status).toBe(401);
    expect((await fetch(statusQueryGetUri.replace(/&code=\w+/, ''))).status).toBe(401);
    expect((await fetch(`${durable.host.baseUrl}/durabletask/guess/instances/guarded`)).status).toBe(404);
  });

  test('refuse what they do not understand', async () => {
    const { sendEventPostUri = '', statusQueryGetUri = '' } = await waiting('odd');
    expect((await fetch(sendEventPostUri, { method: 'POST', body: 'not json' })).status).toBe(400);
    expect((await fetch(statusQueryGetUri.replace('/odd?', '?runtimeStatus=Odd&'))).status).toBe(400);
    expect((await fetch(statusQueryGetUri.replace('/odd?', '?top=3&'))).status).toBe(501);
    expect((await fetch(statusQueryGetUri.replace('/odd?', '/%ff?'))).status).toBe(400);
  });
});

describe('waitForCompletionOrCreateCheckStatusResponse', () => {
  const post = async (path: string, body: unknown) =>
    await fetch(`${durable.host.baseUrl}/api/wait/${path}`, { method: 'POST', body: JSON.stringify(body) });

  test('gives the result of what ends in time', async () => {
    const response = await post('chain/60000', [4]);
    expect([response.status, await response.json()]).toEqual([200, [16]]);
  });

  test('gives 500 for what fails in time', async () => {
    expect((await post('failing/60000', { why: 'x' })).status).toBe(500);
  });

  test('gives the webhooks of what takes longer', async () => {
    const response = await post('sleeps/100', { ms: 3_600_000 });
    expect(response.status).toBe(202);
    const location = response.headers.get('location') ?? '';
    // It may not have had its first turn yet.
    await until('it runs', async () => Object(await (await fetch(location)).json()).runtimeStatus === 'Running');
  });
});

test('what the host does not support is refused by name', async () => {
  await waiting('rewound');
  await expect(durable.client('rewind', 'rewound', 'x')).rejects.toThrow("doesn't support rewind");
  await expect(durable.client('signalEntity')).rejects.toThrow("doesn't support entities");
  await expect(durable.client('readEntityState')).rejects.toThrow("doesn't support entities");
  await expect(durable.client('startNew', 'chain', { version: '2' })).rejects.toThrow('\\"version\\"');
});

test('functions with timers and queues have a client, too', async () => {
  const broker = await startBroker(['single']);
  const { ServiceBusClient } = await import('@azure/service-bus');
  const env = { EVERY_SECOND: '* * * * * *', ServiceBusConnection: broker.connectionString };
  const other = await startDurableHost(app, undefined, env);
  const sender = new ServiceBusClient(broker.connectionString);
  await sender.createSender('single').sendMessages({ body: [5] });
  const started = (id: string) =>
    until(id, async () => {
      const found = await other.status(id).catch(() => undefined);
      return found?.runtimeStatus === 'Completed' && found;
    });
  expect((await started('from-timer')).output).toEqual([4]);
  expect((await started('from-queue')).output).toEqual([25]);
  await sender.close();
  await other.host.stop();
  await broker.stop();
});

test('a second host on the same folder is refused', async () => {
  const dataDir = await temporaryFolder('durable');
  const first = await startDurableHost(app, dataDir);
  const second = runHost(app, dataDir);
  expect(await second.ended).toBe(1);
  expect(second.output()).toMatch(/orchestrations.sqlite can't be opened/);
  await first.host.stop();
});

test('entities are refused at the start', async () => {
  const library = JSON.stringify(resolve('node_modules/durable-functions'));
  const program = runHost(
    await appOf(`require(${library}).app.entity('counter', () => {});`),
    await temporaryFolder('host'),
  );
  expect(await program.ended).toBe(1);
  expect(program.output()).toMatch(/"counter".*"entityTrigger"/);
});
