import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Benchmark } from './benchmark.ts';
import { type Hub, startHub } from './hub.ts';

/** Rows of the table that is read: `id`, `part_number`, `branch`, `bin`, four quantities, `price` and `modified`. */
export const rowCount = 200_000;

/** A database with that table in it. */
export interface PolledDatabase {
  readonly connector: 'postgres' | 'mysql' | 'mssql';
  readonly secret: string;
  /** As the source's settings name it. */
  readonly table: string;
  /** All rows by the bare driver, to nowhere; how many there were. */
  stream(): Promise<number>;
  stop(): Promise<void>;
}

interface Setup {
  readonly hub: Hub;
  readonly database: PolledDatabase;
}

const source = 'admin/dealers/acme/sources/dms';
/** Far longer than it takes. */
const patienceMs = 300_000;

/**
 * The whole table, polled: from the trigger until its last page was accepted by the queue and recorded. Nobody writes
 * meanwhile: the queue keeps the changes.
 */
export function pollBenchmark(name: string, peerName: string, start: () => Promise<PolledDatabase>): Benchmark {
  let setup: Promise<Setup> | undefined;
  /** Milliseconds of the fastest run so far. */
  let bestMs = 0;
  return {
    name,
    unit: 'rows/s',
    better: 'high',
    goalOf: 'ratio',
    floor: 0.3,
    goal: 0.6,
    peerName,
    async run() {
      setup ??= setUp(start);
      const { hub, database } = await setup;
      await hub.call('POST', `${source}/reset`);
      // No run takes less than half of the best one.
      const ours = await rateOf(() => poll(hub, bestMs / 2));
      bestMs = Math.min(bestMs || Number.POSITIVE_INFINITY, (rowCount / ours) * 1_000);
      await end(hub);
      const peer = await rateOf(() => database.stream());
      return { ours, peer, note: `host at most ${await hub.peakMemory()}` };
    },
    async end() {
      const started = await setup;
      await started?.hub.end();
      await started?.database.stop();
    },
  };
}

async function setUp(start: () => Promise<PolledDatabase>): Promise<Setup> {
  const database = await start();
  const hub = await startHub({
    'AzureWebJobs.writeRecords.Disabled': 'true',
    // Runs that nobody writes stay open, and looking at all of them over and over would be measured too.
    'AzureWebJobs.closeRuns.Disabled': 'true',
  });
  await hub.call('PUT', 'admin/dealers/acme', { name: 'Acme' });
  await storeSecret(hub, 'acme-dms', database.secret);
  await hub.call('PUT', source, {
    connector: database.connector,
    credential: 'acme-dms',
    entities: {
      part_stock: {
        mapping: {
          part_number: 'part_number',
          branch_code: 'branch',
          bin: 'bin',
          on_hand: 'on_hand',
          available: 'available',
          reserved: 'reserved',
          on_order: 'on_order',
          as_of: 'modified',
        },
        keep_unmapped: true,
        modified: 'modified',
        cursor: { kind: 'timestamp' },
        settings: { table: database.table, key: ['id'] },
      },
    },
  });
  return { hub, database };
}

/** As an operator does it. */
async function storeSecret({ stack }: Hub, name: string, value: string): Promise<void> {
  const env = { ...process.env, ...stack.settings };
  const adp = promisify(execFile)(process.execPath, ['cli/adp.js', 'secrets', 'set', name], { env });
  adp.child.stdin?.end(value);
  await adp;
}

async function rateOf(read: () => Promise<number>): Promise<number> {
  const start = performance.now();
  const rows = await read();
  const seconds = (performance.now() - start) / 1_000;
  if (rows !== rowCount) throw new Error(`${rows} rows of ${rowCount} were read`);
  return rows / seconds;
}

/**
 * Until its run is sealed: one row is looked at, where a source's status takes many, which the host would work for too.
 * @param quietMs for which it is not asked at all, since it won't have ended
 */
async function poll(hub: Hub, quietMs: number): Promise<number> {
  const [run] = runsIn(await (await hub.call('POST', `${source}/trigger`)).json());
  await sleep(quietMs);
  return await until('The poll', async () => {
    const document: unknown = await (await hub.call('GET', `runs/${String(run)}`)).json();
    if (at(document, 'status') === 'failed') throw new Error(`The poll failed: ${JSON.stringify(document)}`);
    return Number(at(document, 'receipt', 'read')) || undefined;
  });
}

/** A source that is still being polled would not be polled anew. */
async function end(hub: Hub): Promise<void> {
  const [run] = runsIn({ runs: at(await (await hub.call('GET', 'dealers/acme/runs?limit=1')).json(), 'items') });
  await until('The end of the poll', async () => {
    const status: unknown = await (await hub.call('GET', `${source}/status`)).json();
    const read = at(status, 'entities', 'part_stock', 'reads', 'changes');
    if (at(read, 'run_id') !== at(run, 'run_id')) return undefined;
    if (at(read, 'outcome') !== 'done') throw new Error(`The poll failed: ${JSON.stringify(status)}`);
    return true;
  });
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== undefined) return found;
    // Asking costs the host as well.
    await sleep(100);
  }
  throw new Error(`${what} does not come`);
}

function runsIn(answer: unknown): readonly unknown[] {
  const runs = at(answer, 'runs');
  return Array.isArray(runs) ? runs : [];
}

/** What is there in a document, by names from the outside in. */
function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  );
}
