import type { Clock } from '../clock.ts';
import { AdpError } from '../errors.ts';
import type { Change, ChangeMessage } from '../model/change.ts';
import { canonicalTime } from '../model/instant.ts';
import type { RecordDocument } from '../model/record.ts';
import { emptyTally, maxErrorsShown, type RowError, type RunId, type Tally } from '../model/run.ts';
import { parseVersion } from '../model/version.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import { type Decision, decide, type Held } from './decide.ts';
import type { RunStore } from './runStore.ts';

/** What is held of a record, with the ETag that guards the next write. */
export interface HeldRecord extends Held {
  readonly etag: string;
}

/** One guarded write. `etag` undefined: there must be none yet. */
export type RecordWrite =
  | { readonly kind: 'write'; readonly record: RecordDocument; readonly etag: string | undefined }
  | {
      readonly kind: 'touch';
      readonly id: string;
      readonly etag: string;
      readonly set: Pick<RecordDocument, 'version' | 'source_id' | 'source_updated_at' | 'schema_version'>;
    };

/**
 * How a write ended.
 * - `conflict`: it exists, is gone, or has another ETag: read again and decide again
 * - `busy`: throttled or out of reach, by `cause`; try again after `retryAfterMs`
 * - `refused`: this document can never be written (too large, malformed)
 */
export type WriteResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'busy'; readonly status: number; readonly retryAfterMs: number; readonly cause?: unknown }
  | { readonly kind: 'refused'; readonly status: number };

export interface RecordStore {
  /** What is held of these ids, in one go; ids that aren't held are left out. */
  held(dealerId: string, entity: ChangeMessage['entity'], ids: readonly string[]): Promise<Map<string, HeldRecord>>;
  /** Writes in bulk, each guarded; answers in the order given. */
  write(dealerId: string, entity: ChangeMessage['entity'], writes: readonly RecordWrite[]): Promise<WriteResult[]>;
}

/** A change that can never be written, and why. */
export interface Unwritable {
  readonly change: Change;
  readonly error: RowError;
}

export interface WriterDeps {
  readonly records: RecordStore;
  readonly runs: Pick<RunStore, 'addPart'>;
  /** Keeps what can never be written; the same message twice makes one entry. */
  readonly quarantine: (message: ChangeMessage, unwritable: readonly Unwritable[]) => Promise<void>;
  readonly clock: Clock;
  readonly wait: (ms: number) => Promise<void>;
  /** Told once a message that the store is busy; the rest is the message's own affair. */
  readonly log: Pick<Log, 'warn'>;
}

/**
 * Applies a message's changes and leaves its part for the receipt. Correct however often, late and concurrently it is
 * called for the same message: each write is guarded by the ETag that was read, and counted as it was first applied.
 *
 * Waits out stores that are busy until `deadline` (within the message's lock, so that an outage does not use up its
 * deliveries).
 * @throws AdpError `NETWORK_ERROR` (retry) after that: redelivery cures it
 */
export async function applyChanges(message: ChangeMessage, deps: WriterDeps, deadline: Date): Promise<void> {
  const patience = patienceFor(message, deps, deadline);
  const counts: Record<keyof Tally, number> = { ...emptyTally };
  const unwritable: Unwritable[] = [];
  let pending: readonly Change[] = message.changes;
  for (let round = 0; pending.length > 0; round++) {
    const { done, again, refused, busy } = await applyRound(message, pending, deps, patience);
    for (const outcome of done) counts[outcome]++;
    unwritable.push(...refused);
    pending = again;
    if (busy !== undefined) await patience(Math.max(busy.retryAfterMs, backoff(round)), isBusy(busy.cause));
    else if (pending.length > 0 && round >= 5) await patience(backoff(round - 5), isBusy());
  }
  if (unwritable.length > 0) {
    await patiently(patience, () => deps.quarantine(message, unwritable));
    counts.quarantined = unwritable.length;
  }
  const { attempt, seq } = message;
  const errors = unwritable.slice(0, maxErrorsShown).map(({ error }) => error);
  await patiently(patience, () => deps.runs.addPart(message.run_id as RunId, { attempt, seq, tally: counts, errors }));
}

interface Round {
  readonly done: Decision['outcome'][];
  readonly again: Change[];
  readonly refused: Unwritable[];
  /** How and for how long, if the store was busy. */
  readonly busy: { readonly retryAfterMs: number; readonly cause: unknown } | undefined;
}

/** Reads once, decides, writes once. What met a conflict or a busy store is left for another round. */
async function applyRound(
  message: ChangeMessage,
  changes: readonly Change[],
  deps: WriterDeps,
  patience: Patience,
): Promise<Round> {
  const { dealer_id, entity } = message;
  const round = { done: [] as Decision['outcome'][], again: [] as Change[], refused: [] as Unwritable[] };
  const first = new Map<string, Change>();
  for (const change of changes) {
    if (first.has(change.id)) round.again.push(change);
    else first.set(change.id, change);
  }
  const held = await patiently(patience, () => deps.records.held(dealer_id, entity, [...first.keys()]));
  const writes: { change: Change; decision: Decision; write: RecordWrite }[] = [];
  for (const change of first.values()) {
    const before = held.get(change.id);
    const decision = decide(change, message, before);
    if (decision.kind === 'nothing') round.done.push(decision.outcome);
    else writes.push({ change, decision, write: toWrite(message, change, decision, before, new Date(deps.clock())) });
  }
  if (writes.length === 0) return { ...round, busy: undefined };
  const results = await deps.records.write(
    dealer_id,
    entity,
    writes.map(({ write }) => write),
  );
  let busy: Round['busy'];
  for (const [i, { change, decision }] of writes.entries()) {
    const result = results[i] ?? { kind: 'busy', status: 0, retryAfterMs: 0 };
    if (result.kind === 'done') round.done.push(decision.outcome);
    else if (result.kind === 'refused') round.refused.push({ change, error: refusal(change, result.status) });
    else round.again.push(change);
    if (result.kind === 'busy') {
      busy = { retryAfterMs: Math.max(busy?.retryAfterMs ?? 0, result.retryAfterMs), cause: result.cause };
    }
  }
  return { ...round, busy };
}

/** Tries again where a store is busy or out of reach. */
async function patiently<T>(patience: Patience, call: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof AdpError) || error.disposition !== 'retry') throw error;
      await patience(Math.max(error.retryAfterMs ?? 0, backoff(attempt)), error);
    }
  }
}

function toWrite(
  message: ChangeMessage,
  change: Change,
  decision: Exclude<Decision, { kind: 'nothing' }>,
  before: HeldRecord | undefined,
  now: Date,
): RecordWrite {
  const version = decision.kind === 'write' ? decision.version : change.version;
  const told = {
    version,
    source_id: message.source_id,
    source_updated_at: canonicalTime(parseVersion(version).t),
    schema_version: message.schema_version,
  };
  if (decision.kind === 'touch') return { kind: 'touch', id: change.id, etag: before?.etag ?? '', set: told };
  const time = now.toISOString();
  const alive = before !== undefined && before.content_hash !== null;
  const record: RecordDocument = {
    ...told,
    id: change.id,
    dealer_id: message.dealer_id,
    entity: message.entity,
    ...(change.op === 'upsert' ? { data: change.data } : {}),
    content_hash: change.op === 'upsert' ? change.content_hash : null,
    ingested_at: time,
    run_id: message.run_id,
    first_run_id: alive ? before.first_run_id : message.run_id,
    deleted_at: change.op === 'delete' ? time : null,
  };
  return { kind: 'write', record, etag: before?.etag };
}

function refusal(change: Change, status: number): RowError {
  const detail =
    status === 413
      ? `The record ${change.id} is larger than the 2 MB that Cosmos DB holds.`
      : `Cosmos DB refuses the record ${change.id} (${status}).`;
  return { code: 'DATA_ERROR', detail };
}

/** 0.2, 0.4, 0.8 … at most 10 seconds. */
function backoff(attempt: number): number {
  return Math.min(10_000, 200 * 2 ** attempt);
}

/** The cause is what a log tells of a store that is not busy at all, but wrongly asked. */
function isBusy(cause?: unknown): AdpError {
  return new AdpError('NETWORK_ERROR', 'Cosmos DB is busy; the message is given back and comes again.', { cause });
}

/** Waits. @throws the error instead of waiting beyond the deadline */
type Patience = (ms: number, error: AdpError) => Promise<void>;

function patienceFor(message: ChangeMessage, { clock, wait, log }: WriterDeps, deadline: Date): Patience {
  let isTold = false;
  return async (ms, error) => {
    if (clock() + ms > deadline.getTime()) throw error;
    if (!isTold) {
      const { run_id, seq } = message;
      log.warn('The writer waits for a store that is busy.', { run_id, seq, wait_ms: ms, error: describeError(error) });
    }
    isTold = true;
    await wait(ms);
  };
}
