import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BlobItem, BlobServiceClient, type ContainerClient, RestError } from '@azure/storage-blob';
import { configError, readConfig } from '../config.ts';
import type { AppFunction } from '../functionApp.ts';
import { describeError } from '../log.ts';
import { toRpcMetadata } from '../rpc.ts';
import { type Host, type Listener, type TriggerKind, together } from '../trigger.ts';
import { type PathPattern, parsePathPattern } from './pathPattern.ts';
import { type PoisonQueue, poisonQueueOf } from './poisonQueue.ts';
import { openReceipts, type Receipts } from './receipts.ts';

interface BlobFunction {
  readonly fn: AppFunction;
  readonly pattern: PathPattern;
  readonly container: ContainerClient;
  readonly poison: PoisonQueue;
  readonly receiptsPath: string;
}

/** https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-blob#hostjson-settings */
interface BlobOptions {
  /** Calls of one function at a time. */
  readonly maxDegreeOfParallelism: number;
  /** After so many failures the blob goes into the poison queue. */
  readonly poisonBlobThreshold: number;
}

/**
 * Blobs that are new or were replaced, found by looking through the container; whatever source the function names, since
 * there is no Event Grid on this machine. A function gets the whole blob, as in Azure.
 */
export const blobTrigger: TriggerKind = {
  types: ['blobTrigger'],
  section: 'blobs',
  outputs: [],
  inputs: [],
  prepare: (functions, host) => {
    const options = readBlobOptions(host.section);
    return together(functions.map((fn) => listen(toBlobFunction(fn, host), options, host)));
  },
};

/** Short enough for a person who watches, long enough for Azurite. */
const pollMs = 1_000;

/**
 * Larger blobs are not handed over: in Azure the subscription of Event Grid keeps them from the trigger
 * (`data.contentLength`), since an instance has no room for them.
 */
const largestBytes = 128 * 1024 * 1024;

function readBlobOptions(section: unknown): BlobOptions {
  const config = readConfig(section, 'host.json, "blobs"', ['maxDegreeOfParallelism', 'poisonBlobThreshold']);
  return {
    maxDegreeOfParallelism: config.integer('maxDegreeOfParallelism', 1) ?? 8,
    poisonBlobThreshold: config.integer('poisonBlobThreshold', 1) ?? 5,
  };
}

const known = ['name', 'type', 'direction', 'properties', 'path', 'connection', 'source'];

function toBlobFunction(fn: AppFunction, host: Host): BlobFunction {
  const where = `Function "${fn.name}", binding "${fn.trigger.name}"`;
  const binding = readConfig(fn.trigger, where, known);
  const pattern = parsePathPattern(host.settings.resolve(binding.text('path') ?? '', where), where);
  const name = binding.text('connection') ?? 'AzureWebJobsStorage';
  const connectionString = host.settings.get(name) ?? host.settings.get(`AzureWebJobs${name}`);
  if (!connectionString) throw configError(`${where}: the setting "${name}" (a storage connection string) is missing`);
  return {
    fn,
    pattern,
    container: BlobServiceClient.fromConnectionString(connectionString).getContainerClient(pattern.container),
    poison: poisonQueueOf(connectionString),
    receiptsPath: join(host.dataDir, 'blobs', fn.name),
  };
}

function listen(target: BlobFunction, options: BlobOptions, host: Host): Listener {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  return {
    start: async () => {
      const receipts = await openReceipts(target.receiptsPath);
      running = poll(target, options, receipts, host, stopping.signal).finally(() => receipts.close());
      return undefined;
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

async function poll(
  target: BlobFunction,
  options: BlobOptions,
  receipts: Receipts,
  host: Host,
  stopping: AbortSignal,
): Promise<void> {
  const failures = new Map<string, number>();
  while (!stopping.aborted) {
    try {
      await lookThrough(target, options, receipts, failures, host, stopping);
    } catch (error) {
      // A container that isn't there yet, or storage that restarts: the next look may see it.
      host.log('warning', target.fn.name, `${target.pattern.container} can't be looked through: ${messageOf(error)}`);
    }
    await sleep(pollMs, undefined, { signal: stopping }).catch(() => undefined);
  }
}

async function lookThrough(
  target: BlobFunction,
  options: BlobOptions,
  receipts: Receipts,
  failures: Map<string, number>,
  host: Host,
  stopping: AbortSignal,
): Promise<void> {
  const calls = new Set<Promise<void>>();
  for await (const item of target.container.listBlobsFlat({ prefix: target.pattern.prefix, includeMetadata: true })) {
    if (stopping.aborted) break;
    const bindings = target.pattern.match(item.name);
    if (bindings === undefined || receipts.has(item.name, etagOf(item))) continue;
    const call = take(target, item, bindings, options, receipts, failures, host).finally(() => calls.delete(call));
    calls.add(call);
    if (calls.size >= options.maxDegreeOfParallelism) await Promise.race(calls);
  }
  await Promise.all(calls);
}

/** Calls the function once for a blob. Must not throw: one blob must not keep the others waiting. */
async function take(
  target: BlobFunction,
  item: BlobItem,
  bindings: Readonly<Record<string, string>>,
  { poisonBlobThreshold }: BlobOptions,
  receipts: Receipts,
  failures: Map<string, number>,
  host: Host,
): Promise<void> {
  const { fn, pattern, poison } = target;
  const { name } = item;
  const { contentLength = 0 } = item.properties;
  const etag = etagOf(item);
  const path = `${pattern.container}/${name}`;
  const attempt = `${name}\t${etag}`;
  try {
    if (contentLength > largestBytes) {
      host.log('warning', fn.name, `${path} has ${contentLength} bytes, too many to be handed over; it is left alone`);
      await receipts.add(name, etag);
      return;
    }
    const bytes = await download(target.container, item);
    // Replaced or removed since it was listed: the next look sees what is there then.
    if (bytes === undefined) return;
    await host.app.invoke(fn, { data: { bytes }, metadata: toTriggerMetadata(target, item, bindings) });
    await receipts.add(name, etag);
    failures.delete(attempt);
  } catch (error) {
    const failed = (failures.get(attempt) ?? 0) + 1;
    failures.set(attempt, failed);
    host.log('error', fn.name, `${path}, try ${failed} of ${poisonBlobThreshold}: ${describeError(error)}`);
    if (failed < poisonBlobThreshold) return;
    try {
      await poison({ functionName: fn.name, container: pattern.container, name, etag });
      await receipts.add(name, etag);
      failures.delete(attempt);
    } catch (unsent) {
      host.log('error', fn.name, `${path} did not get into the poison queue: ${describeError(unsent)}`);
    }
  }
}

async function download(container: ContainerClient, item: BlobItem): Promise<Buffer | undefined> {
  try {
    const conditions = { ifMatch: etagOf(item) };
    return await container.getBlobClient(item.name).downloadToBuffer(0, undefined, { conditions });
  } catch (error) {
    if (error instanceof RestError && (error.statusCode === 404 || error.statusCode === 412)) return undefined;
    throw error;
  }
}

/** Binding data under the names of the .NET extension: https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-blob-trigger#metadata */
function toTriggerMetadata(
  { pattern, container }: BlobFunction,
  item: BlobItem,
  bindings: Readonly<Record<string, string>>,
) {
  const { name, properties, metadata } = item;
  return toRpcMetadata({
    ...bindings,
    BlobTrigger: `${pattern.container}/${name}`,
    Uri: container.getBlobClient(name).url,
    Properties: {
      ETag: etagOf(item),
      LastModified: properties.lastModified.toISOString(),
      ContentLength: properties.contentLength,
      ContentType: properties.contentType,
      BlobType: 'Block',
    },
    Metadata: metadata ?? {},
  });
}

/** In quotes, as in HTTP; a list of blobs leaves them out. */
function etagOf({ properties }: BlobItem): string {
  return `"${properties.etag.replaceAll('"', '')}"`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
