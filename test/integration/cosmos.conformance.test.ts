// The local Cosmos DB, asked by the unmodified SDK over HTTP from another process, as the product asks it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container, Database, OperationInput, PatchOperation } from '@azure/cosmos';
import { CosmosClient } from '@azure/cosmos';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cosmos } from '../helpers/cosmos.ts';
import { cosmosKey, createRecords, end, launchCosmos, startCosmos } from '../helpers/cosmos.ts';
import { until } from '../helpers/poll.ts';

let cosmos: Cosmos;
let client: CosmosClient;
let database: Database;
let records: Container;

beforeAll(async () => {
  cosmos = await startCosmos();
  client = new CosmosClient({ endpoint: cosmos.endpoint, key: cosmosKey });
  records = await createRecords(cosmos.endpoint);
  database = client.database('adp');
});

afterAll(async () => {
  client.dispose();
  await cosmos.stop();
});

const keyOf = (id: string, dealer = 'acme') => [dealer, 'part', id];
const part = (id: string, more: object = {}, dealer = 'acme') => ({ id, dealer_id: dealer, entity: 'part', ...more });
const item = (id: string) => records.item(id, keyOf(id));
const ifMatch = (condition: string) => ({ accessCondition: { type: 'IfMatch', condition } });
const hour = 3_600_000;

const all = async <T>(query: string, values: object = {}, options: object = {}): Promise<T[]> => {
  const parameters = Object.entries(values).map(([name, value]) => ({ name: `@${name}`, value }));
  const { resources } = await records.items.query<T>({ query, parameters }, options).fetchAll();
  return resources;
};

describe('account, databases, containers', () => {
  test('the account names the endpoint that the client used, and Strong consistency', async () => {
    const { resource } = await client.getDatabaseAccount();
    expect(resource?.consistencyPolicy).toBe('Strong');
    expect(resource?.writableLocations).toEqual([
      expect.objectContaining({ databaseAccountEndpoint: `${cosmos.endpoint}/` }),
    ]);
  });

  test('a wrong key is answered with 401', async () => {
    const stranger = new CosmosClient({
      endpoint: cosmos.endpoint,
      key: Buffer.from('another key').toString('base64'),
      connectionPolicy: { enableEndpointDiscovery: false },
    });
    await expect(stranger.database('adp').read()).rejects.toMatchObject({ code: 401 });
    const unsigned = await fetch(`${cosmos.endpoint}/dbs/adp`);
    expect(unsigned.status).toBe(401);
  });

  test('databases are created once, listed, read and deleted', async () => {
    await client.databases.create({ id: 'other' });
    await expect(client.databases.create({ id: 'other' })).rejects.toMatchObject({ code: 409 });
    expect((await client.databases.createIfNotExists({ id: 'other' })).statusCode).toBe(200);
    const { resources } = await client.databases.readAll().fetchAll();
    expect(resources.map(({ id }) => id)).toEqual(['adp', 'other']);
    await client.database('other').delete();
    await expect(client.database('other').read()).rejects.toMatchObject({ code: 404 });
  });

  test('a container keeps its definition', async () => {
    const { resource } = await records.read();
    expect(resource).toMatchObject({
      partitionKey: { paths: ['/dealer_id', '/entity', '/id'], kind: 'MultiHash', version: 2 },
      defaultTtl: -1,
      indexingPolicy: { excludedPaths: [{ path: '/*' }] },
    });
  });

  test('a deleted container is gone with its documents', async () => {
    const definition = { id: 'gone', partitionKey: { paths: ['/pk'] } };
    const { container } = await database.containers.create(definition);
    await expect(database.containers.create(definition)).rejects.toMatchObject({ code: 409 });
    await container.items.create({ id: '1', pk: 'a' });
    expect((await database.containers.readAll().fetchAll()).resources.map(({ id }) => id)).toContain('gone');
    await container.delete();
    await expect(container.items.create({ id: '1', pk: 'a' })).rejects.toMatchObject({ code: 404 });
    const { container: again } = await database.containers.create(definition);
    expect((await again.item('1', 'a').read()).statusCode).toBe(404);
    await again.delete();
  });

  test.each([
    ['a unique key', { uniqueKeyPolicy: { uniqueKeys: [{ paths: ['/vin'] }] } }, /uniqueKeyPolicy/],
    ['a fourth level', { partitionKey: { paths: ['/a', '/b', '/c', '/d'], kind: 'MultiHash', version: 2 } }, /4 paths/],
    ['a time to live of zero', { defaultTtl: 0 }, /defaultTtl/],
  ])('a container with %s is refused by name', async (_, more, message) => {
    const definition = { id: 'refused', partitionKey: { paths: ['/pk'] }, ...more };
    await expect(database.containers.create(definition as never)).rejects.toMatchObject({
      code: 400,
      body: { message: expect.stringMatching(message) },
    });
  });
});

describe('documents', () => {
  test('create, read, upsert, replace and delete, each with a new ETag and a charge', async () => {
    const created = await records.items.create(part('crud', { n: 1 }));
    expect(created).toMatchObject({ statusCode: 201, resource: { n: 1, _etag: created.etag } });
    expect(created.requestCharge).toBeGreaterThan(1);
    const read = await item('crud').read();
    expect(read).toMatchObject({ statusCode: 200, etag: created.etag, resource: { n: 1, _ts: expect.any(Number) } });
    const upserted = await records.items.upsert(part('crud', { n: 2 }));
    expect(upserted.statusCode).toBe(200);
    const replaced = await item('crud').replace(part('crud', { n: 3 }));
    expect(replaced.resource).toMatchObject({ n: 3 });
    expect(new Set([created.etag, upserted.etag, replaced.etag]).size).toBe(3);
    expect((await item('crud').delete()).statusCode).toBe(204);
    expect((await item('crud').read()).statusCode).toBe(404);
    expect((await records.items.upsert(part('crud'))).statusCode).toBe(201);
  });

  test('what is not there is 404, what is there already 409', async () => {
    await expect(item('nowhere').replace(part('nowhere'))).rejects.toMatchObject({ code: 404 });
    await expect(item('nowhere').delete()).rejects.toMatchObject({ code: 404 });
    await expect(item('nowhere').patch([{ op: 'set', path: '/n', value: 1 }])).rejects.toMatchObject({ code: 404 });
    await records.items.create(part('twice'));
    await expect(records.items.create(part('twice'))).rejects.toMatchObject({ code: 409 });
  });

  test('If-Match lets only who knows the current ETag write', async () => {
    const { etag } = await records.items.create(part('guarded', { n: 1 }));
    const next = await item('guarded').replace(part('guarded', { n: 2 }), ifMatch(etag));
    const stale = ifMatch(etag);
    const refused = { code: 412 };
    await expect(item('guarded').replace(part('guarded'), stale)).rejects.toMatchObject(refused);
    await expect(records.items.upsert(part('guarded'), stale)).rejects.toMatchObject(refused);
    await expect(item('guarded').delete(stale)).rejects.toMatchObject(refused);
    await expect(item('guarded').patch([{ op: 'set', path: '/n', value: 9 }], stale)).rejects.toMatchObject(refused);
    expect((await item('guarded').read()).resource).toMatchObject({ n: 2 });
    expect((await item('guarded').delete(ifMatch(next.etag))).statusCode).toBe(204);
    // As in Azure: there is nothing to guard where nothing is.
    expect((await records.items.upsert(part('guarded'), stale)).statusCode).toBe(201);
  });

  test('of writers that know the same ETag, one wins', async () => {
    const { etag } = await records.items.create(part('race'));
    const writes = Array.from({ length: 20 }, (_, n) => item('race').replace(part('race', { n }), ifMatch(etag)));
    const outcomes = await Promise.allSettled(writes);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  test('If-None-Match saves reading what is known, and is refused for writes', async () => {
    const { etag } = await records.items.create(part('known'));
    const unless = { accessCondition: { type: 'IfNoneMatch', condition: etag } };
    expect((await item('known').read(unless)).statusCode).toBe(304);
    await expect(records.items.upsert(part('known'), unless)).rejects.toMatchObject({ code: 400 });
  });

  test.each([
    ['with a slash', 'a/b'],
    ['with a backslash', 'a\\b'],
    ['with a question mark', 'a?b'],
    ['with a hash', 'a#b'],
    ['of 1,024 bytes', 'x'.repeat(1024)],
    ['of 512 characters and 1,024 bytes', 'é'.repeat(512)],
  ])('an id %s is refused', async (_, id) => {
    await expect(records.items.create(part(id))).rejects.toBeDefined();
    const [result] = await records.items.bulk([
      { operationType: 'Create', partitionKey: keyOf(id), resourceBody: part(id) },
    ]);
    expect(result?.statusCode).toBe(400);
  });

  test.each(['AR-5381:1:', 'a=2Fb', '%41', 'ünï ☃ 😀', "o'brien", '"quoted"', ' ', '.', '..'])(
    'the id %s is taken as it is',
    async (id) => {
      await records.items.create(part(id));
      const found = await all<{ id: string }>(
        'SELECT c.id FROM c WHERE c.id = @id',
        { id },
        { partitionKey: keyOf(id) },
      );
      expect(found).toEqual([{ id }]);
      const [read] = await records.items.bulk([{ operationType: 'Read', id, partitionKey: keyOf(id) }]);
      expect(read).toMatchObject({ statusCode: 200, resourceBody: { id } });
    },
  );

  test('a document of more than 2 MB is 413; what is nearly too large is taken', async () => {
    await expect(records.items.create(part('big', { text: 'x'.repeat(2 * 1024 * 1024) }))).rejects.toMatchObject({
      code: 413,
    });
    await expect(records.items.create(part('huge', { text: 'x'.repeat(20 * 1024 * 1024) }))).rejects.toMatchObject({
      code: 413,
    });
    expect((await records.items.create(part('x'.repeat(1023)))).statusCode).toBe(201);
    expect((await records.items.create(part('nearly', { text: 'x'.repeat(2 * 1024 * 1024 - 1024) }))).statusCode).toBe(
      201,
    );
  });

  test("a key that isn't the document's is 400, and moves nothing", async () => {
    await records.items.create(part('here'));
    await expect(item('here').replace(part('here', {}, 'ab'))).rejects.toMatchObject({ code: 400 });
    await expect(records.item('here', ['acme', 'part']).read()).rejects.toMatchObject({ code: 400 });
  });

  test('what a document is made of comes back as it was', async () => {
    const data = JSON.parse(
      '{"__proto__":{"x":1},"constructor":1,"":2,"a b":[[],{},null,-0.5,1e300,"\\u0000☃😀"],"deep":{"er":true}}',
    );
    await records.items.create(part('content', { data }));
    const { resource } = await item('content').read();
    expect(JSON.stringify(resource?.data)).toBe(JSON.stringify(data));
  });
});

describe('patch', () => {
  const patched = async (document: object, operations: PatchOperation[]) => {
    await records.items.upsert(part('patched', document));
    return (await item('patched').patch(operations)).resource;
  };

  test('set, add, replace, remove and incr', async () => {
    const result = await patched({ n: 1, o: { k: 1 }, list: ['a', 'c'], old: true }, [
      { op: 'set', path: '/s', value: { x: 1 } },
      { op: 'add', path: '/list/1', value: 'b' },
      { op: 'add', path: '/list/-', value: 'd' },
      { op: 'replace', path: '/o/k', value: null },
      { op: 'remove', path: '/old' },
      { op: 'incr', path: '/n', value: 2 },
      { op: 'incr', path: '/fresh', value: 5 },
    ]);
    expect(result).toMatchObject({ s: { x: 1 }, list: ['a', 'b', 'c', 'd'], o: { k: null }, n: 3, fresh: 5 });
    expect(result).not.toHaveProperty('old');
  });

  test.each<[string, PatchOperation[]]>([
    ['replacing nothing', [{ op: 'replace', path: '/none', value: 1 }]],
    ['removing nothing', [{ op: 'remove', path: '/none' }]],
    ['a missing parent', [{ op: 'set', path: '/none/x', value: 1 }]],
    ['incrementing text', [{ op: 'incr', path: '/text', value: 1 }]],
    ['the id', [{ op: 'set', path: '/id', value: 'x' }]],
    ['the partition key', [{ op: 'set', path: '/dealer_id', value: 'x' }]],
    ['a prototype', [{ op: 'set', path: '/__proto__/x', value: 1 }]],
    ['move', [{ op: 'move', from: '/text', path: '/moved' } as never]],
    ['eleven operations', Array.from({ length: 11 }, () => ({ op: 'incr' as const, path: '/n', value: 1 }))],
  ])('%s is refused as a whole', async (_, operations) => {
    await records.items.upsert(part('unpatched', { n: 0, text: 'a' }));
    await expect(item('unpatched').patch([...operations.slice(1), ...operations.slice(0, 1)])).rejects.toMatchObject({
      code: 400,
    });
    expect((await item('unpatched').read()).resource).toMatchObject({ n: 0, text: 'a' });
  });

  test('a condition decides whether it is done', async () => {
    await records.items.upsert(part('conditional', { n: 1 }));
    const operations: PatchOperation[] = [{ op: 'incr', path: '/n', value: 1 }];
    await item('conditional').patch({ condition: 'FROM c WHERE c.n = 1', operations });
    await expect(item('conditional').patch({ condition: 'FROM c WHERE c.n = 1', operations })).rejects.toMatchObject({
      code: 412,
    });
    expect((await item('conditional').read()).resource).toMatchObject({ n: 2 });
  });
});

describe('bulk and batch', () => {
  const upsert = (id: string, more: object = {}): OperationInput => ({
    operationType: 'Upsert',
    partitionKey: keyOf(id),
    resourceBody: part(id, more),
  });

  test('in bulk, each operation has its own outcome and ETag', async () => {
    const { etag } = await records.items.create(part('bulk-old'));
    const outcomes = await records.items.executeBulkOperations([
      upsert('bulk-new'),
      { operationType: 'Create', partitionKey: keyOf('bulk-old'), resourceBody: part('bulk-old') },
      {
        operationType: 'Replace',
        id: 'bulk-old',
        partitionKey: keyOf('bulk-old'),
        resourceBody: part('bulk-old'),
        ifMatch: '"stale"',
      },
      {
        operationType: 'Replace',
        id: 'bulk-old',
        partitionKey: keyOf('bulk-old'),
        resourceBody: part('bulk-old', { n: 1 }),
        ifMatch: etag,
      },
      { operationType: 'Delete', id: 'bulk-none', partitionKey: keyOf('bulk-none') },
      {
        operationType: 'Patch',
        id: 'bulk-old',
        partitionKey: keyOf('bulk-old'),
        resourceBody: [{ op: 'incr', path: '/n', value: 1 }],
      },
      { operationType: 'Read', id: 'bulk-old', partitionKey: keyOf('bulk-old') },
    ]);
    expect(outcomes.map(({ response, error }) => response?.statusCode ?? error?.code)).toEqual([
      201, 409, 412, 200, 404, 200, 200,
    ]);
    expect(outcomes[6]?.response?.resourceBody).toMatchObject({ n: 2 });
    expect((await item('bulk-old').read()).etag).toBe(outcomes[5]?.response?.eTag);
  });

  test('many operations, more than one request holds', async () => {
    const outcomes = await records.items.executeBulkOperations(
      Array.from({ length: 350 }, (_, i) => upsert(`many-${i}`)),
    );
    expect(outcomes.filter(({ response }) => response?.statusCode === 201)).toHaveLength(350);
  });

  test('the older bulk call answers alike, and without bodies where asked', async () => {
    const operations = [
      upsert('older-1'),
      upsert('older-1'),
      { operationType: 'Read', id: 'older-1', partitionKey: keyOf('older-1') },
    ];
    const results = await records.items.bulk(
      operations as OperationInput[],
      {},
      { contentResponseOnWriteEnabled: false },
    );
    expect(results.map(({ statusCode }) => statusCode)).toEqual([201, 200, 200]);
    expect(results[0]).toMatchObject({ eTag: expect.any(String) });
    expect(results[0]).not.toHaveProperty('resourceBody');
    expect(results[2]?.resourceBody).toMatchObject({ id: 'older-1' });
  });

  test('a batch is done as a whole or not at all', async () => {
    const { container } = await database.containers.create({ id: 'batches', partitionKey: { paths: ['/pk'] } });
    const create = (id: string, pk = 'a'): OperationInput => ({ operationType: 'Create', resourceBody: { id, pk } });
    const good = await container.items.batch([create('1'), create('2'), { operationType: 'Read', id: '1' }], 'a');
    expect(good.result?.map(({ statusCode }) => statusCode)).toEqual([201, 201, 200]);
    const bad = await container.items.batch([create('3'), create('1'), create('4')], 'a');
    expect(bad.result?.map(({ statusCode }) => statusCode)).toEqual([424, 409, 424]);
    expect((await container.item('3', 'a').read()).statusCode).toBe(404);
    const foreign = await container.items.batch([create('5'), create('6', 'b')], 'a');
    expect(foreign.result?.map(({ statusCode }) => statusCode)).toEqual([424, 400]);
    expect((await container.item('5', 'a').read()).statusCode).toBe(404);
  });
});

describe('partition keys in queries', () => {
  const hostile = ['a', 'ab', 'a"', 'a",', 'a","part', 'A', 'a ', '', 'ä', 'a\u0000', '%', '_', '1'];

  beforeAll(async () => {
    const operations: OperationInput[] = hostile.flatMap((dealer) =>
      ['part', 'part_stock'].map((entity) => ({
        operationType: 'Create',
        partitionKey: [dealer, entity, 'x'],
        resourceBody: { id: 'x', dealer_id: dealer, entity, probe: true },
      })),
    );
    const results = await records.items.bulk(operations);
    expect(results.map(({ statusCode }) => statusCode)).toEqual(operations.map(() => 201));
  });

  test.each(hostile)('a prefix of dealer %j sees that dealer only', async (dealer) => {
    const one = await all(
      'SELECT c.dealer_id, c.entity FROM c WHERE c.probe = true',
      {},
      { partitionKey: [dealer, 'part'] },
    );
    expect(one).toEqual([{ dealer_id: dealer, entity: 'part' }]);
    const both = await all<{ dealer_id: string }>(
      'SELECT * FROM c WHERE c.probe = true',
      {},
      { partitionKey: [dealer] },
    );
    expect(both.map(({ dealer_id }) => dealer_id)).toEqual([dealer, dealer]);
    const full = await all('SELECT VALUE c.dealer_id FROM c', {}, { partitionKey: [dealer, 'part', 'x'] });
    expect(full).toEqual([dealer]);
    const where = await all('SELECT VALUE c.entity FROM c WHERE c.dealer_id = @d AND c.probe = true', { d: dealer });
    expect(where).toEqual(['part', 'part_stock']);
  });

  test('OR cannot reach out of a prefix', async () => {
    const leaked = await all(
      "SELECT * FROM c WHERE c.probe = true OR c.dealer_id = 'ab' OR true",
      {},
      { partitionKey: ['a', 'part'] },
    );
    expect(leaked).toHaveLength(1);
  });

  test('without a key, all partitions are asked', async () => {
    const [count] = await all('SELECT VALUE COUNT(1) FROM c WHERE c.probe = true');
    expect(count).toBe(2 * hostile.length);
  });

  test('1 and "1" are different keys', async () => {
    const { container } = await database.containers.create({ id: 'typed', partitionKey: { paths: ['/pk'] } });
    for (const pk of [1, '1', true, 'true', null]) await container.items.create({ id: 'x', pk });
    await container.items.create({ id: 'x' });
    for (const pk of [1, '1', true, 'true', null])
      expect((await container.item('x', pk).read()).resource).toMatchObject({ pk });
    const { resources } = await container.items.query('SELECT VALUE c.pk FROM c WHERE c.pk = 1').fetchAll();
    expect(resources).toEqual([1]);
  });
});

describe('pages', () => {
  const size = 3000;

  beforeAll(async () => {
    const operations: OperationInput[] = Array.from({ length: size }, (_, i) => ({
      operationType: 'Upsert',
      partitionKey: ['pager', 'part', `p${i}`],
      resourceBody: part(`p${i}`, { ingested_at: new Date(hour * (i % 700)).toISOString(), n: i }, 'pager'),
    }));
    for (let i = 0; i < size; i += 100) await records.items.bulk(operations.slice(i, i + 100));
  });

  const pages = async (query: string, maxItemCount: number) => {
    const options = { partitionKey: ['pager', 'part'], maxItemCount };
    const found: { id: string; ingested_at: string }[] = [];
    const sizes: number[] = [];
    let continuationToken: string | undefined;
    do {
      // A new iterator each time: only the token remembers.
      const iterator = records.items.query(
        query,
        continuationToken === undefined ? options : { ...options, continuationToken },
      );
      const page = await iterator.fetchNext();
      found.push(...page.resources);
      sizes.push(page.resources.length);
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
    return { found, sizes };
  };

  test.each([
    ['SELECT * FROM c', 450],
    ['SELECT * FROM c ORDER BY c.ingested_at', 450],
    ['SELECT * FROM c ORDER BY c.ingested_at DESC', 1000],
    ['SELECT * FROM c ORDER BY c.ingested_at, c.id', 70],
    ['SELECT * FROM c ORDER BY c.ingested_at DESC, c.id DESC', 1000],
    ["SELECT * FROM c WHERE c.ingested_at >= '1970-01-01' ORDER BY c.ingested_at, c.id", 999],
  ])('%s, by %i, gives each document once', async (query, pageSize) => {
    const { found, sizes } = await pages(query, pageSize);
    expect(new Set(found.map(({ id }) => id)).size).toBe(size);
    expect(found).toHaveLength(size);
    expect(sizes.slice(0, -1).every((n) => n === pageSize)).toBe(true);
    if (query.includes('ORDER')) {
      const times = found.map(({ ingested_at }) => ingested_at);
      expect(times).toEqual(query.includes('DESC') ? [...times].sort().reverse() : [...times].sort());
    }
  });

  test('the last page has no token, even when it is full', async () => {
    expect((await pages('SELECT * FROM c', 1000)).sizes).toEqual([1000, 1000, 1000]);
  });

  test('TOP and OFFSET LIMIT count over all pages', async () => {
    expect((await pages('SELECT TOP 250 * FROM c', 100)).sizes).toEqual([100, 100, 50]);
    const { found } = await pages('SELECT * FROM c ORDER BY c.ingested_at, c.id OFFSET 5 LIMIT 12', 5);
    const { found: everything } = await pages('SELECT * FROM c ORDER BY c.ingested_at, c.id', 1000);
    expect(found).toEqual(everything.slice(5, 17));
  });

  test('what is written between two pages moves nothing else', async () => {
    const options = { partitionKey: ['pager', 'part'], maxItemCount: 1500 };
    const first = await records.items.query('SELECT * FROM c ORDER BY c.ingested_at, c.id', options).fetchNext();
    const early = part('early', { ingested_at: '1960-01-01T00:00:00.000Z' }, 'pager');
    await records.items.create(early);
    const next = { ...options, continuationToken: first.continuationToken ?? '' };
    const second = await records.items.query('SELECT * FROM c ORDER BY c.ingested_at, c.id', next).fetchNext();
    await records.item('early', ['pager', 'part', 'early']).delete();
    expect(new Set([...first.resources, ...second.resources].map(({ id }) => id)).size).toBe(size);
  });

  test('a foreign token is 400', async () => {
    for (const continuationToken of ['nonsense', Buffer.from('{"place":[1]}').toString('base64')]) {
      await expect(records.items.query('SELECT * FROM c', { continuationToken }).fetchNext()).rejects.toMatchObject({
        code: 400,
      });
    }
  });
});

describe('what is not supported is refused by name', () => {
  test.each([
    ['SELECT DISTINCT c.id FROM c', /DISTINCT/],
    ['SELECT VALUE SUM(c.n) FROM c', /SUM/],
    ['SELECT COUNT(1) FROM c', /COUNT/],
    ['SELECT c.n FROM c GROUP BY c.n', /GROUP/],
    ['SELECT * FROM c JOIN x IN c.list', /JOIN/],
    ["SELECT * FROM c WHERE c.id LIKE 'a%'", /LIKE/],
    ['SELECT * FROM c WHERE c.n BETWEEN 1 AND 2', /BETWEEN/],
    ["SELECT * FROM c WHERE CONTAINS(c.id, 'a')", /CONTAINS/],
    ['SELECT * FROM c WHERE c.n + 1 = 2', /\+/],
    ['SELECT * FROM c WHERE c.n != null', /IS_NULL/],
    ['SELECT * FROM c WHERE NOT c.n = 1', /NOT \(/],
    ['SELECT * FROM c WHERE c.value = 1', /value/],
    ['SELECT * FROM c WHERE c.n = @missing', /@missing/],
    ['SELECT * FROM c ORDER BY c.data.description', /excluded from the index/],
    ['SELECT * FROM c ORDER BY c.version, c.id', /composite index/],
    ['SELECT * FROM c ORDER BY c.ingested_at, c.id DESC', /composite index/],
    ['SELECT * FROM c WHERE d.n = 1', /'d'/],
    ['SELECT * FRM c', /FROM/],
    ['SELECT * FROM c WHERE', /end of query/],
    ['SELECT * FROM c; DROP TABLE documents_1', /;/],
  ])('%s', async (query, message) => {
    await expect(all(query)).rejects.toMatchObject({ code: 400, body: { message: expect.stringMatching(message) } });
  });

  test('other resources and the change feed', async () => {
    await expect(records.readOffer()).rejects.toMatchObject({
      code: 400,
      body: { message: expect.stringMatching(/offers/) },
    });
    await expect(records.scripts.storedProcedures.readAll().fetchAll()).rejects.toMatchObject({ code: 400 });
    await expect(records.items.getChangeFeedIterator({}).readNext()).rejects.toMatchObject({ code: 400 });
  });
});

describe('time to live', () => {
  test('an expired document is gone from reads, queries and counts, and may be created again', async () => {
    await records.items.create(part('brief', { ttl: 1, mark: 'ttl' }));
    await records.items.create(part('lasting', { mark: 'ttl' }));
    await until('it is gone', async () => (await item('brief').read()).statusCode === 404);
    expect(await all("SELECT VALUE c.id FROM c WHERE c.mark = 'ttl'")).toEqual(['lasting']);
    expect(await all('SELECT VALUE COUNT(1) FROM c', {}, { partitionKey: keyOf('brief') })).toEqual([0]);
    await expect(item('brief').replace(part('brief'))).rejects.toMatchObject({ code: 404 });
    expect((await records.items.create(part('brief', { n: 2 }))).statusCode).toBe(201);
    expect((await item('brief').read()).resource).toMatchObject({ n: 2 });
  });

  test("a container's default applies to items without their own, and -1 means never", async () => {
    const { container } = await database.containers.create({
      id: 'brief',
      partitionKey: { paths: ['/pk'] },
      defaultTtl: 1,
    });
    await container.items.create({ id: '1', pk: 'a' });
    await container.items.create({ id: '2', pk: 'a', ttl: -1 });
    await until('the first is gone', async () => (await container.item('1', 'a').read()).statusCode === 404);
    const { resources } = await container.items.query('SELECT VALUE c.id FROM c').fetchAll();
    expect(resources).toEqual(['2']);
    await expect(container.items.create({ id: '3', pk: 'a', ttl: 0 })).rejects.toMatchObject({ code: 400 });
  });
});

describe('the process', () => {
  test('a port in use is named, and ends it with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const dataDir = mkdtempSync(join(tmpdir(), 'cosmos-'));
    await expect(launchCosmos(port, dataDir)).rejects.toThrow(new RegExp(`ended with 1: .*${port}`));
    other.close();
    rmSync(dataDir, { recursive: true });
  });

  test('data that another process has open are refused', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'cosmos-'));
    const { child } = await launchCosmos(0, dataDir);
    await expect(launchCosmos(0, dataDir)).rejects.toThrow(/ended with 1: .*another process/);
    await end(child, 'SIGTERM');
    rmSync(dataDir, { recursive: true });
  });

  test('SIGTERM ends it with 0, though clients keep their connections', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'cosmos-'));
    const { child, port } = await launchCosmos(0, dataDir);
    await createRecords(`http://127.0.0.1:${port}`);
    await end(child, 'SIGTERM');
    expect(child.exitCode).toBe(0);
    rmSync(dataDir, { recursive: true });
  });

  test('it ends with the process that forked it', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'cosmos-'));
    const code = `require('node:child_process').fork('local/cosmos/main.ts', ['--port', '0', '--data-dir', ${JSON.stringify(dataDir)}], {
        stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
      });`;
    const parent = spawn('node', ['-e', code], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const [line] = await once(parent.stdout, 'data');
    let haveEnded = false;
    // Both write to it.
    parent.stdout.resume().once('end', () => {
      haveEnded = true;
    });
    const { port } = JSON.parse(String(line));
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(401);
    await end(parent, 'SIGKILL');
    await until('it has ended', () => haveEnded);
    rmSync(dataDir, { recursive: true });
  });
});
