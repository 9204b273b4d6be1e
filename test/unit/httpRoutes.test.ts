import { beforeEach, describe, expect, test } from '@jest/globals';
import { createDispatch, type Dispatch } from '../../functions/http/dispatch.ts';
import { fail } from '../../functions/http/problem.ts';
import { route } from '../../functions/http/route.ts';
import type { App } from '../../shared/app.ts';
import { callerOf } from '../../shared/auth/caller.ts';
import { isScope } from '../../shared/auth/scopes.ts';
import { checkJson, checkText } from '../../shared/check.ts';
import { AdpError } from '../../shared/errors.ts';
import { limitExceeded } from '../../shared/formats/limits.ts';
import { testConfiguration } from '../helpers/configuration.ts';

const seen: unknown[] = [];
let thrown: unknown;

const ok = { 200: { description: 'ok' } };
const common = { tag: 't', summary: 's', responses: ok } as const;

const openQuery = checkText({
  type: 'object',
  additionalProperties: false,
  properties: { limit: { type: 'integer', minimum: 1, maximum: 10 }, all: { type: 'boolean' } },
} as const);

const putBody = checkJson({
  type: 'object',
  additionalProperties: false,
  required: ['a'],
  properties: { a: { type: 'integer' }, b: { type: 'string' } },
} as const);

const routes = [
  route({
    ...common,
    name: 'open',
    method: 'GET',
    path: 'open',
    access: 'anonymous',
    query: openQuery,
    async handler({ query, caller, requestId }) {
      seen.push({ query, caller: caller.id, requestId });
      return { status: 200, body: {} };
    },
  }),
  route({
    ...common,
    name: 'literal',
    method: 'GET',
    path: 'dealers/{dealerId}/runs',
    access: { anyOf: ['read', 'ingest'] },
    async handler({ params }) {
      seen.push(params);
      return { status: 200, body: { route: 'literal' } };
    },
  }),
  route({
    ...common,
    name: 'entity',
    method: 'GET',
    path: 'dealers/{dealerId}/{entity}',
    access: { anyOf: ['read'] },
    async handler({ params }) {
      seen.push(params);
      return { status: 200, body: { route: 'entity' } };
    },
  }),
  route({
    ...common,
    name: 'put',
    method: 'PUT',
    path: 'admin/dealers/{dealerId}',
    access: 'admin',
    body: { json: putBody },
    async handler({ body }) {
      seen.push(body);
      return { status: 204 };
    },
  }),
  route({
    ...common,
    name: 'raw',
    method: 'POST',
    path: 'raw',
    access: 'authenticated',
    body: { raw: ['text/csv'], description: 'csv' },
    async handler({ bytes, mediaType }) {
      let size = 0;
      for await (const chunk of bytes) size += chunk.byteLength;
      seen.push({ size, mediaType });
      return { status: 200, body: {} };
    },
  }),
  route({
    ...common,
    name: 'throws',
    method: 'GET',
    path: 'throws',
    access: 'anonymous',
    handler: () => Promise.reject(thrown),
  }),
];

const logged: string[] = [];
let dispatch: Dispatch;

beforeEach(async () => {
  seen.length = 0;
  logged.length = 0;
  const hub = testConfiguration();
  await hub.dealer('acme');
  await hub.dealer('closed', { enabled: false });
  // Only what routes of this test reach: keys are their own scopes.
  const app: Pick<App, 'clock' | 'dealers' | 'authenticator'> = {
    clock: hub.clock,
    dealers: hub.dealers,
    authenticator: {
      async caller(headers) {
        const key = headers.get('x-api-key');
        if (key === null) throw new AdpError('AUTH_FAILED', 'Send a key.');
        return callerOf('test', key.split(' ').filter(isScope));
      },
      forget: () => {},
    },
  };
  dispatch = createDispatch(app as App, routes);
});

interface Call {
  readonly key?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

async function call(method: string, path: string, { key, headers = {}, body }: Call = {}) {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const log = (text: string) => void logged.push(text);
  const answer = await dispatch(
    {
      method,
      url: `http://127.0.0.1/api/v1/${path}`,
      headers: new Headers({ ...(key === undefined ? {} : { 'x-api-key': key }), ...headers }),
      body: bytes === undefined ? null : new Blob([bytes]).stream(),
    },
    { invocationId: 'invocation-1', info: log, warn: log, error: log },
  );
  return { ...answer, body: answer.body === undefined ? undefined : JSON.parse(answer.body) };
}

const json = { 'content-type': 'application/json' };

describe('a path', () => {
  test('that leads nowhere is a problem document', async () => {
    for (const path of ['nope', '', 'open/', 'dealers//runs', 'dealers/%E0%A4%A/runs', 'OPEN']) {
      const answer = await call('GET', path);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.body).toMatchObject({ type: 'about:blank', title: 'Not Found', status: 404, code: 'DATA_ERROR' });
      expect(answer.body.instance).toBe(new URL(`http://x/api/v1/${path}`).pathname);
    }
  });

  test('that has other methods names them', async () => {
    const answer = await call('DELETE', 'open');
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
    expect((await call('HEAD', 'raw', { key: 'admin' })).status).toBe(405);
  });

  test('answers HEAD as GET, without the body', async () => {
    for (const path of ['open', 'dealers/acme/runs', 'throws']) {
      const { body, ...got } = await call('GET', path);
      expect(body).toBeDefined();
      expect(await call('HEAD', path)).toEqual({ ...got, body: undefined });
    }
  });

  test('goes to the route with the literal, not the parameter', async () => {
    expect((await call('GET', 'dealers/acme/runs', { key: 'read:acme' })).body).toEqual({ route: 'literal' });
    expect((await call('GET', 'dealers/acme/part', { key: 'read:acme' })).body).toEqual({ route: 'entity' });
    expect(seen).toEqual([{ dealerId: 'acme' }, { dealerId: 'acme', entity: 'part' }]);
  });

  test('with an entity that does not exist says which do', async () => {
    const answer = await call('GET', 'dealers/acme/parts', { key: 'read:acme' });
    expect(answer).toMatchObject({ status: 404, body: { detail: expect.stringContaining('part_stock') } });
  });

  test('with an impossible name is not found, or refused where it would be created', async () => {
    expect((await call('GET', 'dealers/A!/runs', { key: 'admin' })).status).toBe(404);
    const put = await call('PUT', 'admin/dealers/A!', { key: 'admin', headers: json, body: '{"a":1}' });
    expect(put).toMatchObject({ status: 400, body: { detail: expect.stringContaining('must match') } });
  });
});

describe('access', () => {
  test.each([
    ['no key', undefined, 'acme', 401],
    ['no scope', 'ingest:other', 'acme', 403],
    ['the scope of another dealer with a longer name', 'read:acme2', 'acme', 403],
    ['its scope', 'read:acme', 'acme', 200],
    ['any of the scopes', 'ingest:acme', 'acme', 200],
    ['admin', 'admin', 'acme', 200],
    ['a scope for a dealer that does not exist', 'read:gone', 'gone', 403],
    ['admin, of a dealer that does not exist', 'admin', 'gone', 404],
    ['its scope, of a disabled dealer', 'read:closed', 'closed', 403],
    ['admin, of a disabled dealer', 'admin', 'closed', 200],
  ])('with %s', async (_, key, dealer, status) => {
    const answer = await call('GET', `dealers/${dealer}/runs`, key === undefined ? {} : { key });
    expect(answer.status).toBe(status);
    if (status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer realm="adp"');
  });

  test('says the same of another dealer as of none', async () => {
    const [other, none] = [
      await call('GET', 'dealers/closed/runs', { key: 'read:acme' }),
      await call('GET', 'dealers/nothing/runs', { key: 'read:acme' }),
    ];
    expect({ ...other.body, instance: '' }).toEqual({ ...none.body, instance: '' });
  });

  test('comes before everything else', async () => {
    expect((await call('PUT', 'admin/dealers/A!', { body: '{' })).status).toBe(401);
    expect((await call('PUT', 'admin/dealers/A!', { key: 'read:acme', body: '{' })).status).toBe(403);
  });
});

describe('a query', () => {
  test('is typed', async () => {
    await call('GET', 'open?limit=5&all=true');
    expect(seen).toMatchObject([{ query: { limit: 5, all: true }, caller: 'anonymous' }]);
  });

  test.each(['limit=0', 'limit=x', 'limit=1.5', 'limit=', 'all=yes', 'limt=5', 'limit=1&limit=2', '__proto__=1'])(
    'that is not valid is a 400: %s',
    async (query) => {
      const answer = await call('GET', `open?${query}`);
      expect(answer).toMatchObject({ status: 400, body: { code: 'DATA_ERROR' } });
      expect(seen).toEqual([]);
    },
  );

  test('of a route that has none is refused too', async () => {
    expect((await call('GET', 'dealers/acme/runs?purge=true', { key: 'admin' })).status).toBe(400);
  });
});

describe('a JSON body', () => {
  const put = (body: string | Uint8Array, headers: Record<string, string> = json) =>
    call('PUT', 'admin/dealers/acme', { key: 'admin', headers, body });

  test('is parsed and checked', async () => {
    expect((await put('{"a":1}')).status).toBe(204);
    expect((await put('{"a":1}', { 'content-type': 'application/merge-patch+json; charset=utf-8' })).status).toBe(204);
    expect(seen).toEqual([{ a: 1 }, { a: 1 }]);
  });

  test('that is not valid tells every fault by its place', async () => {
    const answer = await put('{"b":5,"c":1,"__proto__":{"x":1}}');
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map(({ field }: { field: string }) => field).sort()).toEqual([
      '__proto__',
      'a',
      'b',
      'c',
    ]);
  });

  test.each([
    ['broken', '{"a":', 400],
    ['missing', '', 400],
    ['not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400],
    ['nested far too deep', `${'['.repeat(200_000)}${']'.repeat(200_000)}`, 400],
    ['too large', `{"b":"${'x'.repeat(1_000_001)}"}`, 413],
  ])('that is %s is a problem document', async (_, body, status) => {
    const answer = await put(body);
    expect(answer).toMatchObject({ status, body: { status } });
    expect(seen).toEqual([]);
  });

  test('of another type or encoding is a 415 that says what is taken', async () => {
    const text = await put('a=1', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(text).toMatchObject({ status: 415, headers: { accept: 'application/json' } });
    expect((await put('{"a":1}', { ...json, 'content-encoding': 'gzip' })).status).toBe(415);
  });
});

test('a raw body is left to the route, of the types that it takes', async () => {
  const csv = { key: 'read:acme', headers: { 'content-type': 'Text/CSV; header=present' }, body: 'a,b' };
  expect((await call('POST', 'raw', csv)).status).toBe(200);
  expect(seen).toEqual([{ size: 3, mediaType: 'text/csv' }]);
  for (const headers of [{}, { 'content-type': 'text/plain' }]) {
    expect((await call('POST', 'raw', { ...csv, headers: { ...headers } })).status).toBe(415);
  }
});

test("a body that breaks off is the client's matter", async () => {
  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(3));
    },
    pull() {
      throw new Error('aborted');
    },
  });
  const headers = { 'x-api-key': 'read:acme', 'content-type': 'text/csv' };
  const log = (text: string) => void logged.push(text);
  const answer = await dispatch(
    { method: 'POST', url: 'http://127.0.0.1/api/v1/raw', headers: new Headers(headers), body: broken },
    { invocationId: 'invocation-1', info: log, warn: log, error: log },
  );
  expect(answer.status).toBe(400);
  expect(logged).toEqual([]);
});

describe('an error', () => {
  const problemOf = async (error: unknown) => {
    thrown = error;
    return call('GET', 'throws');
  };

  test.each([
    ['AUTH_FAILED', 401],
    ['RATE_LIMITED', 429],
    ['DATA_ERROR', 400],
    ['MAPPING_ERROR', 400],
    ['CONFIG_ERROR', 400],
    ['CONFLICT', 409],
    ['NETWORK_ERROR', 503],
    ['INTERNAL', 500],
  ] as const)('%s is a %i', async (code, status) => {
    const answer = await problemOf(new AdpError(code, 'What to do.'));
    expect(answer).toMatchObject({ status, body: { status, code, request_id: 'invocation-1' } });
    expect(answer.body.detail === 'What to do.').toBe(code !== 'INTERNAL');
  });

  test('that a wait cures says how long', async () => {
    const wait = new AdpError('NETWORK_ERROR', 'Busy.', { retryAfterMs: 3_001 });
    expect((await problemOf(wait)).headers['retry-after']).toBe('4');
    expect((await problemOf(new AdpError('RATE_LIMITED', 'Slow.'))).headers['retry-after']).toBe('2');
  });

  test('of a limit is a 413', async () => {
    expect((await problemOf(limitExceeded('bytes', 5))).status).toBe(413);
  });

  test('of our own making tells nothing, and is in the log', async () => {
    for (const error of [new TypeError('secret detail'), 'secret detail', new AdpError('INTERNAL', 'secret detail')]) {
      logged.length = 0;
      const answer = await problemOf(error);
      expect(answer).toMatchObject({ status: 500, body: { code: 'INTERNAL' } });
      expect(JSON.stringify(answer)).not.toContain('secret detail');
      expect(logged.join()).toContain('secret detail');
      expect(logged.join()).toContain('invocation-1');
    }
  });

  test('that a route decided on is told as it decided', async () => {
    const decided: unknown = await Promise.resolve()
      .then(() => fail(422, 'DATA_ERROR', 'None is valid.', { run_id: 'r' }, { 'x-extra': '1' }))
      .catch((error: unknown) => error);
    const answer = await problemOf(decided);
    expect(answer).toMatchObject({
      status: 422,
      headers: { 'x-extra': '1' },
      body: { run_id: 'r', title: 'Unprocessable Entity' },
    });
  });
});

describe('every answer', () => {
  test('is not to be stored, and carries a request id', async () => {
    for (const path of ['open', 'nope', 'throws']) {
      thrown = new Error('x');
      const { headers } = await call('GET', path);
      expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-request-id': 'invocation-1' });
    }
  });

  test("carries the caller's request id, if that is harmless", async () => {
    const shown = async (id: string) =>
      (await call('GET', 'open', { headers: { 'x-request-id': id } })).headers['x-request-id'];
    expect(await shown('abc-1.2_3')).toBe('abc-1.2_3');
    for (const id of ['a b', '<script>', 'x'.repeat(65), 'é']) expect(await shown(id)).toBe('invocation-1');
  });
});

test('a route with a parameter that nobody knows is refused when it is declared', () => {
  const declare = () =>
    route({
      ...common,
      name: 'x',
      method: 'GET',
      path: 'x/{nope}',
      access: 'anonymous',
      handler: async () => ({ status: 200 }),
    });
  expect(declare).toThrow('unknown path parameter nope');
});
