import type { PulledRow } from '../../shared/connectors/connector.ts';
import { type DeliveryDeps, deliver } from '../../shared/delivery/deliver.ts';
import { toChangeMessage } from '../../shared/delivery/message.ts';
import { compileMapper, type MapperOptions } from '../../shared/mapping/compile.ts';
import { neededColumns } from '../../shared/mapping/neededColumns.ts';
import type { ChangeMessage } from '../../shared/model/change.ts';
import { type Instant, toInstant } from '../../shared/model/instant.ts';
import type { RecordDocument } from '../../shared/model/record.ts';
import { emptyTally, newRunId, type Run, type RunId } from '../../shared/model/run.ts';
import { parseVersion } from '../../shared/model/version.ts';
import { baselinesIn } from '../../shared/store/baselines.ts';
import { runsIn } from '../../shared/store/runs.ts';
import { applyChanges } from '../../shared/sync/applyChanges.ts';
import { currentRun } from '../../shared/sync/closeRuns.ts';
import { approveRun } from '../../shared/sync/diff/approveRun.ts';
import {
  type DiffMessage,
  type DropMessage,
  type ReadMessage,
  toDiffMessage,
} from '../../shared/sync/diff/diffMessage.ts';
import { type DiffDeps, diffRead } from '../../shared/sync/diff/diffRead.ts';
import type { SnapshotSource } from '../../shared/sync/diff/dropOrigin.ts';
import type { Rejection } from '../../shared/sync/ingest.ts';
import { type CompleteRead, completeReadsIn } from '../../shared/sync/poll/completeReads.ts';
import { testClock } from './clock.ts';
import { memoryBlobs } from './memoryBlobs.ts';
import { memoryLog } from './memoryLog.ts';
import { memoryRecords } from './memoryRecords.ts';
import { memorySnapshotBlobs } from './memorySnapshotBlobs.ts';
import { memoryStagingBlobs } from './memoryStagingBlobs.ts';
import { memoryTables } from './memoryTable.ts';

/** The process has died: from now on it does nothing any more. */
export class Died extends Error {}

export interface DiffWorldOptions extends Partial<Omit<MapperOptions, 'entity'>> {
  readonly maxDeleteRatio?: number;
  readonly maxRejectRatio?: number;
}

/** Full snapshots of one dealer's part_stock, over stores in memory. */
export function diffWorld({ maxDeleteRatio, maxRejectRatio, ...mapping }: DiffWorldOptions = {}) {
  const clock = testClock(Date.parse('2026-03-01T00:00:00Z'));
  const tables = memoryTables();
  const records = memoryRecords();
  const blobs = memorySnapshotBlobs();
  const claims = memoryBlobs();
  const staging = memoryStagingBlobs();
  const handedOver: ReadMessage[] = [];
  const queue: string[] = [];
  const files = new Map<string, { readonly content: Buffer; readonly etag: string }>();
  const rejected: Rejection[] = [];
  let columns: readonly string[] | undefined;
  let names = 0;
  let epoch = 0;
  let options = mapping;
  const life = mortal();

  const openTable = (name: string) => life.guard(tables.open(name));
  const runs = runsIn(openTable);
  const outbox: DeliveryDeps['outbox'] = {
    async send({ body }) {
      queue.push(body.toString());
    },
  };
  const delivery: DeliveryDeps = { outbox: life.guard(outbox), claims };
  const source = (): SnapshotSource => ({
    name: { entity: 'part_stock', kind: 'full', time: undefined, extension: 'csv', compression: undefined },
    sourceId: 'dms',
    mapper: compileMapper({ entity: 'part_stock', keepUnmapped: false, zone: 'UTC', ...options }),
    needed: options.mapping === undefined ? [] : neededColumns(options.mapping, options.modified),
    zone: 'UTC',
    needsManifest: false,
    encoding: undefined,
    format: undefined,
    options: {},
    maxRejectRatio,
    maxDeleteRatio,
    meaning: JSON.stringify(options),
  });
  const deps: DiffDeps = {
    runs,
    clock,
    random: () => String(++names).padStart(10, '0'),
    baselines: baselinesIn(openTable, clock, () => '0123456789abcdef'),
    blobs: life.guard(blobs),
    drops: {
      async find(path) {
        const file = files.get(path);
        if (file === undefined) return undefined;
        const at = new Date(clock());
        const { etag, content } = file;
        const more = { arrivedAt: at, modifiedAt: at, mark: undefined, belongsTo: undefined };
        return { path, etag, bytes: content.length, ...more };
      },
      open(_path, snapshot, size) {
        const content = frozen.get(snapshot) ?? Buffer.alloc(0);
        return {
          size,
          read: async (offset, length) => content.subarray(offset, offset + length),
          async *stream() {
            for (let at = 0; at < content.length; at += 1_000) yield content.subarray(at, at + 1_000);
          },
        };
      },
    },
    ledger: {
      lastColumns: async () => columns,
      async noteColumns(_dealer, _source, _entity, now) {
        columns = now;
      },
    },
    records: {
      async *fingerprints() {
        for (const { id, content_hash, source_id, version } of [...records.documents.values()]) {
          const { captured } = parseVersion(version);
          if (content_hash !== null) yield [{ id, contentHash: content_hash, sourceId: source_id, captured }];
        }
      },
    },
    epochOf: async () => epoch,
    sourceOf: async () => source(),
    staging: life.guard(staging),
    rulesOf: async () => source(),
    deliver: (heading, changes) => deliver(heading, changes, delivery),
    async quarantine(_ingestion, rejections) {
      rejected.push(...rejections);
    },
  };
  const frozen = new Map<string, Buffer>();

  const complete = completeReadsIn({
    staging: life.guard(staging),
    runs,
    clock,
    async handOver(diff) {
      const message = toDiffMessage(JSON.parse(JSON.stringify(diff)));
      if ('read' in message) handedOver.push(message);
    },
  });

  const world = {
    staging,
    complete,
    /** A read of everything has begun, with a run that is open. */
    async begin(mode: 'all' | 'keys'): Promise<CompleteRead> {
      clock.move(60_000);
      const startedAt = new Date(clock());
      const runId = newRunId('acme', startedAt, String(++names).padStart(10, '0'));
      const place = { dealerId: 'acme', sourceId: 'dms', entity: 'part_stock' } as const;
      const rest = { finishedAt: undefined, sealed: undefined, tally: emptyTally, errors: [] };
      await runs.open({ ...place, ...rest, runId, door: 'poll', status: 'running', startedAt });
      return { ...place, mode, runId, epoch, captured: toInstant(clock()), meaning: source().meaning };
    },
    /** It was read to its end: what is to be done about it. */
    async end(read: CompleteRead, pages: readonly (readonly PulledRow[])[], suspicion?: string): Promise<ReadMessage> {
      let index = 0;
      for (const [seq, page] of pages.entries()) {
        await complete.stage(
          read,
          { attempt: 1, seq },
          page.map((row) => ({ index: index++, ...row })),
        );
      }
      const segments = [{ attempt: 1, messages: pages.length }];
      await complete.finish(read, {
        segments,
        rows: index,
        notes: [],
        ...(suspicion === undefined ? {} : { suspicion }),
      });
      const message = handedOver.at(-1);
      if (message === undefined) throw new Error('Nothing was handed over.');
      return message;
    },
    /** Reads, compares as soon as it may, writes; the run as it ends. */
    async poll(mode: 'all' | 'keys', pages: readonly (readonly PulledRow[])[], suspicion?: string): Promise<Run> {
      const message = await world.end(await world.begin(mode), pages, suspicion);
      if ((await world.diff(message)) !== undefined) {
        clock.move(16 * 60_000);
        await world.diff(message);
      }
      await world.write();
      return await world.run(message.run_id);
    },
    clock,
    deps,
    records,
    runs,
    queue,
    blobs,
    life,
    rejected,
    /** A file has arrived; what is to be done about it. */
    drop(content: string | Buffer, name = 'acme_part_stock.csv', manifest?: DropMessage['manifest']): DropMessage {
      clock.move(60_000);
      const path = `acme/${name}`;
      const bytes = Buffer.from(content);
      const etag = `"${++names}"`;
      files.set(path, { content: bytes, etag });
      frozen.set(etag, bytes);
      return {
        run_id: newRunId('acme', new Date(clock()), String(++names).padStart(10, '0')),
        dealer_id: 'acme',
        entity: 'part_stock',
        source_id: 'dms',
        drop: { path, etag, snapshot: etag, bytes: bytes.length, name },
        captured: toInstant(clock()) as Instant,
        ...(manifest === undefined ? {} : { manifest }),
      };
    },
    diff: (message: DiffMessage) => diffRead(message, deps),
    approve: (runId: RunId) => approveRun(runId, deps),
    /** The writer applies what is in the queue. */
    async write(order: (messages: ChangeMessage[]) => ChangeMessage[] = (messages) => messages): Promise<void> {
      const messages = queue.splice(0).map((body) => toChangeMessage(JSON.parse(body)) as ChangeMessage);
      for (const message of order(messages)) {
        const { log } = memoryLog();
        const writing = { records, runs, quarantine: async () => {}, clock, wait: async () => {}, log };
        await applyChanges(message, writing, new Date(clock() + 60_000));
      }
    },
    async run(runId: RunId): Promise<Run> {
      const run = await currentRun({ runs, clock, giveUpAfterMs: 3_600_000 }, runId);
      if (run === undefined) throw new Error('There is no such run.');
      return run;
    },
    /** Drops, compares, writes; the run as it ends. */
    async take(content: string | Buffer, name?: string, manifest?: DropMessage['manifest']): Promise<Run> {
      const message = world.drop(content, name, manifest);
      await world.diff(message);
      await world.write();
      return await world.run(message.run_id);
    },
    /** What is held, without what was deleted. */
    held(): Map<string, RecordDocument['data']> {
      const alive = [...records.documents.values()].filter(({ deleted_at }) => deleted_at === null);
      return new Map(alive.map(({ id, data }) => [id, data]));
    },
    remap(changed: DiffWorldOptions): void {
      options = { ...options, ...changed };
      epoch++;
    },
    raiseEpoch(): void {
      epoch++;
    },
  };
  return world;
}

/** A process that may die at one of its calls to the world outside, before or after it is done. */
export function mortal() {
  /** Calls that answer at once fail at once. */
  const dead = (name: string): Promise<never> => {
    if (name === 'create' || name === 'rows') throw new Died(name);
    return Promise.reject(new Died(name));
  };
  let calls = 0;
  let deathAt = Number.POSITIVE_INFINITY;
  let diesAfter = false;
  const call = (work: () => unknown, name: string): unknown => {
    calls++;
    if (calls > deathAt || (calls === deathAt && !diesAfter)) return dead(name);
    const result = work();
    if (calls < deathAt) return result;
    return result instanceof Promise ? result.then(() => dead(name)) : dead(name);
  };
  const life = {
    /** How many calls there were since the last birth. */
    get calls() {
      return calls;
    },
    dieAt(at: number, after: boolean): void {
      calls = 0;
      deathAt = at;
      diesAfter = after;
    },
    bear(): void {
      life.dieAt(Number.POSITIVE_INFINITY, false);
    },
    guard<T extends object>(target: T): T {
      return new Proxy(target, {
        get(object, name) {
          const value: unknown = Reflect.get(object, name);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            const result = call(() => Reflect.apply(value, object, args), String(name));
            return name === 'create' && typeof result === 'object' && result !== null ? life.guard(result) : result;
          };
        },
      });
    },
  };
  return life;
}
