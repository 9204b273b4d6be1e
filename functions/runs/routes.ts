import type { App } from '../../shared/app.ts';
import type { Caller } from '../../shared/auth/caller.ts';
import { checkText } from '../../shared/check.ts';
import { entities, isEntityName } from '../../shared/model/entities.ts';
import { parseRunId } from '../../shared/model/run.ts';
import { reach, requireReach } from '../http/access.ts';
import { openContinuation, sealContinuation } from '../http/continuation.ts';
import { continuationSchema, defaultLimit, limitSchema, pageAnswer, pageSchema } from '../http/page.ts';
import { fail } from '../http/problem.ts';
import { type Route, route } from '../http/route.ts';
import { approveRoute } from './approve.ts';
import { runDocument, runSchema } from './runDocument.ts';

const runsQuery = checkText({
  type: 'object',
  additionalProperties: false,
  properties: {
    entity: { type: 'string', enum: Object.keys(entities), description: 'Only runs of this entity.' },
    status: { ...runSchema.properties.status, type: 'string', description: 'Only runs with this status.' },
    limit: limitSchema,
    continuation: continuationSchema,
  },
} as const);

/** @throws a problem, but for an admin and a folder of files that is no dealer's. */
async function requireRuns(app: App, caller: Caller, dealerId: string): Promise<void> {
  if (caller.isAdmin && (await app.runs.list(dealerId, { limit: 1 })).runs.length > 0) return;
  await requireReach(app, caller, dealerId, ['read', 'ingest']);
}

/** What happened. */
export function runRoutes(): Route[] {
  return [
    approveRoute(),
    route({
      name: 'runsGet',
      method: 'GET',
      path: 'runs/{runId}',
      tag: 'runs',
      summary: 'A run and its receipt',
      description: 'May be read with `ingest` or `read` of its dealer; any other key gets 404.',
      access: 'authenticated',
      responses: {
        200: { description: 'The run as it stands now.', schema: runSchema },
        404: { description: 'There is no such run, or it is not yours.' },
      },
      async handler({ app, caller, params }) {
        const parsed = parseRunId(params.runId);
        const reached = parsed && (await reach(app, caller, parsed.dealerId, ['read', 'ingest']));
        // A file in the folder of a dealer that doesn't exist has a run too.
        const visible = reached === 'granted' || (reached === 'no such dealer' && caller.isAdmin);
        const run = visible && parsed ? await app.currentRun(parsed.runId) : undefined;
        if (run === undefined) return fail(404, 'DATA_ERROR', 'There is no such run.');
        return { status: 200, body: runDocument(run) };
      },
    }),
    route({
      name: 'runsList',
      method: 'GET',
      path: 'dealers/{dealerId}/runs',
      tag: 'runs',
      summary: "A dealer's runs, newest first",
      description:
        'With `read` or `ingest` of the dealer. Admins also see runs of files in folders that are no dealer.',
      access: 'authenticated',
      query: runsQuery,
      responses: { 200: { description: 'The runs.', schema: pageSchema('Runs', runSchema) } },
      async handler({ app, caller, params, query, url }) {
        await requireRuns(app, caller, params.dealerId);
        const { entity, status, limit = defaultLimit, continuation } = query;
        const { runs, continuation: next } = await app.runs.list(params.dealerId, {
          limit,
          ...(entity !== undefined && isEntityName(entity) ? { entity } : {}),
          ...(status === undefined ? {} : { status }),
          ...(continuation === undefined ? {} : { continuation: openContinuation(url, continuation) }),
        });
        return pageAnswer(runs.map(runDocument), next === undefined ? undefined : sealContinuation(url, next), url);
      },
    }),
  ];
}
