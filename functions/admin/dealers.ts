import { checkText, uncheckedJson } from '../../shared/check.ts';
import { dealerSchema, namePattern } from '../../shared/sources/dealer.ts';
import { listQuery, pageOf, pageSchema } from '../http/page.ts';
import { type Route, route } from '../http/route.ts';
import { removeKept, saveKept, showKept } from './configured.ts';
import { ifMatchHeader } from './etag.ts';

const path = 'admin/dealers/{dealerId}';
const etagHeader = { ETag: 'Of the dealer, for If-Match.' };
const example = { name: 'Acme Equipment', time_zone: 'America/Chicago', currency: 'USD' };

const removeQuery = checkText({
  type: 'object',
  additionalProperties: false,
  properties: { purge: { type: 'boolean', description: "Delete the dealer's records too. Default: false." } },
} as const);

const dealerItem = {
  title: 'DealerItem',
  type: 'object',
  required: ['dealer_id', 'name'],
  properties: { dealer_id: { type: 'string', pattern: namePattern }, ...dealerSchema.properties },
} as const;

export function dealerRoutes(): Route[] {
  return [
    route({
      name: 'adminDealersPut',
      method: 'PUT',
      path,
      tag: 'admin',
      summary: 'Create or replace a dealer',
      description:
        'A change of the zone raises the epoch of all its entities: what is sent again wins over what is held.',
      access: 'admin',
      headers: ifMatchHeader,
      body: { json: uncheckedJson(dealerSchema), example },
      responses: {
        200: { description: 'It was replaced.', schema: dealerSchema, headers: etagHeader },
        201: { description: 'It was created.', schema: dealerSchema, headers: etagHeader, example },
        412: { description: 'It was changed since.' },
      },
      handler: async ({ app, params, body, headers }) =>
        saveKept(
          headers,
          body,
          () => app.dealers.read(params.dealerId),
          (etag) => app.configuration.saveDealer(params.dealerId, body, etag),
        ),
    }),
    route({
      name: 'adminDealersGet',
      method: 'GET',
      path,
      tag: 'admin',
      summary: 'A dealer',
      access: 'admin',
      responses: {
        200: { description: 'The dealer.', schema: dealerSchema, headers: etagHeader, example },
        404: { description: 'There is no such dealer.' },
      },
      handler: async ({ app, params }) => showKept(await app.dealers.read(params.dealerId), 'dealer'),
    }),
    route({
      name: 'adminDealersList',
      method: 'GET',
      path: 'admin/dealers',
      tag: 'admin',
      summary: 'The dealers',
      access: 'admin',
      query: listQuery,
      responses: { 200: { description: 'The dealers, by id.', schema: pageSchema('Dealers', dealerItem) } },
      handler: async ({ app, query, url }) =>
        pageOf(query, url, ({ from }) => app.dealers.list(from), {
          idOf: ({ id }) => id,
          show: ({ id, value }) => ({ dealer_id: id, ...value }),
        }),
    }),
    route({
      name: 'adminDealersDelete',
      method: 'DELETE',
      path,
      tag: 'admin',
      summary: 'Delete a dealer and its sources',
      description: 'If it fails halfway, the dealer stays, disabled, and can be deleted again.',
      access: 'admin',
      headers: ifMatchHeader,
      query: removeQuery,
      responses: {
        204: { description: 'It is gone.' },
        404: { description: 'There is no such dealer.' },
        409: { description: 'It still has records and `purge` is not set.' },
        412: { description: 'It was changed since.' },
      },
      async handler({ app, params, query, headers, caller, log }) {
        const { dealerId } = params;
        const answer = await removeKept(headers, await app.dealers.read(dealerId), 'dealer', (_, etag) =>
          app.configuration.removeDealer(dealerId, { etag, purge: query.purge === true }),
        );
        log.info('A dealer was deleted.', { dealer_id: dealerId, purge: query.purge === true, by: caller.id });
        return answer;
      },
    }),
  ];
}
