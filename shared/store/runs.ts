import { isDeepStrictEqual } from 'node:util';
import { AdpError, isConflict } from '../errors.ts';
import { type EntityName, isEntityName } from '../model/entities.ts';
import {
  type CursorSpan,
  type Door,
  emptyTally,
  newRunId,
  type Progress,
  parseRunId,
  type RowError,
  type Run,
  type RunFile,
  type RunId,
  type RunStatus,
  type Sealed,
  type Tally,
} from '../model/run.ts';
import type { Part, RunStore } from '../sync/runStore.ts';
import { type Cell, type OpenTable, packText, type Row, unlessChanged, unpackText } from './tables.ts';

export interface RunFilter {
  readonly entity?: EntityName;
  readonly status?: RunStatus;
  readonly limit: number;
  readonly continuation?: string;
}

/** The runs' store with what only the routes and the purge need. */
export interface Runs extends RunStore {
  /** Newest first. A filter that fits few runs gives short pages, since one call looks at 20,000 runs at most. */
  list(dealerId: string, filter: RunFilter): Promise<{ runs: Run[]; continuation?: string }>;
  /** Those of an entity that began after a time, newest first. */
  since(dealerId: string, entity: EntityName, startedAfter: Date): AsyncIterable<Run>;
  /** Removes runs and parts that started before. Answers how many rows went. */
  purge(dealerId: string, before: Date): Promise<number>;
}

const openPartition = 'open';

/** A request has to end in time, however many runs there are. */
const runsLookedAt = 20_000;

export function runsIn(openTable: OpenTable): Runs {
  const runs = openTable('runs');
  const parts = openTable('runparts');
  const openRuns = openTable('openruns');

  /** The SDK asks again where an answer was lost, and meets what it has just written itself. */
  const insertOurs = async (dealerId: string, key: string, cells: Record<string, Cell>): Promise<string> => {
    try {
      return await runs.insert(dealerId, key, cells);
    } catch (error) {
      const row = isConflict(error) ? await runs.get(dealerId, key) : undefined;
      if (row !== undefined && isDeepStrictEqual(row.cells, cells)) return row.etag;
      throw error;
    }
  };

  return {
    async open(run) {
      await openRuns.upsert(openPartition, run.runId, {});
      const { key } = locate(run.runId);
      return { run, etag: await insertOurs(run.dealerId, key, toCells(run)) };
    },
    async get(runId) {
      const { dealerId, key } = locate(runId);
      const row = await runs.get(dealerId, key);
      return row === undefined ? undefined : { run: toRun(row), etag: row.etag };
    },
    async list(dealerId, { entity, status, limit, continuation }) {
      const found: Run[] = [];
      const isFiltered = entity !== undefined || status !== undefined;
      let from = continuation;
      for (let seen = 0; ; ) {
        const page = await runs.list(dealerId, {
          limit: isFiltered ? 1_000 : Math.max(limit, 100),
          ...(from === undefined ? {} : { from }),
        });
        for (const row of page.rows) {
          if (found.length === limit) return { runs: found, continuation: row.key };
          const run = toRun(row);
          if ((entity === undefined || run.entity === entity) && (status === undefined || run.status === status)) {
            found.push(run);
          }
        }
        const last = page.rows.at(-1);
        if (page.continuation === undefined || last === undefined) return { runs: found };
        from = `${last.key}0`;
        seen += page.rows.length;
        if (seen >= runsLookedAt) return { runs: found, continuation: from };
      }
    },
    async *since(dealerId, entity, startedAfter) {
      const to = locate(newRunId(dealerId, startedAfter, 'z'.repeat(10))).key;
      for await (const row of runs.rows(dealerId, { to })) {
        const run = toRun(row);
        if (run.entity === entity) yield run;
      }
    },
    async save({ run: before, etag }, run) {
      const { key } = locate(before.runId);
      const now = await runs.replace({ partition: before.dealerId, key, etag }, toCells(run));
      if (before.status !== 'running' && run.status === 'running') await openRuns.upsert(openPartition, run.runId, {});
      return { run, etag: now };
    },
    async addPart(runId, part) {
      const { partition, key } = locatePart(runId, part.attempt, part.seq);
      const cells = {
        ...part.tally,
        ...(part.errors.length === 0 ? {} : packText('errors', JSON.stringify(part.errors))),
      };
      await unlessChanged(() => parts.insert(partition, key, cells));
    },
    async parts(runId, attempt) {
      const { partition, key } = locatePart(runId, attempt, 0);
      const prefix = key.slice(0, -seqDigits);
      const found: Part[] = [];
      for await (const row of parts.rows(partition, { from: prefix, to: `${prefix}~` })) {
        found.push({
          attempt,
          seq: Number(row.key.slice(-seqDigits)),
          tally: toTally(row.cells),
          errors: parseList(unpackText('errors', row.cells)),
        });
      }
      return found;
    },
    async *listOpen() {
      for await (const row of openRuns.rows(openPartition)) {
        const { givenUpAt } = row.cells;
        const given = typeof givenUpAt === 'string' ? { givenUpAt: new Date(givenUpAt) } : {};
        yield { runId: row.key as RunId, etag: row.etag, ...given };
      }
    },
    async noteOpen(runId, givenUpAt) {
      await openRuns.upsert(
        openPartition,
        runId,
        givenUpAt === undefined ? {} : { givenUpAt: givenUpAt.toISOString() },
      );
    },
    async close(runId, etag) {
      await unlessChanged(() => openRuns.remove(openPartition, runId, etag));
    },
    async purge(dealerId, before) {
      let removed = 0;
      const last = locate(
        `${dealerId}.${String(9_999_999_999_999 - before.getTime()).padStart(13, '0')}0000000000` as RunId,
      );
      for await (const row of runs.rows(dealerId, { from: last.key })) {
        const runId = `${row.partition}.${row.key}` as RunId;
        // Of every attempt, also of those that nothing was sealed of.
        const { partition } = locatePart(runId, 0, 0);
        for await (const part of parts.rows(partition, { from: `${row.key}.`, to: `${row.key}.~` })) {
          await parts.remove(part.partition, part.key);
          removed++;
        }
        await openRuns.remove(openPartition, runId);
        await runs.remove(row.partition, row.key);
        removed++;
      }
      return removed;
    },
  };
}

const seqDigits = 8;

function locate(runId: RunId): { dealerId: string; key: string; startedAt: Date } {
  const parsed = parseRunId(runId);
  if (parsed === undefined) throw new AdpError('INTERNAL', 'This is no run id.');
  return parsed;
}

/** Parts grow: they are partitioned by dealer and the day on which their run began. */
function locatePart(runId: RunId, attempt: number, seq: number): { partition: string; key: string } {
  const { dealerId, key, startedAt } = locate(runId);
  return {
    partition: `${dealerId}.${startedAt.toISOString().slice(0, 10)}`,
    key: `${key}.${String(attempt).padStart(4, '0')}.${String(seq).padStart(seqDigits, '0')}`,
  };
}

function toCells(run: Run): Record<string, Cell> {
  return {
    door: run.door,
    ...(run.entity === null ? {} : { entity: run.entity }),
    status: run.status,
    started_at: run.startedAt.toISOString(),
    ...(run.sourceId === null ? {} : { source_id: run.sourceId }),
    ...(run.finishedAt === undefined ? {} : { finished_at: run.finishedAt.toISOString() }),
    ...(run.sealed === undefined ? {} : { sealed: JSON.stringify(run.sealed) }),
    tally: JSON.stringify(run.tally),
    ...(run.progress === undefined ? {} : { progress: JSON.stringify(run.progress) }),
    ...packText('errors', JSON.stringify(run.errors)),
    ...(run.file === undefined ? {} : { file: JSON.stringify(run.file) }),
    ...(run.cursor === undefined ? {} : { cursor: JSON.stringify(run.cursor) }),
    ...(run.notes === undefined ? {} : packText('notes', JSON.stringify(run.notes))),
  };
}

function toRun({ partition, key, cells }: Row): Run {
  const { source_id, finished_at, sealed, progress, file, cursor } = cells;
  const entity = typeof cells.entity === 'string' ? cells.entity : null;
  const notes = unpackText('notes', cells);
  if (entity !== null && !isEntityName(entity))
    throw new AdpError('INTERNAL', 'A run in the store has an unknown entity.');
  return {
    runId: `${partition}.${key}` as RunId,
    dealerId: partition,
    sourceId: typeof source_id === 'string' ? source_id : null,
    entity,
    door: String(cells.door) as Door,
    status: String(cells.status) as RunStatus,
    startedAt: new Date(String(cells.started_at)),
    finishedAt: typeof finished_at === 'string' ? new Date(finished_at) : undefined,
    sealed: typeof sealed === 'string' ? (JSON.parse(sealed) as Sealed) : undefined,
    tally: typeof cells.tally === 'string' ? (JSON.parse(cells.tally) as Tally) : emptyTally,
    errors: parseList(unpackText('errors', cells)),
    ...(typeof file === 'string' ? { file: JSON.parse(file) as RunFile } : {}),
    ...(typeof cursor === 'string' ? { cursor: JSON.parse(cursor) as CursorSpan } : {}),
    ...(notes === undefined ? {} : { notes: JSON.parse(notes) as string[] }),
    ...(typeof progress === 'string' ? { progress: JSON.parse(progress) as Progress } : {}),
  };
}

function toTally(cells: Readonly<Record<string, Cell>>): Tally {
  const n = (name: keyof Tally) => Number(cells[name] ?? 0);
  return {
    inserted: n('inserted'),
    updated: n('updated'),
    deleted: n('deleted'),
    unchanged: n('unchanged'),
    stale: n('stale'),
    held: n('held'),
    quarantined: n('quarantined'),
  };
}

function parseList(text: string | undefined): RowError[] {
  return text === undefined ? [] : (JSON.parse(text) as RowError[]);
}
