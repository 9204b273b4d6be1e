import { setImmediate } from 'node:timers/promises';
import type { Mapper, MapResult } from '../mapping/compile.ts';
import type { ChangeMessage, SentChange } from '../model/change.ts';
import { type EntityName, entities } from '../model/entities.ts';
import type { Instant } from '../model/instant.ts';
import type { JsonObject } from '../model/json.ts';
import type { RecordId } from '../model/recordId.ts';
import { type Counts, emptyCounts, maxErrorsShown, type RowError, type RunId } from '../model/run.ts';
import { versionsOf } from '../model/version.ts';

/**
 * A row as a door hands it over, or why it could not be read. `index` is its position within the run, from 0; `row` its
 * line or number in a file, from 1.
 */
export type InputRow =
  | { readonly index: number; readonly row?: number; readonly values: Record<string, unknown> }
  | { readonly index: number; readonly row?: number; readonly error: string; readonly raw: string };

/** A row that could not be read, mapped or validated. */
export interface Rejection {
  readonly input: InputRow;
  readonly errors: readonly RowError[];
}

/** The run on whose behalf rows come in. */
export interface Ingestion {
  readonly runId: RunId;
  readonly attempt: number;
  readonly dealerId: string;
  readonly entity: EntityName;
  readonly sourceId: string | null;
  readonly epoch: number;
  readonly captured: Instant;
  readonly mapper: Mapper;
}

export interface IngestDeps {
  /**
   * Sends changes; resolves with the number of messages once the queue has accepted them all, or earlier where the caller
   * waits for that itself.
   */
  readonly deliver: (heading: Omit<ChangeMessage, 'changes'>, changes: Iterable<SentChange>) => Promise<number>;
  /** Keeps rejected rows. `window` numbers the calls of one run. */
  readonly quarantine: (ingestion: Ingestion, rejections: readonly Rejection[], window: number) => Promise<void>;
  /** Told what there is with the next window, before any of that is sent; where it throws, none of it is. */
  readonly judge?: (counts: Counts, errors: readonly RowError[]) => void;
}

export interface Ingested {
  readonly counts: Counts;
  readonly messages: number;
  /** The first ones; the quarantine has them all. */
  readonly errors: readonly RowError[];
}

/**
 * Rows that are looked at together: a key that comes twice among them is sent once. Bounds memory, and is the most that
 * a pushed batch may have, so that of a batch nothing is sent before all of it was read.
 */
export const windowRows = 50_000;

/**
 * The pipeline that every door calls: rows → map → validate → key, version → changes → queue. Resolves once all of it was
 * delivered and quarantined; before the queue has accepted everything, nothing of it may be called done.
 */
export async function ingest(
  pages: Iterable<readonly InputRow[]> | AsyncIterable<readonly InputRow[]>,
  ingestion: Ingestion,
  deps: IngestDeps,
): Promise<Ingested> {
  let counts: Counts = emptyCounts;
  let read = 0;
  const errors: RowError[] = [];
  let messages = 0;
  let windows = 0;
  let window = new Window(ingestion);

  const flush = async () => {
    const { changeCount, deletes } = window;
    const next: Counts = {
      read,
      rejected: counts.rejected + window.rejections.length,
      repeated: counts.repeated + window.repeated,
      unchanged: 0,
      upserts: counts.upserts + changeCount - deletes,
      deletes: counts.deletes + deletes,
      deleteRows: counts.deleteRows + deletes,
    };
    errors.push(...window.rejections.flatMap((rejection) => rejection.errors).slice(0, maxErrorsShown - errors.length));
    deps.judge?.(next, errors);
    const heading = headingOf(ingestion, messages);
    const [sent] = await Promise.all([
      changeCount === 0 ? 0 : deps.deliver(heading, window.changes()),
      window.rejections.length === 0 ? undefined : deps.quarantine(ingestion, window.rejections, windows),
    ]);
    counts = next;
    messages += sent;
    windows++;
    window = new Window(ingestion);
  };

  for await (const page of pages) {
    for (const row of page) {
      if (window.size === windowRows) await flush();
      read++;
      window.add(row);
    }
    // A page is some milliseconds of work: others get their turn.
    await setImmediate();
  }
  if (window.size > 0) await flush();
  return { counts, messages, errors };
}

function headingOf(ingestion: Ingestion, seq: number): Omit<ChangeMessage, 'changes'> {
  return {
    run_id: ingestion.runId,
    attempt: ingestion.attempt,
    seq,
    dealer_id: ingestion.dealerId,
    entity: ingestion.entity,
    source_id: ingestion.sourceId,
    schema_version: entities[ingestion.entity].schemaVersion,
  };
}

/** What a row asks for, until it is sent. */
interface Pending {
  readonly op: SentChange['op'];
  readonly id: RecordId;
  readonly t: Instant;
  readonly position: number;
  readonly data: JsonObject;
}

/** Rows that are looked at together: the highest version of a key stands, then the later position. */
class Window {
  readonly rejections: Rejection[] = [];
  repeated = 0;
  size = 0;
  readonly #ingestion: Ingestion;
  readonly #versionOf: ReturnType<typeof versionsOf>;
  readonly #changes = new Map<RecordId, Pending>();

  constructor(ingestion: Ingestion) {
    this.#ingestion = ingestion;
    this.#versionOf = versionsOf(ingestion);
  }

  add(input: InputRow): void {
    this.size++;
    const { captured, mapper } = this.#ingestion;
    if ('error' in input) {
      this.#reject(input, [{ code: 'DATA_ERROR', detail: input.error }]);
      return;
    }
    const op = operationOf(input.values);
    if (op === undefined) {
      const detail = 'must be "upsert" (the default) or "delete"';
      this.#reject(input, [{ field: '_op', code: 'DATA_ERROR', detail }]);
      return;
    }
    const mapped = op === 'upsert' ? mapper.upsert(input.values) : mapper.remove(input.values);
    if (!mapped.ok) {
      this.#reject(input, mapped.errors);
      return;
    }
    const { id, data } = mapped;
    const pending = { op, id, t: timeOf(mapped, captured), position: input.index, data };
    const before = this.#changes.get(id);
    if (before !== undefined) {
      this.repeated++;
      if (this.#versionOf(before.t, before.position) > this.#versionOf(pending.t, pending.position)) return;
    }
    this.#changes.set(id, pending);
  }

  get changeCount(): number {
    return this.#changes.size;
  }

  get deletes(): number {
    let deletes = 0;
    for (const { op } of this.#changes.values()) if (op === 'delete') deletes++;
    return deletes;
  }

  /** Made one by one, as they are sent: their versions are text that would lie about until then. */
  *changes(): Generator<SentChange> {
    for (const { op, id, t, position, data } of this.#changes.values()) {
      const version = this.#versionOf(t, position);
      yield op === 'upsert' ? { op, id, version, data } : { op, id, version };
    }
  }

  #reject(input: InputRow, errors: readonly Omit<RowError, 'index' | 'row'>[]): void {
    const where = input.row === undefined ? { index: input.index } : { index: input.index, row: input.row };
    this.rejections.push({ input, errors: errors.map((error) => ({ ...where, ...error })) });
  }
}

/** How far a source's clock may be ahead of ours, and a row may change after its read began. */
const aheadMs = 5 * 60_000;

/**
 * When a row was modified. A local time of the hour that comes twice means the later one, as soon as that can have been:
 * so what is written in the second hour is newer than what was read in the first, whatever the clock showed then.
 */
function timeOf({ modified, modifiedAgain }: Extract<MapResult, { ok: true }>, captured: Instant): Instant {
  if (modifiedAgain !== undefined && Date.parse(modifiedAgain) <= Date.parse(captured) + aheadMs) return modifiedAgain;
  return modified ?? captured;
}

/** What a row asks for by `_op`; `undefined` where that is nothing we know. */
function operationOf(values: Readonly<Record<string, unknown>>): 'upsert' | 'delete' | undefined {
  if (!Object.hasOwn(values, '_op')) return 'upsert';
  const { _op } = values;
  if (_op === undefined || _op === null || _op === '' || _op === 'upsert') return 'upsert';
  return _op === 'delete' ? 'delete' : undefined;
}
