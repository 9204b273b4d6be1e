// What goes wrong behind the door: poison in the queue, a store that is away, a stack that starts again.

import { isDeepStrictEqual } from 'node:util';
import { ServiceBusClient } from '@azure/service-bus';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toInstant } from '../../shared/model/instant.ts';
import { newRunId } from '../../shared/model/run.ts';
import { formatVersion } from '../../shared/model/version.ts';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { contentOf } from '../helpers/serviceBus.ts';

let hub: Hub;
let key: string;
let queue: ServiceBusClient;

beforeAll(async () => {
  hub = await startHub();
  key = await hub.dealer('acme');
  queue = new ServiceBusClient(hub.settings.ServiceBusConnection ?? '');
});
afterAll(async () => {
  await queue.close();
  await hub.end();
});

const push = (entity: string, body: unknown) => hub.call('POST', `dealers/acme/${entity}/batches`, { key, body });
const quarantineOf = async (run: string): Promise<Reply['body'][]> =>
  (await hub.call('GET', `dealers/acme/quarantine?run=${run}`)).body.items;

/** Waits until nothing is left in the queue, neither to be received nor given up. */
async function drained(): Promise<void> {
  const connection = hub.settings.ServiceBusConnection ?? '';
  const isEmpty = async (path: string) => (await contentOf(connection, path)).length === 0;
  await until(
    'the queue and its dead letters are gone',
    async () => (await isEmpty('record-changes')) && (await isEmpty('record-changes/$deadletterqueue')),
  );
}

async function unreadable(): Promise<string[]> {
  const account = BlobServiceClient.fromConnectionString(hub.settings.AzureWebJobsStorage ?? '');
  const container = account.getContainerClient('quarantine');
  const found: string[] = [];
  for await (const { name } of container.listBlobsFlat({ prefix: '=unreadable/' })) {
    found.push((await container.getBlobClient(name).downloadToBuffer()).toString());
  }
  return found;
}

const now = () => toInstant(new Date());
const versionAt = (position: number) => formatVersion({ epoch: 0, t: now(), captured: now(), position });
const upsert = (id: string, more: object = {}) => ({
  op: 'upsert',
  id,
  version: versionAt(1),
  data: { part_number: id },
  ...more,
});

let made = 0;
function message(changes: unknown, more: object = {}): object {
  made++;
  const run_id = newRunId('acme', new Date(), String(made).padStart(10, '0'));
  const heading = { attempt: 1, seq: 0, dealer_id: 'acme', entity: 'part', source_id: null, schema_version: 1 };
  return { run_id, ...heading, changes, ...more };
}

async function sendAll(bodies: readonly unknown[]): Promise<void> {
  const sender = queue.createSender('record-changes');
  for (const body of bodies) {
    const raw = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    await sender.sendMessages({ body: raw, contentType: 'application/json' });
  }
  await sender.close();
}

describe('poison in the queue', () => {
  const poison: Record<string, unknown> = {
    'no JSON': Buffer.from('poison: no JSON'),
    'not even text': Buffer.from([0xff, 0xfe, 0x00]),
    nothing: Buffer.alloc(0),
    'another object': { poison: 1 },
    'a number': 17,
    'a claim that is gone': { claim: { blob: 'f'.repeat(64), bytes: 1 } },
    'a claim of a path': { claim: { blob: '../keys', bytes: 1 } },
    'changes that are none': message([null, 'poison', 3]),
    'a change without an id': message([{ ...upsert('x'), id: undefined }]),
    'a change that does something else': message([upsert('x', { op: 'merge' })]),
    'a run that can be none': message([upsert('x')], { run_id: 'poison' }),
    "another dealer's run": message([upsert('x')], { dealer_id: 'someone-else' }),
  };

  test('is kept aside for a person, and the queue is empty', async () => {
    await sendAll(Object.values(poison));
    const count = Object.keys(poison).length;
    const kept = await until('all of it is kept', async () => {
      const found = await unreadable();
      return found.length >= count && found;
    });
    for (const text of kept) expect(JSON.parse(text)).toMatchObject({ why: expect.any(String) });
    await drained();
    expect(await unreadable()).toHaveLength(count);
    expect((await hub.records('acme', 'part')).size).toBe(0);
  });

  test('of one change keeps that one change back, and no other', async () => {
    const body = message([
      upsert('good-1'),
      upsert('bad-version', { version: 'poison' }),
      upsert('good-2'),
      upsert('bad/id'),
      { op: 'delete', id: 'good-3', version: versionAt(2) },
    ]);
    await sendAll([body]);
    await drained();
    const held = await hub.records('acme', 'part', '&include_deleted=true');
    expect([...held.keys()].filter((id) => /good|bad/.test(id)).sort()).toEqual(['good-1', 'good-2', 'good-3']);
    const rows = await quarantineOf(Object(body).run_id);
    expect(rows.map(({ stage, record_id }) => [stage, record_id]).sort()).toEqual([
      ['write', 'bad-version'],
      ['write', 'bad/id'],
    ]);
  });
});

describe('a record that Cosmos DB can not hold', () => {
  test('ends in quarantine; its run is partial and balances; the others are there', async () => {
    const text = 'x'.repeat(900_000);
    const large = { part_number: 'large', extensions: { a: text, b: text, c: text } };
    const some = { part_number: 'some', extensions: { a: text } };
    const { status, body } = await push('part', [{ part_number: 'small' }, large, some]);
    expect([status, body.accepted]).toEqual([202, 3]);
    const run = await hub.closed(body.run_id);
    expect(run).toMatchObject({
      status: 'partial',
      receipt: { read: 3, upserts: 3, applied: { inserted: 2 }, quarantined: 1, balanced: true },
      errors: [{ code: 'DATA_ERROR', detail: expect.stringContaining(':large') }],
    });
    const [row, ...others] = await quarantineOf(body.run_id);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ stage: 'write', record_id: ':large', errors: [{ code: 'DATA_ERROR' }] });
    const held = await hub.call('GET', 'dealers/acme/part/records/:some');
    expect(held.body.data.extensions.a).toHaveLength(900_000);

    const replayed = await hub.call('POST', `dealers/acme/quarantine/${row.id}/replay`);
    expect(replayed.status).toBe(202);
    const again = await hub.closed(replayed.body.runs[0]);
    expect(again).toMatchObject({ status: 'partial', receipt: { upserts: 1, quarantined: 1, balanced: true } });
    expect(await quarantineOf(again.run_id)).toHaveLength(1);
    expect(await quarantineOf(body.run_id)).toEqual([]);
  });
});

describe('Cosmos DB that is away for a while', () => {
  test('keeps runs open, and they balance once it is back', async () => {
    await hub.cosmos.kill();
    const replies = await Promise.all(
      Array.from({ length: 3 }, (_, batch) =>
        push(
          'unit',
          Array.from({ length: 200 }, (_, n) => ({ unit_id: `${batch}-${n}` })),
        ),
      ),
    );
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202]);
    for (const { body } of replies) {
      expect((await hub.call('GET', `runs/${body.run_id}`)).body).toMatchObject({ status: 'running' });
    }
    expect((await hub.call('GET', 'health/live')).status).toBe(200);
    // What doesn't answer within two seconds counts as away, which on a busy machine may be said of another one, too.
    const others = { tables: 'ok', blobs: 'ok', serviceBus: 'ok' };
    await until('it says that it is not ready, and what it lacks', async () => {
      const { status, body } = await hub.call('GET', 'health/ready');
      return status === 503 && isDeepStrictEqual(body.dependencies, { ...others, cosmos: 'unavailable' });
    });

    await hub.cosmos.start();
    for (const { body } of replies) {
      expect(await hub.closed(body.run_id)).toMatchObject({
        status: 'succeeded',
        errors: [],
        receipt: { upserts: 200, applied: { inserted: 200 }, balanced: true },
      });
    }
    expect((await hub.records('acme', 'unit')).size).toBe(600);
  });
});

describe('a stack that starts again', () => {
  test('has everything that it had', async () => {
    const headers = { 'idempotency-key': 'before' };
    const call = { key, body: [{ customer_id: 'kept' }, { customer_id: 7, name: [] }], headers };
    const path = 'dealers/acme/customer/batches';
    const first = await hub.call('POST', path, call);
    await hub.closed(first.body.run_id);
    const state = async () => ({
      answer: (await hub.call('POST', path, call)).body,
      run: (await hub.call('GET', `runs/${first.body.run_id}`, { key })).body,
      record: (await hub.call('GET', 'dealers/acme/customer/records/kept', { key })).body,
      quarantine: await quarantineOf(first.body.run_id),
      units: (await hub.records('acme', 'unit')).size,
    });
    const before = await state();
    expect(before).toMatchObject({ answer: first.body, quarantine: [expect.anything()], units: 600 });

    await queue.close();
    await hub.stop();
    hub = await startHub({}, hub.dataDir);
    expect(await state()).toEqual(before);
  });
});
