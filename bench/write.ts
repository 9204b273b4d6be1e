import { setTimeout as sleep } from 'node:timers/promises';
import { type Container, CosmosClient, type JSONObject } from '@azure/cosmos';
import { ServiceBusClient, type ServiceBusSender } from '@azure/service-bus';
import { type Packed, pack } from '../shared/delivery/message.ts';
import { compileMapper } from '../shared/mapping/compile.ts';
import { toInstant } from '../shared/model/instant.ts';
import { newRunId, type RunId } from '../shared/model/run.ts';
import { readSettings } from '../shared/settings.ts';
import { type Runs, runsIn } from '../shared/store/runs.ts';
import { openTables } from '../shared/store/tables.ts';
import { ingest } from '../shared/sync/ingest.ts';
import type { Benchmark } from './benchmark.ts';
import { type Hub, startHub } from './hub.ts';
import { stockRows } from './readRows.ts';

const count = 20_000;
const entity = 'part_stock';
/** Long enough for all messages to be in the queue before the first may be received. */
const headStartMs = 3_000;

interface Setup {
  readonly hub: Hub;
  readonly client: ServiceBusClient;
  readonly sender: ServiceBusSender;
  readonly cosmos: CosmosClient;
  readonly records: Container;
  readonly runs: Runs;
}

let setup: Promise<Setup> | undefined;
let dealers = 0;

/** New records: from the moment at which the messages of a run may be received, until the last has left its part. */
export const write: Benchmark = {
  name: 'write-vs-bare',
  unit: 'rows/s',
  better: 'high',
  goalOf: 'ratio',
  floor: 0.4,
  goal: 0.6,
  peerName: 'executeBulkOperations of upserts of the same documents, one call',
  async run() {
    setup ??= setUp();
    const { hub, sender, records, runs } = await setup;
    const dealerId = `dealer${dealers++}`;
    const ours = await writeOurs(dealerId, sender, runs);
    const documents = await readAll(records, dealerId);
    const peer = await writeBare(records, documents);
    return { ours, peer, note: `host at most ${await hub.peakMemory()}` };
  },
  async end() {
    const started = await setup;
    await started?.client.close();
    started?.cosmos.dispose();
    await started?.hub.end();
  },
};

async function setUp(): Promise<Setup> {
  const hub = await startHub();
  const client = new ServiceBusClient(hub.setting('ServiceBusConnection'));
  const cosmos = new CosmosClient({ endpoint: hub.setting('COSMOS_ENDPOINT'), key: hub.setting('COSMOS_KEY') });
  return {
    hub,
    client,
    sender: client.createSender('record-changes'),
    cosmos,
    records: cosmos.database(hub.setting('COSMOS_DATABASE')).container('records'),
    runs: runsIn(openTables(readSettings(hub.stack.settings).storage)),
  };
}

async function writeOurs(dealerId: string, sender: ServiceBusSender, runs: Runs): Promise<number> {
  const runId = newRunId(dealerId, new Date(), 'bench00000');
  const messages = await messagesOf(dealerId, runId);
  const start = new Date(Date.now() + headStartMs);
  for (const { id, body } of messages) {
    await sender.sendMessages({ messageId: id, body: Buffer.from(body), scheduledEnqueueTimeUtc: start });
  }
  const early = start.getTime() - Date.now();
  if (early <= 0) throw new Error('The messages were not in the queue in time');
  await sleep(early);
  let parts = await runs.parts(runId, 1);
  while (parts.length < messages.length) {
    await sleep(50);
    parts = await runs.parts(runId, 1);
  }
  const seconds = (Date.now() - start.getTime()) / 1_000;
  const inserted = parts.reduce((sum, { tally }) => sum + tally.inserted, 0);
  if (inserted !== count) throw new Error(`${inserted} records of ${count} were inserted`);
  return count / seconds;
}

/** What the doors would have sent. */
async function messagesOf(dealerId: string, runId: RunId): Promise<Packed[]> {
  const messages: Packed[] = [];
  const mapper = compileMapper({ entity, keepUnmapped: false, zone: 'UTC' });
  const captured = toInstant(new Date());
  const rows = stockRows(count).map((values, index) => ({ index, values }));
  await ingest(
    [rows],
    { runId, attempt: 1, dealerId, entity, sourceId: null, epoch: 0, captured, mapper },
    {
      deliver: async (heading, changes) => messages.push(...pack(heading, changes)),
      quarantine: async () => undefined,
    },
  );
  return messages;
}

async function readAll(records: Container, dealerId: string): Promise<JSONObject[]> {
  const { resources } = await records.items
    .query<JSONObject>('SELECT * FROM c', { partitionKey: [dealerId, entity], maxItemCount: 5_000 })
    .fetchAll();
  if (resources.length !== count) throw new Error(`${resources.length} records of ${count} are held`);
  return resources.map(({ _rid, _self, _etag, _ts, _attachments, ...document }) => ({
    ...document,
    dealer_id: `bare-${dealerId}`,
  }));
}

async function writeBare(records: Container, documents: readonly JSONObject[]): Promise<number> {
  const operations = documents.map((document) => ({
    operationType: 'Upsert' as const,
    partitionKey: [String(document.dealer_id), String(document.entity), String(document.id)],
    resourceBody: document,
  }));
  const start = performance.now();
  const results = await records.items.executeBulkOperations(operations, { contentResponseOnWriteEnabled: false });
  const seconds = (performance.now() - start) / 1_000;
  const failed = results.find(({ response }) => response?.statusCode !== 201);
  if (failed !== undefined) throw new Error(`A document was not written: ${JSON.stringify(failed.error)}`);
  return documents.length / seconds;
}
