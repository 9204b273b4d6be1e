import { checkJson, checkText } from '../../shared/check.ts';
import { AdpError, type ErrorCode, errorCodes } from '../../shared/errors.ts';
import { type EntityName, entities } from '../../shared/model/entities.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';
import { parseRunId, type RunId } from '../../shared/model/run.ts';
import type { Chunk, QuarantinedRow } from '../../shared/sync/quarantined.ts';
import { openContinuation, sealContinuation } from '../http/continuation.ts';
import { continuationSchema, defaultLimit, limitSchema, pageAnswer, pageSchema } from '../http/page.ts';
import { fail } from '../http/problem.ts';
import { type Route, route } from '../http/route.ts';
import { rowErrorSchema } from '../runs/runDocument.ts';

const rowSchema = {
  title: 'QuarantinedRow',
  type: 'object',
  required: ['id', 'run_id', 'entity', 'source_id', 'stage', 'at', 'errors'],
  properties: {
    id: { type: 'string' },
    run_id: { type: 'string' },
    entity: { enum: Object.keys(entities) },
    source_id: { type: ['string', 'null'] },
    stage: {
      enum: ['ingest', 'write'],
      description: 'ingest: it could not be read, mapped or validated. write: Cosmos DB refuses the record.',
    },
    at: { type: 'string', format: 'date-time' },
    index: { type: 'integer', minimum: 0, description: 'Its position in the run, from 0.' },
    row: { type: 'integer', minimum: 1, description: 'Its line or number, from 1.' },
    values: { type: 'object', description: 'The row as the dealer sent it.' },
    raw: { type: 'string', description: 'Where it could not be read: its first 2,000 characters.' },
    record_id: { type: 'string', description: 'Stage write: the record.' },
    errors: { type: 'array', items: rowErrorSchema },
  },
} as const;

const listQuery = checkText({
  type: 'object',
  additionalProperties: false,
  properties: {
    run: { type: 'string', maxLength: 200, description: 'Only rows of this run.' },
    limit: limitSchema,
    continuation: continuationSchema,
  },
} as const);

const replayRequest = checkJson({
  title: 'ReplayRequest',
  type: 'object',
  additionalProperties: false,
  properties: {
    ids: { type: 'array', items: { type: 'string', maxLength: 200 }, minItems: 1, maxItems: 10_000 },
    run_id: { type: 'string', maxLength: 200, description: 'Only rows of this run.' },
  },
} as const);

const replayed = {
  title: 'Replay',
  type: 'object',
  required: ['rows', 'runs', 'complete'],
  properties: {
    rows: { type: 'integer', minimum: 0, description: 'Rows that were sent again.' },
    runs: { type: 'array', items: { type: 'string' }, description: 'The runs that do it.' },
    complete: { type: 'boolean', description: 'False: there are more; ask again.' },
    errors: {
      type: 'array',
      description: 'Sources whose rows stay, since they or their mapping are gone; the rows of others were sent.',
      items: {
        type: 'object',
        required: ['source_id', 'entity', 'code', 'detail'],
        properties: {
          source_id: { type: ['string', 'null'] },
          entity: { enum: Object.keys(entities) },
          code: { enum: errorCodes },
          detail: { type: 'string' },
        },
      },
    },
  },
} as const;

/** Chunks that one request replays at most: it has to end in time. */
const chunksARequest = 50;
/** Chunks that are fetched at once, and how often one request does so: most may have been replayed. */
const chunksAPage = 10;
const pagesARequest = 50;

/** Rows that could not be applied. */
export function quarantineRoutes(): Route[] {
  return [
    route({
      name: 'quarantineList',
      method: 'GET',
      path: 'dealers/{dealerId}/quarantine',
      tag: 'quarantine',
      summary: 'Rows that could not be applied, the newest runs first',
      access: { anyOf: ['read', 'ingest'] },
      query: listQuery,
      responses: { 200: { description: 'The rows.', schema: pageSchema('Quarantine', rowSchema) } },
      async handler({ app, params, query, url }) {
        const { limit = defaultLimit, continuation } = query;
        const runId = runOf(query.run, params.dealerId);
        let at = continuation === undefined ? undefined : positionOf(openContinuation(url, continuation));
        const items: unknown[] = [];
        for (let pages = 1; ; pages++) {
          const page = await app.quarantine.list(params.dealerId, {
            limit: chunksAPage,
            ...(runId === undefined ? {} : { runId }),
            ...(at === undefined ? {} : { from: at.chunk }),
          });
          for (const chunk of page.chunks) {
            const start = at?.chunk === chunk.id ? at.position : 0;
            for (const [position, row] of chunk.rows.entries()) {
              if (position < start || chunk.done.has(position)) continue;
              if (items.length === limit)
                return pageAnswer(items, sealContinuation(url, `${chunk.id}.${position}`), url);
              items.push(show(chunk, position, row));
            }
          }
          if (page.continuation === undefined) return pageAnswer(items, undefined, url);
          at = { chunk: page.continuation, position: 0 };
          if (pages === pagesARequest) return pageAnswer(items, sealContinuation(url, `${at.chunk}.0`), url);
        }
      },
    }),
    route({
      name: 'quarantineReplayOne',
      method: 'POST',
      path: 'dealers/{dealerId}/quarantine/{rowId}/replay',
      tag: 'quarantine',
      summary: "Send a quarantined row again, with today's mapping",
      description: 'With the version that it had: what is newer stands.',
      access: { anyOf: ['ingest'] },
      responses: {
        202: { description: 'It is on its way.', schema: replayed },
        404: { description: 'There is no such row, or it was replayed.' },
      },
      async handler({ app, params }) {
        const at = positionOf(params.rowId, 404);
        const chunk = await app.quarantine.get(params.dealerId, at.chunk);
        const run = chunk === undefined ? undefined : await app.replay(chunk, new Set([at.position]));
        if (run === undefined) return fail(404, 'DATA_ERROR', 'There is no such row in quarantine.');
        return { status: 202, body: { rows: 1, runs: [run.runId], complete: true } };
      },
    }),
    route({
      name: 'quarantineReplay',
      method: 'POST',
      path: 'dealers/{dealerId}/quarantine/replay',
      tag: 'quarantine',
      summary: "Send quarantined rows again, with today's mapping",
      description: 'All of them, those of a run, or those that are named.',
      access: { anyOf: ['ingest'] },
      body: { json: replayRequest, optional: true },
      responses: { 202: { description: 'They are on their way.', schema: replayed } },
      async handler({ app, params, body }) {
        const { dealerId } = params;
        const wanted = body?.ids === undefined ? undefined : positionsOf(body.ids);
        const runs: string[] = [];
        const errors: { source_id: string | null; entity: EntityName; code: ErrorCode; detail: string }[] = [];
        let rows = 0;
        const again = async (chunk: Chunk, positions: ReadonlySet<number>) => {
          const { sourceId, entity } = chunk;
          if (errors.some((known) => known.source_id === sourceId && known.entity === entity)) return;
          const open = [...positions].filter((position) => position < chunk.rows.length && !chunk.done.has(position));
          try {
            const run = await app.replay(chunk, positions);
            if (run === undefined) return;
            runs.push(run.runId);
            rows += open.length;
          } catch (error) {
            // Rows of a source that is gone don't keep back those of others.
            if (!(error instanceof AdpError && error.code === 'CONFIG_ERROR')) throw error;
            errors.push({ source_id: sourceId, entity, code: error.code, detail: error.message });
          }
        };
        const answer = (complete: boolean) => ({
          status: 202,
          body: { rows, runs, complete, ...(errors.length === 0 ? {} : { errors }) },
        });
        if (wanted !== undefined) {
          for (const [id, positions] of wanted) {
            const chunk = await app.quarantine.get(dealerId, id);
            if (chunk !== undefined) await again(chunk, positions);
          }
          return answer(true);
        }
        const runId = runOf(body?.run_id, dealerId);
        let from: string | undefined;
        do {
          const page = await app.quarantine.list(dealerId, {
            limit: chunksAPage,
            ...(runId === undefined ? {} : { runId }),
            ...(from === undefined ? {} : { from }),
          });
          for (const chunk of page.chunks) {
            // What a replay itself has just quarantined again is not replayed once more.
            if (!runs.includes(chunk.runId)) await again(chunk, new Set(chunk.rows.keys()));
          }
          from = page.continuation;
        } while (from !== undefined && runs.length < chunksARequest);
        return answer(from === undefined);
      },
    }),
  ];
}

function show(chunk: Chunk, position: number, { given, errors }: QuarantinedRow) {
  const row =
    'change' in given
      ? { record_id: given.change.id }
      : {
          index: given.input.index,
          ...(given.input.row === undefined ? {} : { row: given.input.row }),
          ...('values' in given.input ? { values: plain(given.input.values) } : { raw: given.input.raw }),
        };
  return {
    id: `${chunk.id}.${position}`,
    run_id: chunk.runId,
    entity: chunk.entity,
    source_id: chunk.sourceId,
    stage: chunk.stage,
    at: chunk.at.toISOString(),
    ...row,
    errors,
  };
}

/** Values as JSON shows them: a number that JavaScript would change appears as the text that it was. */
function plain(value: unknown): unknown {
  if (value instanceof NumberLiteral) return value.text;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

interface Position {
  readonly chunk: string;
  readonly position: number;
}

const rowIdPattern = /^(\d{13}[0-9a-z]{10}\.[iw]\d+-[0-9a-f-]+\.\d{4})\.(\d{1,4})$/;

/** @throws a problem for what is no id of a quarantined row */
function positionOf(rowId: string, status = 400): Position {
  const [, chunk, position] = rowIdPattern.exec(rowId) ?? [];
  if (chunk === undefined) return fail(status, 'DATA_ERROR', 'This is no id of a quarantined row.');
  return { chunk, position: Number(position) };
}

function positionsOf(ids: readonly string[]): Map<string, Set<number>> {
  const chunks = new Map<string, Set<number>>();
  for (const id of ids) {
    const { chunk, position } = positionOf(id);
    chunks.set(chunk, (chunks.get(chunk) ?? new Set()).add(position));
  }
  return chunks;
}

function runOf(text: string | undefined, dealerId: string): RunId | undefined {
  if (text === undefined) return undefined;
  const parsed = parseRunId(text);
  if (parsed?.dealerId !== dealerId) return fail(400, 'DATA_ERROR', "This is no run of this dealer's.");
  return parsed.runId;
}
