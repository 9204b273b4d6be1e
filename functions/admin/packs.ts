import { uncheckedJson } from '../../shared/check.ts';
import { namePattern } from '../../shared/sources/dealer.ts';
import { packSchema } from '../../shared/sources/source.ts';
import { listQuery, pageOf, pageSchema } from '../http/page.ts';
import { type Route, route } from '../http/route.ts';
import { removeKept, saveKept, showKept } from './configured.ts';
import { ifMatchHeader } from './etag.ts';

const path = 'admin/packs/{name}';
const etagHeader = { ETag: 'Of the pack, for If-Match.' };
const example = {
  description: 'What every dealer with this DMS shares.',
  entities: {
    part_stock: { mapping: { part_number: 'ProductNumber', on_hand: 'Quantity' }, modified: 'ModifiedDate' },
  },
};

const packItem = {
  title: 'PackItem',
  type: 'object',
  required: ['name', 'entities'],
  properties: { name: { type: 'string', pattern: namePattern }, ...packSchema.properties },
} as const;

export function packRoutes(): Route[] {
  return [
    route({
      name: 'adminPacksPut',
      method: 'PUT',
      path,
      tag: 'admin',
      summary: 'Create or replace a pack',
      description:
        'Refused if it would break a source that extends it. Where it gives rows another meaning, epochs rise.',
      access: 'admin',
      headers: ifMatchHeader,
      body: { json: uncheckedJson(packSchema), example },
      responses: {
        200: { description: 'It was replaced.', schema: packSchema, headers: etagHeader },
        201: { description: 'It was created.', schema: packSchema, headers: etagHeader, example },
        412: { description: 'It was changed since.' },
      },
      handler: async ({ app, params, body, headers }) =>
        saveKept(
          headers,
          body,
          () => app.packs.read(params.name),
          (etag) => app.configuration.savePack(params.name, body, etag),
        ),
    }),
    route({
      name: 'adminPacksGet',
      method: 'GET',
      path,
      tag: 'admin',
      summary: 'A pack',
      access: 'admin',
      responses: {
        200: { description: 'The pack.', schema: packSchema, headers: etagHeader, example },
        404: { description: 'There is no such pack.' },
      },
      handler: async ({ app, params }) => showKept(await app.packs.read(params.name), 'pack'),
    }),
    route({
      name: 'adminPacksList',
      method: 'GET',
      path: 'admin/packs',
      tag: 'admin',
      summary: 'The packs',
      access: 'admin',
      query: listQuery,
      responses: { 200: { description: 'The packs, by name.', schema: pageSchema('Packs', packItem) } },
      handler: async ({ app, query, url }) =>
        pageOf(query, url, ({ from }) => app.packs.list(from), {
          idOf: ({ id }) => id,
          show: ({ id, value }) => ({ name: id, ...value }),
        }),
    }),
    route({
      name: 'adminPacksDelete',
      method: 'DELETE',
      path,
      tag: 'admin',
      summary: 'Delete a pack',
      access: 'admin',
      headers: ifMatchHeader,
      responses: {
        204: { description: 'It is gone.' },
        404: { description: 'There is no such pack.' },
        409: { description: 'Sources extend it.' },
        412: { description: 'It was changed since.' },
      },
      handler: async ({ app, params, headers }) =>
        removeKept(headers, await app.packs.read(params.name), 'pack', (pack) => app.configuration.removePack(pack)),
    }),
  ];
}
