import { checkText } from '../../shared/check.ts';
import { openContinuation, sealContinuation } from '../http/continuation.ts';
import { defaultLimit, pageAnswer, pageSchema } from '../http/page.ts';
import { fail } from '../http/problem.ts';
import { type Route, route } from '../http/route.ts';
import { filtersOf, includeDeletedSchema, recordsQuery } from './listQuery.ts';
import { recordExample, recordSchema } from './recordDocument.ts';

const getQuery = checkText({
  type: 'object',
  additionalProperties: false,
  properties: { include_deleted: includeDeletedSchema },
} as const);

/** What we hold. */
export function recordRoutes(): Route[] {
  return [
    route({
      name: 'recordsGet',
      method: 'GET',
      path: 'dealers/{dealerId}/{entity}/records/{recordId}',
      tag: 'records',
      summary: 'A record',
      access: { anyOf: ['read'] },
      query: getQuery,
      responses: {
        200: { description: 'The record.', schema: recordSchema, example: recordExample },
        404: { description: 'There is no such record, or it was deleted and `include_deleted` is not set.' },
      },
      async handler({ app, params: { dealerId, entity, recordId }, query }) {
        const record = await app.records.get(dealerId, entity, recordId);
        if (record === undefined || (record.deleted_at !== null && query.include_deleted !== true)) {
          return fail(404, 'DATA_ERROR', `There is no such ${entity}.`);
        }
        return { status: 200, body: record };
      },
    }),
    route({
      name: 'recordsList',
      method: 'GET',
      path: 'dealers/{dealerId}/{entity}/records',
      tag: 'records',
      summary: 'The records of an entity',
      access: { anyOf: ['read'] },
      query: recordsQuery,
      responses: { 200: { description: 'The records.', schema: pageSchema('Records', recordSchema) } },
      async handler({ app, params: { dealerId, entity }, query, url }) {
        const where = filtersOf(entity, url.searchParams);
        const { limit = defaultLimit, continuation, updated_since, include_deleted = false } = query;
        const page = await app.records.list(dealerId, entity, {
          where,
          includeDeleted: include_deleted,
          limit,
          ...(updated_since === undefined ? {} : { updatedSince: sinceOf(updated_since) }),
          ...(continuation === undefined ? {} : { continuation: openContinuation(url, continuation) }),
        });
        const next = page.continuation === undefined ? undefined : sealContinuation(url, page.continuation);
        return pageAnswer(page.items, next, url);
      },
    }),
  ];
}

/** As `ingested_at` is written: to the millisecond. */
function sinceOf(updatedSince: string): string {
  const wanted = new Date(updatedSince);
  if (!Number.isNaN(wanted.getTime())) return wanted.toISOString();
  return fail(400, 'DATA_ERROR', 'updated_since is not a time such as 2026-01-31T12:00:00Z.');
}
