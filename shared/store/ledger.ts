import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { isConflict } from '../errors.ts';
import type { RunId } from '../model/run.ts';
import type {
  Arrival,
  ArrivalLease,
  ArrivalMemo,
  ArrivalState,
  LedgerStore,
  Outcome,
  Taken,
} from '../sync/drops/ledgerStore.ts';
import { type Cell, type OpenTable, packText, type Row, type Table, unpackText } from './tables.ts';

/** The ledger with what only the purge needs. */
export interface Ledger extends LedgerStore {
  /** Removes what was written before. Answers how many rows went. */
  purge(dealerId: string, before: Date): Promise<number>;
  /** Removes all that is kept of a dealer's files. */
  forget(dealerId: string): Promise<void>;
}

/** Prolonged while its process lives, so that what a dead one had is taken over soon. */
const leaseMs = 30_000;
const renewEveryMs = 10_000;

/** What a row of an arrival holds. Times in milliseconds, as text: a table's whole numbers have 32 bits. */
interface Entry {
  readonly state: 'working' | 'later' | 'settled';
  readonly until: number;
  readonly tries: number;
  readonly failures: number;
  readonly crashes: number;
  readonly outcome: Outcome | undefined;
  readonly runId: RunId | undefined;
  readonly memo: ArrivalMemo | undefined;
}

/**
 * The table `ledger`, a partition a dealer: `a:` rows are arrivals, under their ETag, `t:` what a path brought last, `c:`
 * a source's columns.
 */
export function ledgerIn(openTable: OpenTable, clock: Clock): Ledger {
  const table = openTable('ledger');

  const save = async (row: Row | undefined, arrival: Arrival, entry: Entry): Promise<Row> => {
    const { partition, key } = locate(arrival);
    const cells = toCells(arrival, entry, clock());
    const etag = row === undefined ? await table.insert(partition, key, cells) : await table.replace(row, cells);
    return { partition, key, etag, cells };
  };

  return {
    async state(arrival) {
      const { partition, key } = locate(arrival);
      const row = await table.get(partition, key);
      return row === undefined ? { kind: 'unknown' } : toState(toEntry(row.cells));
    },
    async begin(arrival) {
      const { partition, key } = locate(arrival);
      for (;;) {
        const now = clock();
        const row = await table.get(partition, key);
        const before = row === undefined ? nothing : toEntry(row.cells);
        if (row !== undefined && (before.state === 'settled' || before.until > now)) {
          return { kind: 'not ours', state: toState(before) };
        }
        const entry: Entry = {
          ...before,
          state: 'working',
          until: now + leaseMs,
          tries: before.tries + 1,
          crashes: before.crashes + (before.state === 'working' && row !== undefined ? 1 : 0),
        };
        try {
          const taken = await save(row, arrival, entry);
          return { kind: 'ours', lease: leaseOf(table, arrival, taken, entry, clock) };
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
    },
    async lastTaken(path) {
      const { partition, key } = locateText('t', path, path);
      const row = await table.get(partition, key);
      const text = row && unpackText('json', row.cells);
      return text === undefined ? undefined : (JSON.parse(text) as Taken);
    },
    async noteTaken(path, taken) {
      const { partition, key } = locateText('t', path, path);
      await table.upsert(partition, key, { ...packText('json', JSON.stringify(taken)), at: String(clock()) });
    },
    async lastColumns(dealerId, sourceId, entity) {
      const { partition, key } = locateText('c', dealerId, `${sourceId ?? ''}/${entity}`);
      const row = await table.get(partition, key);
      const text = row && unpackText('json', row.cells);
      return text === undefined ? undefined : (JSON.parse(text) as string[]);
    },
    async noteColumns(dealerId, sourceId, entity, columns) {
      const { partition, key } = locateText('c', dealerId, `${sourceId ?? ''}/${entity}`);
      await table.upsert(partition, key, { ...packText('json', JSON.stringify(columns)), at: String(clock()) });
    },
    async purge(dealerId, before) {
      let removed = 0;
      for await (const row of table.rows(partitionOf(dealerId))) {
        if (Number(row.cells.at) >= before.getTime()) continue;
        await table.remove(row.partition, row.key);
        removed++;
      }
      return removed;
    },
    async forget(dealerId) {
      for await (const { partition, key } of table.rows(partitionOf(dealerId))) await table.remove(partition, key);
    },
  };
}

function leaseOf(table: Table, arrival: Arrival, taken: Row, begun: Entry, clock: Clock): ArrivalLease {
  let row = taken;
  let entry = begun;
  let lost: unknown;
  let turn: Promise<void> = Promise.resolve();
  /** One after another: each needs the ETag that the one before got. */
  const change = (edit: (now: Entry) => Entry): Promise<void> => {
    const mine = turn.then(async () => {
      if (lost !== undefined) throw lost;
      const next = edit(entry);
      const cells = toCells(arrival, next, clock());
      try {
        row = { ...row, cells, etag: await table.replace(row, cells) };
        entry = next;
      } catch (error) {
        if (isConflict(error)) lost = error;
        throw error;
      }
    });
    turn = mine.catch(() => undefined);
    return mine;
  };
  const renew = () => change((now) => ({ ...now, until: clock() + leaseMs }));
  // Where it fails, the lease runs out or was taken over: whoever writes next will see.
  const timer = setInterval(() => void renew().catch(() => undefined), renewEveryMs);
  timer.unref();
  const end = async (edit: (now: Entry) => Entry) => {
    clearInterval(timer);
    await change(edit);
  };
  return {
    tries: begun.tries,
    failures: begun.failures,
    crashes: begun.crashes,
    memo: begun.memo,
    note: (memo) => change((now) => ({ ...now, memo, until: clock() + leaseMs })),
    settle: (outcome, runId) => end((now) => ({ ...now, state: 'settled', until: 0, outcome, runId })),
    postpone: (until, isFailure) =>
      end((now) => ({ ...now, state: 'later', until, failures: now.failures + (isFailure ? 1 : 0) })),
  };
}

const nothing: Entry = {
  state: 'working',
  until: 0,
  tries: 0,
  failures: 0,
  crashes: 0,
  outcome: undefined,
  runId: undefined,
  memo: undefined,
};

function toState({ state, until, tries, outcome, runId }: Entry): ArrivalState {
  if (state !== 'settled') return { kind: state, until, tries };
  return { kind: 'settled', outcome: outcome ?? 'done', runId };
}

function toCells(
  { path, etag, manifestEtag }: Arrival,
  { until, outcome, runId, memo, ...counts }: Entry,
  at: number,
): Record<string, Cell> {
  return {
    ...counts,
    ...packText('path', path),
    etag,
    manifest_etag: manifestEtag,
    until: String(until),
    at: String(at),
    ...(outcome === undefined ? {} : { outcome }),
    ...(runId === undefined ? {} : { run_id: runId }),
    ...(memo === undefined ? {} : { memo: JSON.stringify(memo) }),
  };
}

function toEntry(cells: Readonly<Record<string, Cell>>): Entry {
  const { state, until, tries, failures, crashes, outcome, run_id, memo } = cells;
  return {
    state: String(state) as Entry['state'],
    until: Number(until),
    tries: Number(tries),
    failures: Number(failures),
    crashes: Number(crashes),
    outcome: typeof outcome === 'string' ? (outcome as Outcome) : undefined,
    runId: typeof run_id === 'string' ? (run_id as RunId) : undefined,
    memo: typeof memo === 'string' ? (JSON.parse(memo) as ArrivalMemo) : undefined,
  };
}

function locate({ path, etag, manifestEtag }: Arrival) {
  return locateText('a', path, [path, etag, manifestEtag].join('\n'));
}

function locateText(kind: 'a' | 't' | 'c', path: string, text: string): { partition: string; key: string } {
  return { partition: partitionOf(path.split('/', 1)[0] ?? ''), key: `${kind}:${hash('sha256', text, 'hex')}` };
}

/** A folder's name may hold what a table's key must not. */
function partitionOf(dealerId: string): string {
  return /^[a-z0-9_-]+$/.test(dealerId) ? dealerId : `=${hash('sha256', dealerId, 'hex')}`;
}
