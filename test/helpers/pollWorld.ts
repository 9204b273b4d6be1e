import type {
  Connection,
  Connector,
  PulledPage,
  PulledRow,
  Read,
  ReadMode,
} from '../../shared/connectors/connector.ts';

import { compileMapper } from '../../shared/mapping/compile.ts';
import type { ChangeMessage, SentChange } from '../../shared/model/change.ts';
import type { JsonValue } from '../../shared/model/json.ts';
import { newRunId, type Run, type RunId } from '../../shared/model/run.ts';
import type { Breaker } from '../../shared/resilience/breaker.ts';
import { cursorsIn } from '../../shared/store/cursors.ts';
import { statesIn } from '../../shared/store/limits.ts';
import { runsIn } from '../../shared/store/runs.ts';
import { stampsIn } from '../../shared/store/stamps.ts';
import { closeRuns } from '../../shared/sync/closeRuns.ts';
import type { Rejection } from '../../shared/sync/ingest.ts';
import { createBreakers } from '../../shared/sync/poll/breakers.ts';
import type { CompleteRead, CompleteReadEnd } from '../../shared/sync/poll/completeReads.ts';
import type { PageOutcome } from '../../shared/sync/poll/pageOutcome.ts';
import type { PolledEntity, PolledSource } from '../../shared/sync/poll/polledSource.ts';
import { type PollDeps, pollPages } from '../../shared/sync/poll/pollPages.ts';
import type { SecretValue } from '../../shared/sync/poll/reachSource.ts';
import { createReadAhead, type ReadAhead } from '../../shared/sync/poll/readAhead.ts';
import { createSourceLimits } from '../../shared/sync/poll/sourceLimits.ts';
import { type TestClock, testClock } from './clock.ts';
import { Died, mortal } from './diffWorld.ts';
import { type MemoryTables, memoryTables } from './memoryTable.ts';

/** A row of the system that is polled. `at` orders its changes. */
export interface DmsRow {
  readonly no: string;
  readonly text?: unknown;
  readonly at: number;
  readonly changed?: string;
  readonly op?: 'delete';
}

/** A message that the queue has accepted, and what the writer will make of it. */
export interface Delivered {
  readonly runId: string;
  readonly attempt: number;
  readonly seq: number;
  readonly changes: readonly SentChange[];
}

/** A system with a table of parts, read by (at, no) as a database would, `pageSize` rows at a time. */
export class FakeDms {
  rows: DmsRow[] = [];
  pageSize = 3;
  /** False for one whose pages no other read can go on with, as those of an API. */
  hasKeyOrder = true;
  /** What the next calls throw, in order; undefined lets one through. */
  failures: unknown[] = [];
  /** Called before each pull answers. */
  onPull: () => Promise<void> = async () => undefined;
  more: Partial<PulledPage> = {};
  asked: string[] = [];
  opened: (string | undefined)[] = [];
  closed = 0;
  /** Rows before this are not read by `changes`: how long a transaction may be open. */
  overlap = 0;

  readonly connector: Connector = {
    name: 'rest',
    settings: { source: {}, entity: {} },
    capabilities: { cursors: ['timestamp', 'full'], needsCredential: false, readsKeys: true },
    open: async ({ secret }) => {
      this.opened.push(secret);
      return this.#connection();
    },
  };

  #connection(): Connection {
    return {
      check: async () => [],
      begin: async (_query, mode, cursor) => await this.#begin(mode, cursor),
      pull: async (_query, read, place, maxRows) => await this.#pull(read, place, maxRows),
      close: async () => {
        this.closed++;
      },
    };
  }

  async #begin(mode: ReadMode, cursor: string | undefined): Promise<Read> {
    this.asked.push(`begin ${mode} ${cursor ?? '-'}`);
    this.#fail();
    const from = cursor === undefined ? -1 : Number(cursor) - this.overlap;
    const to = Math.max(0, ...this.rows.map(({ at }) => at));
    const isBackfill = this.hasKeyOrder && (mode !== 'changes' || cursor === undefined);
    return { mode, state: { from, to }, from: String(from), isBackfill };
  }

  async #pull(read: Read, place: JsonValue | undefined, maxRows: number): Promise<PulledPage> {
    this.asked.push(`pull ${JSON.stringify(place ?? null)}`);
    await this.onPull();
    this.#fail();
    const { from, to } = read.state as { from: number; to: number };
    const after = (place ?? [from, '']) as [number, string];
    const isAfter = ({ at, no }: DmsRow) => at > after[0] || (at === after[0] && no > after[1]);
    const found = this.rows.filter(isAfter).sort((a, b) => a.at - b.at || (a.no < b.no ? -1 : 1));
    const some = found.slice(0, Math.min(this.pageSize, maxRows));
    const last = some.at(-1);
    const isLast = found.length === some.length;
    const cursor = read.isBackfill ? (isLast ? String(to) : undefined) : String(last?.at ?? to);
    return {
      rows: some.map(toPulled),
      ...(isLast || last === undefined ? {} : { next: [last.at, last.no] }),
      ...(cursor === undefined ? {} : { cursor }),
      ...this.more,
    };
  }

  #fail(): void {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }
}

function toPulled({ no, text, changed, op }: DmsRow): PulledRow {
  return {
    values: { no, text, ...(changed === undefined ? {} : { changed }), ...(op === undefined ? {} : { _op: op }) },
  };
}

type Heading = Omit<ChangeMessage, 'changes'>;

const mapper = compileMapper({
  entity: 'part',
  mapping: { part_number: 'no', description: 'text' },
  modified: { from: 'changed' },
  keepUnmapped: false,
  zone: 'UTC',
});

type Step = (runId: RunId, page: number, mode?: ReadMode) => Promise<PageOutcome>;

/** The door that polls, over stores in memory and a system whose answers a test decides. */
export interface PollWorld {
  readonly clock: TestClock;
  readonly tables: MemoryTables;
  readonly dms: FakeDms;
  readonly deps: PollDeps;
  source: PolledSource;
  secret: SecretValue;
  /** What the process that reads has read before its turn. */
  ahead: ReadAhead;
  readonly delivered: Delivered[];
  readonly rejected: Rejection[];
  readonly staged: Map<string, number>;
  readonly finished: { readonly read: CompleteRead; readonly end: CompleteReadEnd }[];
  readonly discarded: RunId[];
  readonly failures: unknown[];
  /** Of the process that reads: its calls of stores and queues. */
  readonly life: ReturnType<typeof mortal>;
  newRun(): RunId;
  page: Step;
  /** One after another, as an activity does, for as long as the clock says. */
  pages: Step;
  /** Reads until it is done or fails, as an orchestration would that never waits. */
  read(runId?: RunId, mode?: ReadMode, step?: Step): Promise<PageOutcome>;
  /** What the writer makes of everything that was delivered, and the sweep of its runs. */
  settle(): Promise<void>;
  run(runId: RunId): Promise<Run>;
  runs(): Promise<Run[]>;
  /** What is held once every message was applied, in whatever order: by id, the description. */
  held(): Map<string, unknown>;
  state(mode?: ReadMode): ReturnType<PollDeps['cursors']['get']>;
}

/** Of a process that waits for its lanes for as long as it lives. */
export function patientAhead(): ReadAhead {
  return createReadAhead({ after: () => () => undefined });
}

/** Of a process that asks for no page before its turn. */
export const noAhead: ReadAhead = {
  begin: () => false,
  expect: () => undefined,
  take: async () => undefined,
  drop: async () => undefined,
};

export function pollWorld(tables = memoryTables(), clock = testClock()): PollWorld {
  const dms = new FakeDms();
  const life = mortal();
  const openTable = (name: string) => life.guard(tables.open(name));
  const cursors = cursorsIn(openTable);
  const runs = runsIn(openTable);
  const delivered: Delivered[] = [];
  const rejected: Rejection[] = [];
  const finished: PollWorld['finished'] = [];
  const staged = new Map<string, number>();
  const discarded: RunId[] = [];
  const failures: unknown[] = [];
  const opened = new Map<string, Connection>();
  let random = 0;
  const newRun = () => {
    clock.move(1);
    return newRunId('acme', new Date(clock()), String(random++).padStart(10, '0'));
  };
  const place = { dealerId: 'acme', sourceId: 'dms', entity: 'part' } as const;

  const queue = life.guard({
    accept: async (messages: readonly Delivered[]) => {
      await new Promise((resolve) => setImmediate(resolve));
      delivered.push(...messages);
    },
  });
  const outside = life.guard({
    send: async (heading: Heading, changes: Iterable<SentChange>) => {
      const all = [...changes];
      // Two changes a message, so that an attempt has several.
      const messages = Array.from({ length: Math.ceil(all.length / 2) }, (_, i) => ({
        runId: heading.run_id,
        attempt: heading.attempt,
        seq: heading.seq + i,
        changes: all.slice(i * 2, i * 2 + 2),
      }));
      const accepted = queue.accept(messages);
      accepted.catch(() => undefined);
      return { messages: messages.length, accepted };
    },
    quarantine: async (_ingestion: unknown, some: readonly Rejection[]) => void rejected.push(...some),
    stage: async (
      { runId }: CompleteRead,
      { attempt, seq }: { attempt: number; seq: number },
      rows: readonly unknown[],
    ) => {
      staged.set(`${runId} ${attempt}.${seq}`, rows.length);
    },
    finish: async (read: CompleteRead, end: CompleteReadEnd) => void finished.push({ read, end }),
    discard: async ({ runId }: CompleteRead) => void discarded.push(runId),
  });
  const deps: PollDeps = {
    clock,
    random: () => String(random++).padStart(10, '0'),
    runs,
    cursors,
    stamps: stampsIn(openTable),
    breakers: createBreakers(statesIn<Breaker>(openTable, 'breaker'), clock),
    limits: createSourceLimits({
      buckets: statesIn(openTable, 'requests'),
      hours: statesIn(openTable, 'hours'),
      paces: statesIn(openTable, 'pace'),
      clock,
    }),
    get ahead() {
      return world.ahead;
    },
    secrets: { get: async () => world.secret },
    pool: {
      async use(source, secret, work) {
        const key = secret?.version ?? '';
        const connection =
          opened.get(key) ??
          (await source.connector.open({ ...place, settings: {}, secret: secret?.value, zone: 'UTC', concurrency: 2 }, {
            clock,
          } as never));
        opened.set(key, connection);
        return await work(connection);
      },
      drop: () => opened.clear(),
    },
    send: outside.send,
    quarantine: outside.quarantine,
    complete: outside,
    sourceOf: async () => world.source,
    onFailure: (_request, error) => void failures.push(error),
  };

  const world: PollWorld = {
    clock,
    tables,
    dms,
    deps,
    source: sourceOf(dms),
    secret: { value: 'secret', version: '1' },
    ahead: patientAhead(),
    delivered,
    rejected,
    staged,
    finished,
    discarded,
    failures,
    life,
    newRun,
    async page(runId, page, mode = 'changes') {
      const { pages: _, ...outcome } = await pollPages(
        { ...place, mode, runId, page },
        deps,
        new AbortController().signal,
        0,
      );
      return outcome;
    },
    pages: (runId, page, mode = 'changes') =>
      pollPages({ ...place, mode, runId, page }, deps, new AbortController().signal),
    async read(runId = newRun(), mode = 'changes', step = world.page) {
      for (let page = 0, turns = 0; ; turns++) {
        const outcome = await step(runId, page, mode);
        // The host calls the activity again.
        if (failures.at(-1) instanceof Died) {
          failures.pop();
          life.bear();
          opened.clear();
          if (world.ahead !== noAhead) world.ahead = patientAhead();
        } else {
          page = outcome.pages ?? (outcome.kind === 'more' ? page + 1 : page);
          if (outcome.kind === 'wait') clock.move(outcome.ms);
          else if (outcome.kind !== 'more') return outcome;
        }
        if (turns > 1_000) throw new Error('It never ends.');
      }
    },
    async settle() {
      for (const { runId, attempt, seq, changes } of delivered) {
        const tally = { ...zeros, inserted: changes.length };
        await runs.addPart(runId as RunId, { attempt, seq, tally, errors: [] });
      }
      await closeRuns({ runs, clock, giveUpAfterMs: 3_600_000 }, 0);
    },
    async run(runId) {
      const stored = await runs.get(runId);
      if (stored === undefined) throw new Error(`There is no run ${runId}`);
      return stored.run;
    },
    runs: async () => (await runs.list('acme', { limit: 100 })).runs,
    held() {
      const held = new Map<string, { readonly version: string; readonly text: unknown }>();
      for (const change of delivered.flatMap(({ changes }) => changes)) {
        const before = held.get(change.id);
        if (before !== undefined && before.version >= change.version) continue;
        const text = change.op === 'upsert' ? change.data.description : undefined;
        held.set(change.id, { version: change.version, text });
      }
      return new Map([...held].map(([id, { text }]) => [id, text]));
    },
    state: (mode = 'changes') => cursors.get({ ...place, mode }),
  };
  return world;
}

const zeros = { inserted: 0, updated: 0, deleted: 0, unchanged: 0, stale: 0, held: 0, quarantined: 0 };

export function sourceOf(
  dms: FakeDms,
  entity: Partial<PolledEntity> = {},
  more: Partial<PolledSource> = {},
): PolledSource {
  return {
    dealerId: 'acme',
    sourceId: 'dms',
    etag: '1',
    connector: dms.connector,
    settings: {},
    credential: undefined,
    zone: 'UTC',
    schedule: {},
    limits: {},
    concurrency: 2,
    entities: [
      {
        entity: 'part',
        query: {
          entity: 'part',
          settings: {},
          cursor: { kind: 'timestamp', column: 'at', overlapSeconds: 0, overlapIds: 0 },
          columns: undefined,
          needed: [],
          keyColumns: ['no'],
          zone: 'UTC',
        },
        mapper,
        meaning: 'm1',
        origin: 'o1',
        maxRejectRatio: undefined,
        maxDeleteRatio: undefined,
        sweep: undefined,
        reconcile: undefined,
        ...entity,
      },
    ],
    ...more,
  };
}
