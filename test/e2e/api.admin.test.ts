import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Hub, type Reply, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';

let hub: Hub;
/** Every secret that this file has held. */
const secrets: string[] = [];

beforeAll(async () => {
  hub = await startHub();
  secrets.push(hub.adminKey);
});
afterAll(() => hub.end());

async function newKey(body: object): Promise<{ id: string; key: string }> {
  const reply = await hub.call('POST', 'admin/keys', { body });
  expect(reply.status).toBe(201);
  secrets.push(reply.body.key);
  return reply.body;
}

async function dealer(id: string): Promise<string> {
  const key = await hub.dealer(id);
  secrets.push(key);
  return key;
}

/** Pushes rows and waits until they are in the store. */
async function push(path: string, rows: object[], key?: string): Promise<Reply['body']> {
  const reply = await hub.call('POST', path, { key, body: rows });
  expect(reply.status).toBe(202);
  return hub.closed(reply.body.run_id);
}

function expectProblem(reply: Reply, status: number, code?: string): void {
  expect(reply.headers.get('content-type')).toBe('application/problem+json');
  expect(reply.body).toMatchObject({ type: 'about:blank', status, ...(code === undefined ? {} : { code }) });
  expect(reply.status).toBe(status);
  expect(reply.body.request_id).toBe(reply.headers.get('x-request-id'));
}

describe('the OpenAPI document', () => {
  test('is served to anybody, and every route in it is there and answers as it says', async () => {
    const { status, body } = await hub.call('GET', 'openapi.json', { key: '' });
    expect({ status, openapi: body.openapi }).toEqual({ status: 200, openapi: '3.1.0' });
    const operations = Object.entries<Record<string, { security: unknown[] }>>(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    expect(operations.length).toBeGreaterThan(20);
    for (const { path, method, operation } of operations) {
      const target = path
        .slice(1)
        .replace('{entity}', 'part')
        .replaceAll(/\{\w+\}/g, 'some-id');
      const ask = () => hub.call(method.toUpperCase(), target, { key: '' });
      // Readiness is 503 for a moment where something was slow to answer.
      if (operation.security.length === 0) await until(`${path} is 200`, async () => (await ask()).status === 200);
      else expectProblem(await ask(), 401, 'AUTH_FAILED');
    }
  });

  test('is the only place to learn of a path that does not exist', async () => {
    expectProblem(await hub.call('GET', 'nothing/here'), 404);
    expectProblem(await hub.call('GET', 'dealers/acme/part/reloads'), 404);
    const wrong = await hub.call('PATCH', 'admin/keys');
    expectProblem(wrong, 405);
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, POST');
  });

  test('is the same for HEAD, which is GET without the body', async () => {
    const head = await hub.call('HEAD', 'admin/keys');
    expect({ status: head.status, type: head.headers.get('content-type') }).toEqual({
      status: 200,
      type: 'application/json',
    });
    expect((await hub.call('HEAD', 'admin/keys/nope')).status).toBe(405);
  });
});

describe('a key of one dealer', () => {
  test('can neither read nor write anything of another, whether that exists or not', async () => {
    const mine = await dealer('tenant-a');
    await dealer('tenant-b');
    const run = await push('dealers/tenant-b/part/batches', [{ part_number: 'B-1' }]);
    for (const other of ['tenant-b', 'nobody']) {
      const answers = await Promise.all([
        hub.call('POST', `dealers/${other}/part/batches`, { key: mine, body: [{ part_number: 'X' }] }),
        hub.call('GET', `dealers/${other}/part/records`, { key: mine }),
        hub.call('GET', `dealers/${other}/part/records/:B-1`, { key: mine }),
        hub.call('GET', `dealers/${other}/runs`, { key: mine }),
        hub.call('GET', `dealers/${other}/quarantine`, { key: mine }),
        hub.call('GET', `admin/dealers/${other}`, { key: mine }),
        hub.call('PUT', `admin/dealers/${other}`, { key: mine, body: { name: 'Mine now' } }),
        hub.call('DELETE', `admin/dealers/${other}`, { key: mine }),
        hub.call('GET', `admin/dealers/${other}/sources`, { key: mine }),
      ]);
      for (const answer of answers) expectProblem(answer, 403, 'AUTH_FAILED');
    }
    expectProblem(await hub.call('GET', `runs/${run.run_id}`, { key: mine }), 404);
    expectProblem(await hub.call('GET', 'admin/keys', { key: mine }), 403);
    expect([...(await hub.records('tenant-b', 'part')).keys()]).toEqual([':B-1']);
  });

  test('is bound to what it may do', async () => {
    await dealer('bound');
    const { key: reader } = await newKey({ name: 'reader', scopes: ['read:bound'] });
    const { key: writer } = await newKey({ name: 'writer', scopes: ['ingest:bound'] });
    const rows = { body: [{ part_number: 'A' }] };
    expectProblem(await hub.call('POST', 'dealers/bound/part/batches', { key: reader, ...rows }), 403);
    expectProblem(await hub.call('GET', 'dealers/bound/part/records', { key: writer }), 403);
    const pushed = await hub.call('POST', 'dealers/bound/part/batches', { key: writer, ...rows });
    expect(pushed.status).toBe(202);
    for (const key of [reader, writer]) {
      expect((await hub.call('GET', `runs/${pushed.body.run_id}`, { key })).status).toBe(200);
      expect((await hub.call('GET', 'dealers/bound/runs', { key })).status).toBe(200);
    }
  });

  test('is refused while the dealer is disabled; the admin is not', async () => {
    const key = await dealer('closed');
    await hub.call('PUT', 'admin/dealers/closed', { body: { name: 'Closed', enabled: false } });
    expectProblem(await hub.call('GET', 'dealers/closed/part/records', { key }), 403, 'AUTH_FAILED');
    expect((await hub.call('GET', 'dealers/closed/part/records')).status).toBe(200);
    await hub.call('PUT', 'admin/dealers/closed', { body: { name: 'Open' } });
    expect((await hub.call('GET', 'dealers/closed/part/records', { key })).status).toBe(200);
  });

  test('ends when it expires, and when it is deleted', async () => {
    await dealer('ending');
    const expires_at = new Date(Date.now() + 10_000).toISOString();
    const short = await newKey({ name: 'short', scopes: ['read:ending'], expires_at });
    const long = await newKey({ name: 'long', scopes: ['read:ending'] });
    const read = (key: string) => hub.call('GET', 'dealers/ending/part/records', { key });
    expect((await read(long.key)).status).toBe(200);
    const expired = await until('the key expires', async () => {
      const reply = await read(short.key);
      return reply.status !== 200 && reply;
    });
    // Until then it was good.
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expires_at));
    expectProblem(expired, 401, 'AUTH_FAILED');
    expect(expired.headers.get('www-authenticate')).toContain('Bearer');
    expect((await hub.call('DELETE', `admin/keys/${long.id}`)).status).toBe(204);
    expectProblem(await read(long.key), 401);
    expectProblem(await hub.call('DELETE', `admin/keys/${long.id}`), 404);
  });

  test('is shown once, and works as a bearer token too', async () => {
    const { id, key } = await newKey({ name: 'once', scopes: ['admin'] });
    const listed = await hub.call('GET', 'admin/keys?limit=1000', {
      key: '',
      headers: { authorization: `Bearer ${key}` },
    });
    expect(listed.body.items).toContainEqual(expect.objectContaining({ id, name: 'once' }));
    expect(JSON.stringify(listed.body)).not.toContain(key.slice(17));
  });
});

describe('configuration', () => {
  test('is guarded by ETags', async () => {
    const path = 'admin/dealers/etags';
    const put = (name: string, etag?: string | null) =>
      hub.call('PUT', path, { body: { name }, headers: etag == null ? {} : { 'if-match': etag } });
    expectProblem(await put('Early', '*'), 412, 'CONFLICT');
    const created = await put('First');
    expect(created.status).toBe(201);
    const etag = created.headers.get('etag');
    expect(etag).toMatch(/^"[\w-]+"$/);
    expect((await hub.call('GET', path)).headers.get('etag')).toBe(etag);
    expect((await put('Second', etag)).status).toBe(200);
    expectProblem(await put('Late', etag), 412, 'CONFLICT');
    expectProblem(await hub.call('DELETE', path, { headers: { 'if-match': etag ?? '' } }), 412);
    expect((await put('Any', '"other", *')).status).toBe(200);
    expect((await hub.call('GET', path)).body).toEqual({ name: 'Any' });
    expect((await hub.call('DELETE', path)).status).toBe(204);
    expectProblem(await hub.call('DELETE', path), 404);
  });

  test('lets one of many at once win under one ETag', async () => {
    const created = await hub.call('PUT', 'admin/dealers/race', { body: { name: 'First' } });
    const headers = { 'if-match': created.headers.get('etag') ?? '' };
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, i) => hub.call('PUT', 'admin/dealers/race', { body: { name: `${i}` }, headers })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(412)]);
  });

  test('is listed page by page', async () => {
    await Promise.all(
      ['page-1', 'page-2', 'page-3'].map((id) => hub.call('PUT', `admin/dealers/${id}`, { body: { name: id } })),
    );
    const ids: string[] = [];
    let next: string | null = '/api/v1/admin/dealers?limit=2';
    while (next !== null) {
      const page: Reply = await hub.call('GET', next.slice('/api/v1/'.length));
      expect(page.body.items.length).toBeLessThanOrEqual(2);
      ids.push(...page.body.items.map((item: { dealer_id: string }) => item.dealer_id));
      next = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1] ?? null;
      expect(next === null).toBe(page.body.continuation === undefined);
    }
    expect(ids).toEqual([...new Set(ids)].sort());
    expect(ids).toEqual(expect.arrayContaining(['page-1', 'page-2', 'page-3']));
    expectProblem(await hub.call('GET', 'admin/dealers?continuation=bm9wZQ'), 400);
    expectProblem(await hub.call('GET', 'admin/dealers?limit=1001'), 400);
  });

  test('of a source is told all that is wrong with it, and needs its dealer', async () => {
    await dealer('sources');
    const wrong = await hub.call('PUT', 'admin/dealers/sources/sources/dms', {
      body: { connector: 'webhook', settings: { password: 'hunter2' }, entities: { parts: {} } },
    });
    expectProblem(wrong, 400, 'CONFIG_ERROR');
    const fields = wrong.body.errors.map(({ field }: { field: string }) => field);
    expect(fields.sort()).toEqual(['connector', 'entities.parts', 'settings.password']);
    expect(JSON.stringify(wrong.body)).not.toContain('hunter2');
    const source = { connector: 'push', entities: { part: { mapping: { part_number: 'No' } } } };
    expectProblem(await hub.call('PUT', 'admin/dealers/nobody/sources/dms', { body: source }), 404);
    expect((await hub.call('PUT', 'admin/dealers/sources/sources/dms', { body: source })).status).toBe(201);
    expect((await hub.call('GET', 'admin/dealers/sources/sources/dms')).body).toEqual(source);
    expectProblem(await hub.call('PUT', 'admin/dealers/A!', { body: { name: 'x' } }), 400);
  });

  test('of packs: a source builds on one, which then stays', async () => {
    await dealer('packed');
    const pack = { entities: { part: { mapping: { part_number: 'No', description: 'Text' } } } };
    expect((await hub.call('PUT', 'admin/packs/dms-9', { body: pack })).status).toBe(201);
    const source = { connector: 'push', extends: 'dms-9', entities: { part: { mapping: { description: 'Name' } } } };
    expect((await hub.call('PUT', 'admin/dealers/packed/sources/dms', { body: source })).status).toBe(201);
    await push('dealers/packed/part/batches', [{ No: 'P1', Name: 'Bolt' }]);
    expect((await hub.records('packed', 'part')).get(':P1').data.description).toBe('Bolt');
    expectProblem(await hub.call('DELETE', 'admin/packs/dms-9'), 409);
    expect((await hub.call('DELETE', 'admin/dealers/packed/sources/dms')).status).toBe(204);
    expect((await hub.call('DELETE', 'admin/packs/dms-9')).status).toBe(204);
    expectProblem(await hub.call('GET', 'admin/packs/dms-9'), 404);
  });

  test('of a disabled source stops its pushes with 409', async () => {
    const key = await dealer('paused');
    const source = { connector: 'push', enabled: false, entities: { part: { mapping: { part_number: 'No' } } } };
    await hub.call('PUT', 'admin/dealers/paused/sources/dms', { body: source });
    const pushed = await hub.call('POST', 'dealers/paused/part/batches', { key, body: [{ No: 'P1' }] });
    expectProblem(pushed, 409, 'CONFLICT');
  });
});

describe('what a row means', () => {
  const row = { No: 'P1', Text: 'Bolt', Name: 'Screw', Changed: '2020-01-01T00:00:00Z' };
  const source = (description: string) => ({
    connector: 'push',
    entities: { part: { mapping: { part_number: 'No', description }, modified: 'Changed' } },
  });
  const put = (id: string, body: object) => hub.call('PUT', `admin/dealers/${id}/sources/dms`, { body });
  const described = async (id: string) => (await hub.records(id, 'part')).get(':P1').data.description;

  test('may change: rows that are sent again win over what is held, though they are no newer', async () => {
    await dealer('remapped');
    await put('remapped', source('Text'));
    await push('dealers/remapped/part/batches', [{ ...row, Changed: '2025-01-01T00:00:00Z' }]);
    await push('dealers/remapped/part/batches', [{ ...row, Text: 'Stale' }]);
    expect(await described('remapped')).toBe('Bolt');
    await put('remapped', source('Name'));
    await push('dealers/remapped/part/batches', [row]);
    expect(await described('remapped')).toBe('Screw');
  });

  test('may be asked for again by a reset', async () => {
    await dealer('resetting');
    await put('resetting', source('Text'));
    await push('dealers/resetting/part/batches', [{ ...row, Changed: '2025-01-01T00:00:00Z' }]);
    const reset = await hub.call('POST', 'admin/dealers/resetting/sources/dms/reset');
    expect({ status: reset.status, body: reset.body }).toEqual({ status: 200, body: { entities: ['part'] } });
    await push('dealers/resetting/part/batches', [{ ...row, Text: 'Nut' }]);
    expect(await described('resetting')).toBe('Nut');
    expectProblem(await hub.call('POST', 'admin/dealers/resetting/sources/nope/reset'), 404);
    expectProblem(await hub.call('POST', 'admin/dealers/resetting/sources/dms/reset?entity=unit'), 400);
  });
});

describe('records', () => {
  let key: string;
  beforeAll(async () => {
    key = await dealer('reading');
    const rows = Array.from({ length: 7 }, (_, i) => ({ part_number: `P${i}`, branch_code: `${i % 2}`, on_hand: i }));
    await push('dealers/reading/part_stock/batches', rows, key);
    await push('dealers/reading/part_stock/batches', [{ _op: 'delete', part_number: 'P6', branch_code: '0' }], key);
  });
  const list = (query: string) => hub.call('GET', `dealers/reading/part_stock/records${query}`, { key });
  const ids = (reply: Reply) => reply.body.items.map(({ id }: { id: string }) => id).sort();

  test('are read by id, a deleted one only when asked for', async () => {
    const path = 'dealers/reading/part_stock/records';
    const record = await hub.call('GET', `${path}/P1:1:`, { key });
    expect(record.body).toMatchObject({
      id: 'P1:1:',
      dealer_id: 'reading',
      entity: 'part_stock',
      data: { part_number: 'P1', branch_code: '1', bin: '', on_hand: 1 },
      source_id: null,
      deleted_at: null,
    });
    expect(Object.keys(record.body).filter((name) => name.startsWith('_') || name === 'ttl')).toEqual([]);
    expect((await hub.call('GET', `${path}/${encodeURIComponent('P1:1:')}`, { key })).body.id).toBe('P1:1:');
    expectProblem(await hub.call('GET', `${path}/P9:1:`, { key }), 404);
    expectProblem(await hub.call('GET', `${path}/P6:0:`, { key }), 404);
    const gone = await hub.call('GET', `${path}/P6:0:?include_deleted=true`, { key });
    expect(gone.body).toMatchObject({ id: 'P6:0:', deleted_at: expect.any(String) });
    expect(gone.body.data).toBeUndefined();
  });

  test('are filtered by key fields, and by nothing that is not there', async () => {
    expect(ids(await list('?branch_code=1'))).toEqual(['P1:1:', 'P3:1:', 'P5:1:']);
    expect(ids(await list('?branch_code=1&part_number=P3'))).toEqual(['P3:1:']);
    const wrong = await list('?on_hand=3');
    expectProblem(wrong, 400);
    expect(wrong.body.detail).toContain('part_number, branch_code, bin, updated_since');
    for (const query of ['?limit=0', '?limit=1001', '?limit=x', '?updated_since=yesterday', '?include_deleted=1']) {
      expectProblem(await list(query), 400);
    }
  });

  test('are listed page by page, deleted ones when asked for', async () => {
    const found: string[] = [];
    let query = '?limit=3&include_deleted=true';
    for (;;) {
      const page = await list(query);
      found.push(...ids(page));
      if (page.body.continuation === undefined) break;
      const next = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1] ?? '';
      query = next.slice(next.indexOf('?'));
      expectProblem(await list(`?branch_code=1&continuation=${page.body.continuation}`), 400);
    }
    expect(found.sort()).toEqual(['P0:0:', 'P1:1:', 'P2:0:', 'P3:1:', 'P4:0:', 'P5:1:', 'P6:0:']);
    expect(ids(await list(''))).toEqual(found.slice(0, 6));
    expectProblem(await list('?continuation=abc'), 400);
  });

  test('are listed from a time on, inclusively', async () => {
    const { body } = await list('?include_deleted=true');
    const at = body.items.map((item: { ingested_at: string }) => item.ingested_at);
    const [first = '', last = ''] = [at.toSorted()[0], at.toSorted().at(-1)];
    const since = async (time: string) =>
      ids(await list(`?include_deleted=true&updated_since=${encodeURIComponent(time)}`)).length;
    expect(await since(first)).toBe(7);
    expect(await since(last)).toBe(at.filter((time: string) => Date.parse(time) >= Date.parse(last)).length);
    const offset = new Date(Date.parse(last) + 2 * 3_600_000).toISOString().replace('Z', '+02:00');
    expect(await since(offset)).toBe(await since(last));
    expect(await since(new Date(Date.parse(last) + 1).toISOString())).toBe(0);
  });
});

test('a dealer that has records is deleted only with them, and takes its runs, its quarantine and its keys along', async () => {
  const key = await dealer('leaving');
  await push('dealers/leaving/part/batches', [{ part_number: 'A' }, { part_number: 'B' }]);
  await push('dealers/leaving/part/batches', [{ part_number: 'C' }, { part_number: 'D', surprise: 1 }]);
  expect((await hub.call('GET', 'dealers/leaving/quarantine')).body.items).toHaveLength(1);
  expectProblem(await hub.call('DELETE', 'admin/dealers/leaving'), 409, 'CONFLICT');
  expect((await hub.call('DELETE', 'admin/dealers/leaving?purge=true')).status).toBe(204);
  expectProblem(await hub.call('GET', 'admin/dealers/leaving'), 404);
  expectProblem(await hub.call('GET', 'dealers/leaving/part/records', { key }), 401);
  await dealer('leaving');
  expectProblem(await hub.call('GET', 'dealers/leaving/part/records', { key }), 401);
  expect((await hub.records('leaving', 'part', '&include_deleted=true')).size).toBe(0);
  expect((await hub.call('GET', 'dealers/leaving/runs')).body.items).toEqual([]);
  expect((await hub.call('GET', 'dealers/leaving/quarantine')).body.items).toEqual([]);
});

test('health names each dependency', async () => {
  // What doesn't answer within two seconds counts as away: on a busy machine that is said for a moment.
  const ready = await until('everything answers', async () => {
    const reply = await hub.call('GET', 'health/ready', { key: '' });
    return reply.status === 200 && reply;
  });
  expect(ready.body).toEqual({
    status: 'ok',
    dependencies: { tables: 'ok', blobs: 'ok', serviceBus: 'ok', cosmos: 'ok' },
  });
});

test('no secret is in any log', async () => {
  const folder = join(hub.dataDir, 'logs');
  const logs = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
  const text = logs.join('\n');
  expect(text.length).toBeGreaterThan(0);
  expect(secrets.length).toBeGreaterThan(10);
  // The part after adp_{id}_: ids may be logged.
  for (const secret of secrets) expect(text).not.toContain(secret.slice(17));
  expect(text).not.toContain('hunter2');
});
