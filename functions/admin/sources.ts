import type { App } from '../../shared/app.ts';
import { checkText, uncheckedJson } from '../../shared/check.ts';
import { entities, isEntityName } from '../../shared/model/entities.ts';
import type { Kept } from '../../shared/sources/configurations.ts';
import { type Dealer, namePattern } from '../../shared/sources/dealer.ts';
import { sourceSchema } from '../../shared/sources/source.ts';
import { listQuery, pageOf, pageSchema } from '../http/page.ts';
import { fail } from '../http/problem.ts';
import { type Route, route } from '../http/route.ts';
import { removeKept, saveKept, showKept } from './configured.ts';
import { ifMatchHeader } from './etag.ts';

const path = 'admin/dealers/{dealerId}/sources/{sourceId}';
const etagHeader = { ETag: 'Of the source, for If-Match.' };
const notFound = { 404: { description: 'There is no such dealer or source.' } };
const example = {
  connector: 'push',
  time_zone: 'America/Chicago',
  entities: {
    part_stock: {
      mapping: { part_number: 'ProductNumber', on_hand: { from: 'Quantity', transform: ['integer'] } },
      keep_unmapped: true,
      modified: 'ModifiedDate',
    },
  },
};

const sourceItem = {
  title: 'SourceItem',
  type: 'object',
  required: ['source_id', 'connector'],
  properties: { source_id: { type: 'string', pattern: namePattern }, ...sourceSchema.properties },
} as const;

const entityNames = { type: 'string', enum: Object.keys(entities) } as const;

const resetQuery = checkText({
  type: 'object',
  additionalProperties: false,
  properties: { entity: { ...entityNames, description: 'Only this entity. Default: all that the source brings.' } },
} as const);

const resetSchema = {
  title: 'Reset',
  type: 'object',
  required: ['entities'],
  properties: { entities: { type: 'array', items: entityNames, description: 'What starts over.' } },
} as const;

/** The dealer of the path, as it is now. @throws a 404 problem */
async function dealerOf(app: App, dealerId: string): Promise<Kept<Dealer>> {
  return (await app.dealers.read(dealerId)) ?? fail(404, 'DATA_ERROR', 'There is no such dealer.');
}

export function sourceRoutes(): Route[] {
  return [
    route({
      name: 'adminSourcesPut',
      method: 'PUT',
      path,
      tag: 'admin',
      summary: 'Create or replace a source',
      description:
        'All that is wrong is told at once, in `errors`. Where a change gives the rows of an entity another meaning (mapping, `modified`, zone), its epoch rises: what is sent again wins over what is held.',
      access: 'admin',
      headers: ifMatchHeader,
      body: { json: uncheckedJson(sourceSchema), example },
      responses: {
        200: { description: 'It was replaced.', schema: sourceSchema, headers: etagHeader },
        201: { description: 'It was created.', schema: sourceSchema, headers: etagHeader, example },
        404: { description: 'There is no such dealer.' },
        412: { description: 'It was changed since.' },
      },
      async handler({ app, params: { dealerId, sourceId }, body, headers }) {
        const dealer = await dealerOf(app, dealerId);
        return saveKept(
          headers,
          body,
          () => app.sources.read(dealerId, sourceId),
          (etag) => app.configuration.saveSource(dealer, sourceId, body, etag),
        );
      },
    }),
    route({
      name: 'adminSourcesGet',
      method: 'GET',
      path,
      tag: 'admin',
      summary: 'A source',
      access: 'admin',
      responses: {
        200: { description: 'The source.', schema: sourceSchema, headers: etagHeader, example },
        ...notFound,
      },
      handler: async ({ app, params }) => showKept(await app.sources.read(params.dealerId, params.sourceId), 'source'),
    }),
    route({
      name: 'adminSourcesList',
      method: 'GET',
      path: 'admin/dealers/{dealerId}/sources',
      tag: 'admin',
      summary: "A dealer's sources",
      access: 'admin',
      query: listQuery,
      responses: {
        200: { description: 'The sources, by id.', schema: pageSchema('Sources', sourceItem) },
        404: { description: 'There is no such dealer.' },
      },
      async handler({ app, params, query, url }) {
        const dealer = await dealerOf(app, params.dealerId);
        return pageOf(query, url, ({ from }) => app.sources.list(dealer.id, from), {
          idOf: ({ id }) => id,
          show: ({ id, value }) => ({ source_id: id, ...value }),
        });
      },
    }),
    route({
      name: 'adminSourcesDelete',
      method: 'DELETE',
      path,
      tag: 'admin',
      summary: 'Delete a source',
      description: 'Its records stay.',
      access: 'admin',
      headers: ifMatchHeader,
      responses: { 204: { description: 'It is gone.' }, ...notFound, 412: { description: 'It was changed since.' } },
      async handler({ app, params: { dealerId, sourceId }, headers }) {
        const dealer = await dealerOf(app, dealerId);
        return removeKept(headers, await app.sources.read(dealerId, sourceId), 'source', (source) =>
          app.configuration.removeSource(dealer, source),
        );
      },
    }),
    route({
      name: 'adminSourcesReset',
      method: 'POST',
      path: 'admin/dealers/{dealerId}/sources/{sourceId}/reset',
      tag: 'admin',
      summary: 'Let a source start over',
      description: 'What it sends from now on wins over what is held, whatever its times. Nothing is deleted.',
      access: 'admin',
      query: resetQuery,
      responses: { 200: { description: 'It starts over.', schema: resetSchema }, ...notFound },
      async handler({ app, params: { dealerId, sourceId }, query, caller, log }) {
        const source = await app.sources.read(dealerId, sourceId);
        if (source === undefined) return fail(404, 'DATA_ERROR', 'There is no such source.');
        const { entity } = query;
        const only = entity !== undefined && isEntityName(entity) ? entity : undefined;
        const names = await app.configuration.reset(source, dealerId, only);
        if (only !== undefined && names.length === 0) fail(400, 'CONFIG_ERROR', `The source does not bring ${only}.`);
        log.info('A source starts over.', { dealer_id: dealerId, source_id: sourceId, by: caller.id });
        return { status: 200, body: { entities: names } };
      },
    }),
  ];
}
