// A dealer's key reads and writes nothing of another dealer, over every route that /openapi.json knows; nothing secret is
// logged or answered.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Call, type Hub, type Reply, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';

/** One operation of the OpenAPI document, as far as it takes to call it. */
interface Operation {
  readonly method: string;
  /** With parameters in braces, without a slash at the start. */
  readonly path: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
}

type Values = Readonly<Record<string, string>>;

// The one's id begins with the other's: a prefix must not be taken for the whole.
const ours = 'alpha';
const theirs = 'alphabet';
const marker = 'only-of-alphabet';

let hub: Hub;
let ourKey: string;
let theirKey: string;
let operations: Operation[];
/** What stands for the parameters of paths: things of the other dealer's that exist. */
let theirThings: Values;
const answers: string[] = [];

async function call(method: string, path: string, options: Call = {}): Promise<Reply> {
  const reply = await hub.call(method, path, options);
  answers.push(JSON.stringify(reply.body));
  return reply;
}

beforeAll(async () => {
  hub = await startHub();
  ourKey = await hub.dealer(ours);
  theirKey = await hub.dealer(theirs);
  const source = { connector: 'push', entities: { part_stock: { mapping: { part_number: 'p', on_hand: 'q' } } } };
  await hub.call('PUT', `admin/dealers/${theirs}/sources/dms`, { body: source });
  const polled = {
    connector: 'rest',
    settings: { base_url: 'https://api.example.com' },
    entities: { part: { mapping: { part_number: 'p' }, settings: { path: '/parts' }, cursor: { kind: 'full' } } },
  };
  await hub.call('PUT', `admin/dealers/${theirs}/sources/erp`, { body: polled });
  await hub.call('PUT', 'admin/packs/a-pack', { body: { entities: { unit: { mapping: { unit_id: 'id' } } } } });

  const rows = [{ part_number: marker }, { part_number: `${marker}-2` }, { description: marker }];
  const { body } = await hub.call('POST', `dealers/${theirs}/part/batches`, { key: theirKey, body: rows });
  await hub.closed(body.run_id);
  const quarantine = await hub.call('GET', `dealers/${theirs}/quarantine`);
  theirThings = {
    dealerId: theirs,
    entity: 'part',
    recordId: `:${marker}`,
    runId: body.run_id,
    rowId: quarantine.body.items[0].id,
    sourceId: 'erp',
    name: 'a-pack',
    keyId: theirKey.split('_')[1] ?? '',
  };

  const { paths } = (await hub.call('GET', 'openapi.json', { key: '' })).body;
  operations = Object.entries<Record<string, Operation>>(paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path: path.slice(1),
    })),
  );
});
afterAll(() => hub.end());

const secured = () => operations.filter(({ security }) => security !== undefined && security.length > 0);
const nameOf = ({ method, path }: Operation) => `${method} /${path}`;

/** Calls it with these values; a parameter that nobody has thought of yet gets a value that means nothing. */
function perform(operation: Operation, values: Values, key: string): Promise<Reply> {
  const { method, parameters = [], requestBody } = operation;
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name] ?? 'anything'));
  const query = parameters.filter((parameter) => parameter.in === 'query' && parameter.required === true);
  const search = query.map(({ name }) => `${name}=${encodeURIComponent(values[name] ?? 'anything')}`).join('&');
  const body = requestBody === undefined ? {} : { body: requestBody.content['application/json']?.example ?? [{}] };
  return call(method, search === '' ? path : `${path}?${search}`, { key, ...body });
}

/** Everything of the other dealer's that an administrator can read. */
async function theirState(): Promise<Map<string, unknown>> {
  const state = new Map<string, unknown>();
  for (const operation of secured().filter(({ method }) => method === 'GET')) {
    const { status, body } = await perform(operation, theirThings, hub.adminKey);
    expect([nameOf(operation), status]).toEqual([nameOf(operation), 200]);
    const items = body.items?.map(({ last_used_at, ...item }: Record<string, unknown>) => item);
    state.set(nameOf(operation), items ?? body);
  }
  state.set('deleted', await hub.records(theirs, 'part', '&include_deleted=true'));
  return state;
}

describe("another dealer's key", () => {
  test('gets 403 or 404 on every route, changes nothing, and learns nothing: not even whether the dealer exists', async () => {
    expect(secured().length).toBeGreaterThan(20);
    const before = await theirState();
    expect(JSON.stringify([...before.values()])).toContain(marker);
    const nobody = {
      ...theirThings,
      dealerId: 'nobody',
      runId: theirThings.runId?.replace(theirs, 'nobody') ?? '',
    };
    for (const operation of secured()) {
      const reply = await perform(operation, theirThings, ourKey);
      expect([nameOf(operation), [403, 404].includes(reply.status), reply.status]).toEqual([
        nameOf(operation),
        true,
        reply.status,
      ]);
      const shown = JSON.stringify({ ...reply.body, instance: '' });
      expect(shown).not.toContain(marker);
      expect(shown).not.toContain(theirs);
      const other = await perform(operation, nobody, ourKey);
      const told = ({ status, body }: Reply) => ({ status, ...body, instance: '', request_id: '' });
      expect(told(reply)).toEqual(told(other));
    }
    expect(await theirState()).toEqual(before);
  });

  test("finds nothing of the other's by asking under its own name", async () => {
    const { recordId, runId, rowId } = theirThings;
    const get = async (path: string) => (await call('GET', `dealers/${ours}/${path}`, { key: ourKey })).status;
    expect(await get(`part/records/${recordId}`)).toBe(404);
    expect(await get(`quarantine?run=${runId}`)).toBe(400);
    for (const list of [
      'part/records?include_deleted=true',
      `part/records?part_number=${marker}`,
      'runs',
      'quarantine',
    ]) {
      const { status, body } = await call('GET', `dealers/${ours}/${list}`, { key: ourKey });
      expect([list, status, body.items]).toEqual([list, 200, []]);
    }
    const next = (await call('GET', `dealers/${theirs}/part/records?limit=1`)).body.continuation;
    expect(next).toEqual(expect.any(String));
    expect(await get(`part/records?limit=1&continuation=${next}`)).toBe(400);

    const post = (path: string, body?: unknown) => call('POST', `dealers/${ours}/${path}`, { key: ourKey, body });
    expect((await post(`quarantine/${rowId}/replay`)).status).toBe(404);
    expect((await post('quarantine/replay', { run_id: runId })).status).toBe(400);
    expect((await post('quarantine/replay', { ids: [rowId] })).body).toMatchObject({ rows: 0, runs: [] });
    expect((await post('part_stock/batches?source=dms', [{ p: 'x' }])).status).toBe(400);
    const crafted = await post('part/batches', [{ part_number: 'A', dealer_id: theirs }]);
    expect(crafted.status).toBe(422);
  });
});

describe('a key', () => {
  const make = async (scopes: readonly string[], more: object = {}) =>
    (await call('POST', 'admin/keys', { body: { name: 'test', scopes, ...more } })).body;

  test('that is missing, unknown, deleted or expired gets 401 on every route', async () => {
    const scopes = ['admin'];
    const listed = async (key: string) => (await call('GET', `dealers/${theirs}/runs`, { key })).status;
    const deleted = await make(scopes);
    const expires_at = new Date(Date.now() + 10_000).toISOString();
    const expired = await make(scopes, { expires_at });
    expect(await listed(deleted.key)).toBe(200);
    expect((await call('DELETE', `admin/keys/${deleted.id}`)).status).toBe(204);
    await until('it has expired', async () => (await listed(expired.key)) === 401);
    // Until then it was good.
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expires_at));
    const unknown = `adp_${'0'.repeat(12)}_${'z'.repeat(43)}`;
    const before = await theirState();
    for (const key of ['', unknown, deleted.key, expired.key, `${theirKey}x`, theirKey.toLowerCase()]) {
      for (const operation of secured()) {
        expect([nameOf(operation), (await perform(operation, theirThings, key)).status]).toEqual([
          nameOf(operation),
          401,
        ]);
      }
    }
    expect(await theirState()).toEqual(before);
  });

  test('does what its scopes say and no more', async () => {
    const reader = (await make([`read:${ours}`])).key;
    const pusher = (await make([`ingest:${ours}`])).key;
    const statusOf = async (method: string, path: string, key: string) =>
      (await call(method, `dealers/${ours}/${path}`, { key, ...(method === 'POST' && { body: [] }) })).status;
    expect(await statusOf('POST', 'part/batches', reader)).toBe(403);
    expect(await statusOf('POST', 'quarantine/replay', reader)).toBe(403);
    expect(await statusOf('GET', 'part/records', reader)).toBe(200);
    expect(await statusOf('POST', 'part/batches', pusher)).toBe(202);
    expect(await statusOf('GET', 'part/records', pusher)).toBe(403);
    expect(await statusOf('GET', 'part/records/x', pusher)).toBe(403);
    for (const key of [reader, pusher]) {
      expect(await statusOf('GET', 'runs', key)).toBe(200);
      for (const operation of secured().filter(({ path }) => path.startsWith('admin'))) {
        expect([nameOf(operation), (await perform(operation, theirThings, key)).status]).toEqual([
          nameOf(operation),
          403,
        ]);
      }
    }
  });

  test('is shown once: lists have neither it nor its hash', async () => {
    const { body } = await call('GET', 'admin/keys?limit=1000');
    expect(body.items.length).toBeGreaterThan(3);
    for (const item of body.items) {
      expect(Object.keys(item)).not.toContain('hash');
      expect(JSON.stringify(item)).not.toMatch(/adp_|[0-9a-f]{64}/);
    }
  });
});

test('neither logs nor answers hold a secret or the values of a row that was refused', async () => {
  const value = 'value-of-a-refused-row';
  const badKey = `adp_${'1'.repeat(12)}_${'not-a-secret'.padEnd(43, 'x').replaceAll('-', 'Q')}`;
  const push = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    call('POST', `dealers/${ours}/part/batches`, { key: ourKey, body, headers });
  const refused: [unknown, string, number][] = [
    [[{ part_number: 'A', pack_qty: value }, { [value]: 1, part_number: 'B' }, value], 'application/json', 422],
    [`[{"part_number":"${value}", ${value}`, 'application/json', 400],
    [`<a><b>${value}</c></a>`, 'application/xml', 400],
    [`part_number,pack_qty\nA,${value}\nB,"${value}\n`, 'text/csv', 422],
    [`{"part_number":\n${value}\n`, 'application/x-ndjson', 422],
  ];
  for (const [body, type, status] of refused) {
    const sent = typeof body === 'string' ? body : JSON.stringify(body);
    expect([type, (await push(sent, { 'content-type': type })).status]).toEqual([type, status]);
  }
  await call('GET', `dealers/${ours}/runs`, { key: badKey });
  await call('GET', `dealers/${ours}/runs`, { key: '', headers: { authorization: `Bearer ${badKey}` } });
  await call('GET', `dealers/${ours}/runs?x=${badKey}`, { key: ourKey });

  // What fails inside is logged with its causes, and those know connection strings and headers.
  await hub.serviceBus.kill();
  expect((await push([{ part_number: 'A' }])).status).toBe(503);
  await hub.serviceBus.start();
  await hub.cosmos.kill();
  expect((await call('GET', `dealers/${ours}/part/records`, { key: ourKey })).status).toBe(503);
  const pushed = await until('the queue takes it', async () => {
    const reply = await push([{ part_number: 'A' }]);
    return reply.status === 202 && reply;
  });
  await hub.cosmos.start();
  await hub.closed(pushed.body.run_id);
  await hub.storage.kill('SIGTERM');
  expect((await push([{ part_number: 'A' }])).status).toBe(503);
  await hub.storage.start();

  const folder = join(hub.dataDir, 'logs');
  const logs = new Map<string, string>();
  for (const name of await readdir(folder)) logs.set(name, await readFile(join(folder, name), 'utf8'));
  expect(logs.get('host.log')).toMatch(/A request failed.*503/);

  const { AzureWebJobsStorage = '', ServiceBusConnection = '', COSMOS_KEY = '', ADMIN_KEY_HASH = '' } = hub.settings;
  const secretOf = (key: string) => key.split('_')[2] ?? '';
  const secrets = {
    ourKey: secretOf(ourKey),
    theirKey: secretOf(theirKey),
    adminKey: secretOf(hub.adminKey),
    badKey: secretOf(badKey),
    adminKeyHash: ADMIN_KEY_HASH,
    cosmosKey: COSMOS_KEY,
    storageKey: /AccountKey=([^;]+)/.exec(AzureWebJobsStorage)?.[1] ?? '',
    serviceBusKey: /SharedAccessKey=([^;]+)/.exec(ServiceBusConnection)?.[1] ?? '',
  };
  const places = [...logs, ['answers', answers.join('\n')]] as const;
  for (const [name, secret] of Object.entries(secrets)) {
    expect([name, secret.length > 10]).toEqual([name, true]);
    for (const [place, text] of places) expect([name, place, text.includes(secret)]).toEqual([name, place, false]);
  }
  for (const [place, text] of logs) {
    for (const word of [value, marker]) expect([word, place, text.includes(word)]).toEqual([word, place, false]);
    expect([place, /adp_[0-9A-Za-z]{12}_/.test(text)]).toEqual([place, false]);
  }
});
