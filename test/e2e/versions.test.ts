import { hash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { App } from '../../shared/app.ts';
import { createApp } from '../../shared/app.ts';
import { again } from '../../shared/delivery/deliver.ts';
import { pack } from '../../shared/delivery/message.ts';
import { type Outbox, openQueues } from '../../shared/delivery/serviceBus.ts';
import { addTallies, emptyTally, newRunId, type RunId } from '../../shared/model/run.ts';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { seed } from '../helpers/seed.ts';
import { contentOf as messagesOf } from '../helpers/serviceBus.ts';
import { randomOf } from '../helpers/stockRows.ts';
import { apply, contentOf, life, type State, type Step, toChange } from '../helpers/versionModel.ts';

let hub: Hub;
let app: App;
let outbox: Outbox;
beforeAll(async () => {
  hub = await startHub();
  app = createApp(hub.settings);
  outbox = openQueues(app.settings.serviceBus).outbox('record-changes');
});
afterAll(() => hub.end());

interface Sent {
  readonly runId: RunId;
  readonly body: string;
  readonly changes: number;
}

let runs = 0;

async function send(dealerId: string, source: string, steps: readonly (readonly [key: string, Step])[]): Promise<Sent> {
  const runId = newRunId(dealerId, new Date(), hash('sha256', String(runs++), 'hex').slice(0, 10));
  const heading = {
    run_id: runId,
    attempt: 1,
    seq: 0,
    dealer_id: dealerId,
    entity: 'part' as const,
    source_id: source,
    schema_version: 1,
  };
  const [packed, ...more] = pack(
    heading,
    steps.map(([key, step]) => toChange(key, step)),
  );
  if (packed === undefined || more.length > 0) throw new Error('one message was meant');
  await outbox.send(packed);
  return { runId, body: packed.body.toString(), changes: steps.length };
}

async function applied({ runId, changes }: Sent): Promise<void> {
  const { tally } = await until(`${runId} is applied`, async () => (await app.runs.parts(runId, 1))[0]);
  const { inserted, updated, deleted, unchanged, stale } = addTallies(emptyTally, tally);
  expect(inserted + updated + deleted + unchanged + stale).toBe(changes);
}

async function contents(dealerId: string): Promise<Map<string, string | null>> {
  await hub.call('PUT', `admin/dealers/${dealerId}`, { body: { name: dealerId } });
  const held = await hub.records(dealerId, 'part', '&include_deleted=true');
  return new Map([...held].map(([id, document]) => [id, document.data?.content ?? null]));
}

test(`lives of 150 keys, step by step, with redelivery, through the real queue and writer: each ends where the model says (SEED=${seed})`, async () => {
  const random = randomOf(seed);
  const lives = fc.sample(life, { numRuns: 150, seed });
  const states = new Map<string, State | undefined>();
  const earlier: { sent: Sent; steps: (readonly [string, Step])[] }[] = [];
  const take = (steps: readonly (readonly [string, Step])[]) => {
    for (const [key, step] of steps) states.set(key, apply(states.get(key), step));
  };
  for (let n = 0; n < 12; n++) {
    for (const source of ['dms', 'web']) {
      const steps = lives.flatMap((one, i): (readonly [string, Step])[] => {
        const step = one[n];
        return step?.source === source ? [[`k${i}`, step]] : [];
      });
      if (steps.length === 0) continue;
      const sent = await send('lives', source, steps);
      await applied(sent);
      take(steps);
      earlier.push({ sent, steps });
      const repeated = earlier[Math.floor(random() * earlier.length)];
      if (random() < 0.5 && repeated !== undefined) {
        await outbox.send(again(repeated.sent.body, n * 2 + (source === 'dms' ? 0 : 1) + 1, new Date()));
        await untilEmpty();
        take(repeated.steps);
      }
    }
  }
  const held = await contents('lives');
  const expected = new Map(
    [...states].flatMap(([key, state]) => (state === undefined ? [] : [[key, state.content] as const])),
  );
  expect(held).toEqual(expected);
});

/** A redelivered message leaves no part of its own: it was applied when the queue has nothing left. */
async function untilEmpty(): Promise<void> {
  const connection = hub.settings.ServiceBusConnection ?? '';
  await until('the queue is empty', async () => (await messagesOf(connection, 'record-changes')).length === 0);
}

test(`changes of 200 keys in any order, repeated, all at once: the greatest version of each stands (SEED=${seed})`, async () => {
  const random = randomOf(seed + 1);
  const best = new Map<string, Step>();
  const all: [string, Step][] = [];
  for (let k = 0; k < 200; k++) {
    for (let n = 0; n < 6; n++) {
      const t = Math.floor(random() * 20);
      const step: Step = {
        op: t % 4 === 3 ? 'delete' : 'upsert',
        source: 'dms',
        epoch: Math.floor(random() * 3),
        t,
        captured: t + Math.floor(random() * 20),
        position: n,
      };
      all.push([`k${k}`, step]);
      const before = best.get(`k${k}`);
      if (before === undefined || step.epoch - before.epoch > 0 || (step.epoch === before.epoch && step.t > before.t)) {
        best.set(`k${k}`, step);
      }
    }
  }
  all.sort(() => random() - 0.5);
  const sent = await Promise.all(
    Array.from({ length: 24 }, (_, i) => send('orders', 'dms', all.slice(i * 50, (i + 1) * 50))),
  );
  await Promise.all(sent.slice(0, 8).map(({ body }, i) => outbox.send(again(body, i + 1, new Date()))));
  await Promise.all(sent.map(applied));
  await untilEmpty();
  const held = await contents('orders');
  for (const [key, step] of best) expect([key, held.get(key)]).toEqual([key, contentOf(step)]);
});
