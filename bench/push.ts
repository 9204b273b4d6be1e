import { randomUUID } from 'node:crypto';
import { ServiceBusClient, type ServiceBusSender } from '@azure/service-bus';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { maxBodyBytes } from '../shared/delivery/message.ts';
import { entities } from '../shared/model/entities.ts';
import type { Benchmark } from './benchmark.ts';
import { type Hub, startHub } from './hub.ts';
import { stockRows } from './readRows.ts';

/** As `adp push` sends them. A request costs the host some 4 ms besides its rows: with 1,000 the ratio is 0.22. */
const rowsABatch = 5_000;
const batchCount = 20;
const clients = 8;
/** Times that all batches are pushed before anything counts: a host that has run for a minute is what dealers meet. */
const warmUps = 5;

interface Setup {
  readonly hub: Hub;
  readonly client: ServiceBusClient;
  readonly sender: ServiceBusSender;
  readonly batches: readonly string[];
}

let setup: Promise<Setup> | undefined;

/** Pushed batches until each is answered 202. Nobody writes meanwhile: the queue keeps them. */
export const push: Benchmark = {
  name: 'push-vs-bare',
  unit: 'rows/s',
  better: 'high',
  goalOf: 'ratio',
  floor: 0.3,
  goal: 0.5,
  peerName: 'JSON.parse, AJV and sendMessages of the same rows in one process',
  async run() {
    setup ??= setUp();
    const { hub, sender, batches } = await setup;
    const ours = await rate(batches, (batch) => pushOne(hub, batch));
    const peer = await rate(batches, (batch) => sendBare(sender, batch));
    return { ours, peer, note: `host at most ${await hub.peakMemory()}` };
  },
  async end() {
    const started = await setup;
    await started?.client.close();
    await started?.hub.end();
  },
};

async function setUp(): Promise<Setup> {
  const hub = await startHub({
    PUSH_REQUESTS_PER_MINUTE: '1000000',
    PUSH_BURST: '1000000',
    'AzureWebJobs.writeRecords.Disabled': 'true',
    // Runs that nobody writes stay open, and looking at all of them over and over would be measured too.
    'AzureWebJobs.closeRuns.Disabled': 'true',
    // The peer's messages go into a queue of their own, and are no arrivals of files.
    'AzureWebJobs.fileArrivals.Disabled': 'true',
  });
  await hub.call('PUT', 'admin/dealers/acme', { name: 'Acme' });
  const client = new ServiceBusClient(hub.setting('ServiceBusConnection'));
  // The same broker, but a queue that nobody reads.
  const sender = client.createSender('file-arrivals');
  const rows = stockRows(batchCount * rowsABatch);
  const batches = Array.from({ length: batchCount }, (_, batch) =>
    JSON.stringify(rows.slice(batch * rowsABatch, (batch + 1) * rowsABatch)),
  );
  for (let i = 0; i < warmUps; i++) {
    await rate(batches, (batch) => pushOne(hub, batch));
    await rate(batches, (batch) => sendBare(sender, batch));
  }
  return { hub, client, sender, batches };
}

/** Rows a second, with a few clients that each send one batch after the other. */
async function rate(batches: readonly string[], send: (batch: string) => Promise<number>): Promise<number> {
  const waiting = batches.values();
  let sent = 0;
  const start = performance.now();
  const client = async () => {
    for (const batch of waiting) {
      const accepted = await send(batch);
      sent += accepted;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - start) / 1_000;
  if (sent !== batchCount * rowsABatch) throw new Error(`${sent} rows of ${batchCount * rowsABatch} were accepted`);
  return sent / seconds;
}

async function pushOne(hub: Hub, batch: string): Promise<number> {
  const response = await hub.call('POST', 'dealers/acme/part_stock/batches', batch);
  const receipt: unknown = await response.json();
  const isReceipt = typeof receipt === 'object' && receipt !== null && 'accepted' in receipt;
  return isReceipt ? Number(receipt.accepted) : 0;
}

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);
const isValid = ajv.compile(entities.part_stock.schema);

/** As many rows as fit go into one message; they go as they came. */
async function sendBare(sender: ServiceBusSender, batch: string): Promise<number> {
  const rows: unknown = JSON.parse(batch);
  if (!Array.isArray(rows)) return 0;
  const bodies: string[] = [];
  let parts: string[] = [];
  let bytes = 2;
  for (const row of rows) {
    if (!isValid(row)) throw new Error('A row is not valid');
    const text = JSON.stringify(row);
    const size = Buffer.byteLength(text) + 1;
    if (bytes + size > maxBodyBytes) {
      bodies.push(`[${parts.join(',')}]`);
      parts = [];
      bytes = 2;
    }
    parts.push(text);
    bytes += size;
  }
  bodies.push(`[${parts.join(',')}]`);
  await Promise.all(bodies.map((body) => sender.sendMessages({ messageId: randomUUID(), body: Buffer.from(body) })));
  return rows.length;
}
