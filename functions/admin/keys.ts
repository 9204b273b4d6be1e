import { keyIdPattern } from '../../shared/auth/keyText.ts';
import { scopePattern } from '../../shared/auth/scopes.ts';
import { checkJson } from '../../shared/check.ts';
import { listQuery, pageOf, pageSchema } from '../http/page.ts';
import { fail } from '../http/problem.ts';
import { type Route, route } from '../http/route.ts';

const scopes = {
  type: 'array',
  minItems: 1,
  maxItems: 100,
  uniqueItems: true,
  items: { type: 'string', pattern: scopePattern },
  description: 'admin, ingest:{dealerId} or read:{dealerId}.',
  examples: [['ingest:acme', 'read:acme']],
} as const;

const name = { type: 'string', minLength: 1, maxLength: 200, description: 'Whose key it is.' } as const;

const expires_at = {
  type: 'string',
  format: 'date-time',
  description: 'From when on it is refused. Default: never.',
} as const;

const keyRequest = checkJson({
  title: 'KeyRequest',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'scopes'],
  properties: { name, scopes, expires_at },
} as const);

const shown = {
  id: { type: 'string', pattern: keyIdPattern, description: 'Public; part of the key.' },
  name,
  scopes,
  created_at: { type: 'string', format: 'date-time' },
  expires_at,
} as const;

const keySchema = {
  title: 'Key',
  type: 'object',
  required: ['id', 'name', 'scopes', 'created_at'],
  properties: {
    ...shown,
    last_used_at: { type: 'string', format: 'date-time', description: 'To within some minutes.' },
  },
} as const;

const newKeySchema = {
  title: 'NewKey',
  type: 'object',
  required: ['id', 'key', 'name', 'scopes', 'created_at'],
  properties: { ...shown, key: { type: 'string', description: 'The key itself. It is shown this once.' } },
} as const;

const example = { name: 'DMS of Acme', scopes: ['ingest:acme', 'read:acme'] };

export function keyRoutes(): Route[] {
  return [
    route({
      name: 'adminKeysCreate',
      method: 'POST',
      path: 'admin/keys',
      tag: 'admin',
      summary: 'Make an API key',
      description: 'The answer is the only place where the key is ever shown: only its SHA-256 is kept.',
      access: 'admin',
      body: { json: keyRequest, example },
      responses: { 201: { description: 'The key.', schema: newKeySchema } },
      async handler({ app, body, caller, log }) {
        const key = await app.keys.create(body);
        log.info('A key was made.', { key_id: key.id, scopes: key.scopes.join(' '), by: caller.id });
        return { status: 201, body: key };
      },
    }),
    route({
      name: 'adminKeysList',
      method: 'GET',
      path: 'admin/keys',
      tag: 'admin',
      summary: 'The API keys, without the keys themselves',
      access: 'admin',
      query: listQuery,
      responses: { 200: { description: 'The keys, by id.', schema: pageSchema('Keys', keySchema) } },
      handler: async ({ app, query, url }) =>
        pageOf(query, url, ({ from }) => app.keys.list(from === undefined ? {} : { from }), {
          idOf: ({ id }) => id,
          show: (key) => key,
        }),
    }),
    route({
      name: 'adminKeysDelete',
      method: 'DELETE',
      path: 'admin/keys/{keyId}',
      tag: 'admin',
      summary: 'Delete an API key',
      description: 'It is refused at once by the instance that answers, and within 15 seconds by all others.',
      access: 'admin',
      responses: { 204: { description: 'It is gone.' }, 404: { description: 'There is no such key.' } },
      async handler({ app, params, caller, log }) {
        const removed = await app.keys.remove(params.keyId);
        app.authenticator.forget(params.keyId);
        if (!removed) fail(404, 'DATA_ERROR', 'There is no such key.');
        log.info('A key was deleted.', { key_id: params.keyId, by: caller.id });
        return { status: 204 };
      },
    }),
  ];
}
