import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { names, pollLane, pollSource } from '../../functions/pollDealer/orchestrators.ts';
import { type DurableHost, type Status, startDurableHost } from '../helpers/durable.ts';
import { buildApp, temporaryFolder } from '../helpers/host.ts';
import type { Orchestrator } from '../helpers/orchestrate.ts';
import { until } from '../helpers/poll.ts';
import { type RecordedHistory, recordHistory, replayHistory } from '../helpers/replayHistory.ts';

// `RECORD=1 npm test -- test/integration/pollOrchestration.test.ts` writes the histories anew, by the host of today.
const folder = join(__dirname, '..', 'fixtures', 'pollHistories');
const orchestrators: Readonly<Record<string, Orchestrator>> = {
  [names.pollSource]: pollSource,
  [names.pollLane]: pollLane,
};

let durable: DurableHost;
let dataDir: string;

const inputOf = (concurrency: number, ...runs: string[]) => ({
  dealerId: 'acme',
  sourceId: 'dms',
  reason: 'trigger',
  concurrency,
  reads: runs.map((runId) => ({ entity: 'part', mode: 'changes', runId })),
});

interface Told {
  readonly asked: string[];
  readonly failed: { readonly runId: string; readonly failure: object }[];
  readonly ended: { readonly ended: { readonly runId: string; readonly kind: string }[] }[];
}

async function told(): Promise<Told> {
  return JSON.parse(await (await fetch(`${durable.host.baseUrl}/api/told`)).text());
}

/** Polls, and answers how each run ended. */
async function polled(id: string, concurrency: number, ...runs: string[]): Promise<Record<string, string>> {
  await durable.start(names.pollSource, id, inputOf(concurrency, ...runs));
  const { output } = await durable.reaches(id, 'Completed');
  const { ended } = output as Told['ended'][number];
  expect((await told()).ended.at(-1)).toMatchObject({ dealerId: 'acme', sourceId: 'dms', ended });
  return Object.fromEntries(ended.map(({ runId, kind }) => [runId, kind]));
}

beforeAll(async () => {
  dataDir = await temporaryFolder('polls');
  durable = await startDurableHost(await buildApp('polls.ts'), dataDir);
});

afterAll(async () => {
  await durable.host.stop();
});

test('entities are read page by page, in as many lanes as the source allows', async () => {
  const ended = await polled('plain', 2, 'pages-3', 'pages-1', 'paced-1');
  expect(ended).toEqual({ 'pages-3': 'done', 'pages-1': 'done', 'paced-1': 'done' });
  const { asked } = await told();
  expect(asked.filter((call) => call.startsWith('pages-3'))).toEqual(['pages-3 0', 'pages-3 1', 'pages-3 2']);
  expect(asked.filter((call) => call.startsWith('paced'))).toEqual(['paced-1 0', 'paced-1 1', 'paced-1 1']);
});

test('an activity may have read several pages, also where it then failed', async () => {
  expect(await polled('strides', 1, 'strides-9')).toEqual({ 'strides-9': 'done' });
  const { asked } = await told();
  const pages = asked.filter((call) => call.startsWith('strides'));
  expect(pages).toEqual(['strides-9 0', 'strides-9 2', 'strides-9 5', 'strides-9 8']);
});

test('what fails for a moment is tried again, also where the activity itself is lost', async () => {
  const started = Date.now();
  expect(await polled('moments', 3, 'flaky-1', 'limited-1', 'lost-1')).toEqual({
    'flaky-1': 'done',
    'limited-1': 'done',
    'lost-1': 'done',
  });
  // One second, then two.
  expect(Date.now() - started).toBeGreaterThanOrEqual(3_000);
});

test('what fails for good ends its run, and the others go on', async () => {
  expect(await polled('unmapped', 1, 'unmapped-1', 'refused-1', 'pages-2')).toEqual({
    'unmapped-1': 'failed',
    'refused-1': 'failed',
    'pages-2': 'done',
  });
  const { failed, asked } = await told();
  expect(failed).toMatchObject([
    { runId: 'unmapped-1', failure: { code: 'MAPPING_ERROR' } },
    { runId: 'refused-1', failure: { code: 'NETWORK_ERROR', detail: 'The source is left alone.' } },
  ]);
  expect(asked.filter((call) => call.startsWith('refused'))).toHaveLength(1);
  expect((await told()).ended.at(-1)?.ended[0]).toMatchObject({ runId: 'unmapped-1', seen: { etag: '7' } });
});

test('a credential that was refused is not tried for the next entity', async () => {
  expect(await polled('locked', 1, 'locked-1', 'pages-9')).toEqual({ 'locked-1': 'failed', 'pages-9': 'failed' });
  expect((await told()).asked.filter((call) => call.startsWith('pages-9'))).toEqual([]);
});

test('a lane that is ended by hand is told of, and the source may be polled again', async () => {
  await durable.start(names.pollSource, 'ended', inputOf(2, 'waiting-1'));
  const lane = await until('the lane waits', async () =>
    (await told()).asked.includes('waiting-1 0')
      ? (await durable.client<Status[]>('getStatusAll')).find(
          ({ name, runtimeStatus }) => name === names.pollLane && runtimeStatus === 'Running',
        )
      : undefined,
  );
  await durable.client('terminate', lane.instanceId, 'enough');
  const { output } = await durable.reaches('ended', 'Completed');
  expect(output).toMatchObject({ ended: [{ runId: 'waiting-1', kind: 'failed', code: 'INTERNAL' }] });
  expect((await told()).ended.at(-1)).toMatchObject(output as object);
  expect(await polled('ended', 1, 'pages-6')).toEqual({ 'pages-6': 'done' });
});

test('long reads go on in short histories', async () => {
  expect(await polled('long', 1, 'pages-250', 'pages-4')).toEqual({ 'pages-250': 'done', 'pages-4': 'done' });
  const { asked } = await told();
  const pages = asked.filter((call) => call.startsWith('pages-250'));
  expect(pages).toEqual(Array.from({ length: 250 }, (_, page) => `pages-250 ${page}`));
});

test('one of an id runs at a time, and tells what it runs', async () => {
  const start = async (inMs: number) => {
    const input = { ...inputOf(1, 'pages-5'), notBefore: new Date(Date.now() + inMs) };
    const body = JSON.stringify(['once', input]);
    return JSON.parse(await (await fetch(`${durable.host.baseUrl}/api/startPoll`, { method: 'POST', body })).text());
  };
  const hour = 3_600_000;
  expect(await start(hour)).toEqual({ found: null, started: { kind: 'started' } });
  const running = { kind: 'running', input: expect.objectContaining({ reads: inputOf(1, 'pages-5').reads }) };
  expect(await start(0)).toEqual({ found: running, started: running });
  await durable.client('terminate', 'once', 'enough');
  await durable.reaches('once', 'Terminated');
  expect(await start(1_000)).toEqual({ found: null, started: { kind: 'started' } });
  await durable.reaches('once', 'Completed');
  expect(await start(hour)).toEqual({ found: null, started: { kind: 'started' } });
  await durable.client('terminate', 'once', 'enough');
});

test.each(readdirSync(folder))('the recorded history %s is replayed by the orchestrator of today', async (file) => {
  const history: RecordedHistory = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const orchestrator = orchestrators[history.instance.name];
  if (orchestrator === undefined) throw new Error(`There is no orchestrator "${history.instance.name}"`);
  await replayHistory(orchestrator, history);
});

if (process.env.RECORD) {
  test('the histories are recorded', async () => {
    const all = await durable.client<Status[]>('getStatusAll');
    await durable.host.stop();
    const perName = new Map<string, number>();
    for (const { instanceId, name } of all.sort((a, b) => (a.createdTime < b.createdTime ? -1 : 1))) {
      const n = (perName.get(name) ?? 0) + 1;
      perName.set(name, n);
      const history = recordHistory(dataDir, instanceId);
      writeFileSync(join(folder, `${name}-${n}.json`), `${JSON.stringify(history, null, 2)}\n`);
    }
  });
}
