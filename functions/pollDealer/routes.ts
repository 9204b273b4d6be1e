import type { App } from '../../shared/app.ts';
import { checkText } from '../../shared/check.ts';
import { errorCodes } from '../../shared/errors.ts';
import { entities, isEntityName } from '../../shared/model/entities.ts';
import { readModes } from '../../shared/sync/poll/cursorStore.ts';
import { fail } from '../http/problem.ts';
import { type Route, route } from '../http/route.ts';

const path = 'admin/dealers/{dealerId}/sources/{sourceId}';
const entityNames = { type: 'string', enum: Object.keys(entities) } as const;
const time = { type: ['string', 'null'], format: 'date-time' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const refusals = {
  404: { description: 'There is no such dealer or source.' },
  409: { description: 'The dealer or the source is disabled.' },
} as const;

const triggerQuery = checkText({
  type: 'object',
  additionalProperties: false,
  properties: {
    entity: { ...entityNames, description: 'Only this entity. Default: all that the source brings.' },
    mode: {
      type: 'string',
      enum: readModes,
      description:
        'changes: what has changed since the cursor. all: everything, to be compared: what is not in it is deleted. keys: all keys, in order to find what was deleted. Default: as the source is configured.',
    },
  },
} as const);

const triggerSchema = {
  title: 'Trigger',
  type: 'object',
  required: ['runs'],
  properties: {
    runs: { type: 'array', items: { type: 'string' }, description: 'One an entity: GET /api/v1/runs/{runId}.' },
  },
} as const;

const checkSchema = {
  title: 'SourceCheck',
  type: 'object',
  required: ['ok', 'findings'],
  properties: {
    ok: { type: 'boolean', description: 'False where a finding is an error.' },
    findings: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'level', 'detail'],
        properties: {
          name: { type: 'string', examples: ['login', 'privileges', 'columns', 'cursor index', 'clock'] },
          level: { enum: ['ok', 'warning', 'error'] },
          detail: { type: 'string', description: 'What was found, and what to do about it.' },
          entity: entityNames,
        },
      },
    },
  },
} as const;

const statusSchema = {
  title: 'SourceStatus',
  type: 'object',
  required: [
    'dealer_id',
    'source_id',
    'enabled',
    'last_success',
    'last_error',
    'parked',
    'breaker',
    'next_run',
    'entities',
  ],
  properties: {
    dealer_id: { type: 'string' },
    source_id: { type: 'string' },
    enabled: { type: 'boolean', description: 'False where the source or its dealer is disabled: it is not polled.' },
    last_success: { ...time, description: 'When a poll last ended without an error.' },
    last_error: {
      type: ['object', 'null'],
      description: 'It may be older than the last success.',
      properties: {
        code: { enum: errorCodes },
        detail: { type: 'string' },
        advice: { type: 'string', description: 'What to do.' },
        at: { type: 'string', format: 'date-time' },
      },
    },
    parked: {
      type: ['object', 'null'],
      description:
        'Not polled by schedule until the secret has another version, the configuration was changed, or the source is triggered.',
      properties: {
        code: { enum: errorCodes },
        detail: { type: 'string' },
        advice: { type: 'string' },
        since: { type: 'string', format: 'date-time' },
      },
    },
    breaker: {
      type: 'object',
      description: 'open: the source failed too often and is left alone until then.',
      properties: { state: { enum: ['closed', 'open', 'half-open'] }, until: time },
    },
    next_run: { ...time, description: 'When it is next due by schedule; null where it never is.' },
    entities: {
      type: 'object',
      description: 'By entity.',
      additionalProperties: {
        type: 'object',
        properties: {
          cursor: { type: ['string', 'null'], description: 'How far it was read, in the words of the source.' },
          reading: {
            type: ['object', 'null'],
            description: 'The read that is under way, or was cut off.',
            properties: { run_id: { type: 'string' }, pages: count, rows: count },
          },
          reads: {
            type: 'object',
            description: 'The last read by mode: changes, all, keys.',
            additionalProperties: {
              type: 'object',
              properties: {
                run_id: { type: 'string' },
                at: { type: 'string', format: 'date-time' },
                outcome: { enum: ['done', 'failed'] },
                counts: { type: 'object', additionalProperties: count },
                code: { enum: errorCodes },
              },
            },
          },
        },
      },
    },
  },
} as const;

/** @throws a 404 problem */
async function requireSource(app: App, dealerId: string, sourceId: string): Promise<void> {
  const [dealer, source] = await Promise.all([app.dealers.read(dealerId), app.sources.read(dealerId, sourceId)]);
  if (dealer === undefined || source === undefined) fail(404, 'DATA_ERROR', 'There is no such dealer or source.');
}

/** What operators do with sources that are polled. */
export function pollRoutes(): Route[] {
  return [
    route({
      name: 'adminSourcesTrigger',
      method: 'POST',
      path: `${path}/trigger`,
      tag: 'admin',
      summary: 'Poll a source now',
      description:
        'Outside its windows too. A parked source is tried again. If it is being polled already for what is asked, the answer names the runs of that poll; if for something else, it is refused with one of them.',
      access: 'admin',
      startsPolls: true,
      query: triggerQuery,
      responses: {
        202: { description: 'It is being polled.', schema: triggerSchema },
        ...refusals,
        409: {
          description: `${refusals[409].description} Or it is being polled for something else, by the run_id that is told: ask again once that is closed.`,
        },
      },
      async handler({ app, params: { dealerId, sourceId }, query, polls, caller, log }) {
        await requireSource(app, dealerId, sourceId);
        if (polls === undefined) throw new Error('The route was registered without a client of orchestrations.');
        const { entity, mode } = query;
        const asked = {
          ...(entity !== undefined && isEntityName(entity) ? { entity } : {}),
          ...(mode === undefined ? {} : { mode }),
        };
        const { kind, runs } = await app.polling.trigger(dealerId, sourceId, asked, polls);
        if (kind === 'busy') {
          const detail = `The source is being polled already, and not for what is asked (${runs.join(', ')}). Ask again once that is over.`;
          fail(409, 'CONFLICT', detail, { run_id: runs[0] });
        }
        log.info('A source was triggered.', { dealer_id: dealerId, source_id: sourceId, by: caller.id });
        return { status: 202, body: { runs } };
      },
    }),
    route({
      name: 'adminSourcesCheck',
      method: 'POST',
      path: `${path}/check`,
      tag: 'admin',
      summary: 'Test the connection of a source that is polled',
      description:
        'Nothing is written, neither there nor here. A disabled source can be checked, too. What was not checked within half a minute is named.',
      access: 'admin',
      responses: {
        200: { description: 'What was found.', schema: checkSchema },
        404: refusals[404],
      },
      async handler({ app, params: { dealerId, sourceId } }) {
        await requireSource(app, dealerId, sourceId);
        const findings = await app.polling.check(dealerId, sourceId);
        return { status: 200, body: { ok: findings.every(({ level }) => level !== 'error'), findings } };
      },
    }),
    route({
      name: 'adminSourcesStatus',
      method: 'GET',
      path: `${path}/status`,
      tag: 'admin',
      summary: 'How a polled source is doing',
      access: 'admin',
      responses: { 200: { description: 'Its status.', schema: statusSchema }, 404: refusals[404] },
      async handler({ app, params: { dealerId, sourceId } }) {
        await requireSource(app, dealerId, sourceId);
        return { status: 200, body: await app.polling.status(dealerId, sourceId) };
      },
    }),
  ];
}
