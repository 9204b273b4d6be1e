import { hash } from 'node:crypto';
import { type Clock, timeText } from '../clock.ts';
import { AdpError } from '../errors.ts';
import { parseJson } from '../formats/jsonText.ts';
import type { ChangeMessage } from '../model/change.ts';
import { isEntityName } from '../model/entities.ts';
import type { Instant } from '../model/instant.ts';
import { NumberLiteral, toRawJson } from '../model/literal.ts';
import { parseRunId, type RunId } from '../model/run.ts';
import type { Unwritable } from '../sync/applyChanges.ts';
import type { Ingestion, Rejection } from '../sync/ingest.ts';
import type { Chunk, QuarantinedRow, Stage } from '../sync/quarantined.ts';
import type { Blobs } from './blobs.ts';
import { type OpenTable, type Row, unlessChanged } from './tables.ts';
import { keepUnreadable } from './unreadable.ts';

export interface ChunkPage {
  readonly chunks: Chunk[];
  readonly continuation?: string;
}

export interface Quarantine {
  /** Rows that a door could not take. */
  keepRejected(ingestion: Ingestion, rejections: readonly Rejection[], window: number): Promise<void>;
  /** Changes that can't be written; the same ones of the same message twice make one entry. */
  keepUnwritable(message: ChangeMessage, unwritable: readonly Unwritable[]): Promise<void>;
  /** What is no message of ours, as it came, for a person to look at. Answers the blob's name. */
  keepUnreadable(body: unknown, why: string): Promise<string>;
  /** Newest first; of one run only, if that is given. */
  list(dealerId: string, options: { runId?: RunId; limit: number; from?: string }): Promise<ChunkPage>;
  get(dealerId: string, chunkId: string): Promise<Chunk | undefined>;
  markDone(chunk: Chunk, positions: Iterable<number>): Promise<void>;
  /** Removes the entries of runs that started before; the blobs go by lifecycle rule. */
  purge(dealerId: string, before: Date): Promise<number>;
}

/** Rows were limited when they were read; a row lies within a few levels of ours. */
const maxDepth = 100;

/** Rows of one blob: what is read to show one of them. */
const rowsAChunk = 1_000;

export function quarantineIn(openTable: OpenTable, blobs: Blobs, clock: Clock): Quarantine {
  const table = openTable('quarantine');

  const keep = async (heading: Omit<Chunk, 'id' | 'rows' | 'done' | 'at'>, prefix: string, rows: QuarantinedRow[]) => {
    for (let i = 0; i < rows.length; i += rowsAChunk) {
      const some = rows.slice(i, i + rowsAChunk);
      const id = `${prefix}.${String(i / rowsAChunk).padStart(4, '0')}`;
      const { dealerId, runId, entity, sourceId, stage, epoch, captured } = heading;
      await blobs.create(blobName(dealerId, id), Buffer.from(JSON.stringify(some, keepLiteral)));
      const cells = {
        run_id: runId,
        entity,
        ...(sourceId === null ? {} : { source_id: sourceId }),
        stage,
        epoch,
        ...(captured === null ? {} : { captured }),
        at: timeText(clock()),
        rows: some.length,
      };
      // Under the same id it is the same rows: a message that came again.
      await unlessChanged(() => table.insert(dealerId, id, cells));
    }
  };

  /** A chunk of which all was replayed has nothing to show: its rows aren't fetched. */
  const load = async (row: Row): Promise<Chunk> => {
    if (doneOf(row).size === row.cells.rows) return toChunk(row, []);
    const content = await blobs.read(blobName(row.partition, row.key));
    return toChunk(
      row,
      content === undefined ? [] : (parseJson(content, 0, content.length, maxDepth) as QuarantinedRow[]),
    );
  };

  return {
    async keepRejected(ingestion, rejections, window) {
      const { dealerId, runId, entity, sourceId, epoch, captured, attempt } = ingestion;
      const rows = rejections.map(({ input, errors }) => ({ given: { input }, errors }));
      const prefix = `${keyOf(runId)}.i${attempt}-${window}`;
      await keep({ dealerId, runId, entity, sourceId, stage: 'ingest', epoch, captured }, prefix, rows);
    },
    async keepUnwritable(message, unwritable) {
      const runId = message.run_id as RunId;
      const rows = unwritable.map(({ change, error }) => ({ given: { change }, errors: [error] }));
      const which = hash('sha256', unwritable.map(({ change }) => change.id).join('\n'), 'hex').slice(0, 12);
      const prefix = `${keyOf(runId)}.w${message.attempt}-${message.seq}-${which}`;
      const { dealer_id: dealerId, entity, source_id: sourceId } = message;
      await keep({ dealerId, runId, entity, sourceId, stage: 'write', epoch: 0, captured: null }, prefix, rows);
    },
    keepUnreadable: (body, why) => keepUnreadable(blobs, body, why),
    async list(dealerId, { runId, limit, from }) {
      const prefix = runId === undefined ? undefined : `${keyOf(runId)}.`;
      const start = from ?? prefix;
      const page = await table.list(dealerId, {
        limit: limit + 1,
        ...(start === undefined ? {} : { from: start }),
        ...(prefix === undefined ? {} : { to: `${prefix}~` }),
      });
      const next = page.rows[limit];
      const chunks = await Promise.all(page.rows.slice(0, limit).map(load));
      return next === undefined ? { chunks } : { chunks, continuation: next.key };
    },
    async get(dealerId, chunkId) {
      const row = await table.get(dealerId, chunkId);
      return row === undefined ? undefined : await load(row);
    },
    async markDone(chunk, positions) {
      const more = [...positions];
      let isMarked = false;
      while (!isMarked) {
        const row = await table.get(chunk.dealerId, chunk.id);
        if (row === undefined) return;
        const done = doneOf(row);
        for (const position of more) done.add(position);
        const cells = { ...row.cells, done: [...done].sort((a, b) => a - b).join(',') };
        isMarked = await unlessChanged(() => table.replace(row, cells));
      }
    },
    async purge(dealerId, before) {
      let removed = 0;
      const from = String(9_999_999_999_999 - before.getTime()).padStart(13, '0');
      for await (const row of table.rows(dealerId, { from })) {
        await table.remove(row.partition, row.key);
        removed++;
      }
      return removed;
    },
  };
}

function keepLiteral(_key: string, value: unknown): unknown {
  return value instanceof NumberLiteral ? toRawJson(value) : value;
}

function keyOf(runId: RunId): string {
  const parsed = parseRunId(runId);
  if (parsed === undefined) throw new AdpError('INTERNAL', 'This is no run id.');
  return parsed.key;
}

function blobName(dealerId: string, chunkId: string): string {
  return `${dealerId}/${chunkId}.json`;
}

function doneOf(row: Row): Set<number> {
  const { done } = row.cells;
  return new Set(typeof done === 'string' && done !== '' ? done.split(',').map(Number) : []);
}

function toChunk(row: Row, rows: readonly QuarantinedRow[]): Chunk {
  const { cells } = row;
  const entity = String(cells.entity);
  if (!isEntityName(entity)) throw new AdpError('INTERNAL', 'A quarantined row in the store has an unknown entity.');
  return {
    id: row.key,
    dealerId: row.partition,
    runId: String(cells.run_id) as RunId,
    entity,
    sourceId: typeof cells.source_id === 'string' ? cells.source_id : null,
    stage: String(cells.stage) as Stage,
    epoch: Number(cells.epoch),
    captured: typeof cells.captured === 'string' ? (cells.captured as Instant) : null,
    at: new Date(String(cells.at)),
    rows,
    done: doneOf(row),
  };
}
