import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AccessOptions } from '../../examples/dmsApi/access.ts';
import { type DmsApi, startDmsApi } from '../../examples/dmsApi/dmsApi.ts';
import { sampleData } from '../../examples/dmsApi/sampleData.ts';
import { credentialVersion } from '../../shared/credentials/oauth/rotation.ts';
import { AdpError } from '../../shared/errors.ts';
import { type TestClock, testClock } from '../helpers/clock.ts';
import { failureOf, get, type MemorySecrets, memorySecrets, type TestHub, testHub } from '../helpers/http.ts';
import { type MemoryTables, memoryTables } from '../helpers/memoryTable.ts';
import { until } from '../helpers/poll.ts';

const clientSecret = 'cs+/=%5f8e 2c91';
const client = { client_id: 'hub:1', client_secret: clientSecret };

let api: DmsApi;
let clock: TestClock;
let secrets: MemorySecrets;
let tables: MemoryTables;
let hubs: TestHub[];

beforeEach(() => {
  clock = testClock();
  tables = memoryTables();
  hubs = [];
});
afterEach(async () => {
  for (const hub of hubs) await hub.closeAll();
  await api.close();
});

async function start(access: Partial<Extract<AccessOptions, { kind: 'oauth2' }>>): Promise<void> {
  api = await startDmsApi({
    resources: sampleData(3),
    access: { kind: 'oauth2', clientId: client.client_id, clientSecret, ...access },
    clock,
  });
}

/** An instance of the hub; all share Key Vault and the tables. */
function instance(owner = 'one', wait?: (ms: number) => Promise<void>): TestHub {
  const hub = testHub({ clock, secrets, tables, owner, ...(wait !== undefined && { wait }) });
  hubs.push(hub);
  return hub;
}

const url = () => `${api.url}/all/parts`;
const tokenRequests = () => api.requests.filter(({ path }) => path === '/oauth/token');
const dataRequests = () => api.requests.filter(({ path }) => path !== '/oauth/token');

describe('client credentials', () => {
  const secret = (more: object = {}) => ({
    kind: 'oauth2_client_credentials',
    token_url: `${api.url}/oauth/token`,
    ...client,
    ...more,
  });

  test.each(['basic', 'body'])(
    'get a token, said by %s, which is good for many requests',
    async (client_authentication) => {
      await start({});
      const http = instance().open({ baseUrl: api.url, secret: secret({ client_authentication }) });
      for (let i = 0; i < 3; i++) expect((await get(http, url())).status).toBe(200);
      expect(tokenRequests()).toHaveLength(1);
      expect(JSON.stringify(dataRequests())).not.toContain('client_secret');
    },
  );

  test('are asked once by who comes at once', async () => {
    await start({});
    const hub = instance();
    const https = [1, 2, 3].map(() => hub.open({ baseUrl: api.url, secret: secret() }));
    await Promise.all([...https, ...https, ...https].map((http) => get(http, url())));
    expect(tokenRequests()).toHaveLength(1);
  });

  test('are asked again ahead of the end of a token', async () => {
    await start({ lifeSeconds: 600 });
    const http = instance().open({ baseUrl: api.url, secret: secret() });
    await get(http, url());
    clock.move(539_000);
    await get(http, url());
    expect(tokenRequests()).toHaveLength(1);
    clock.move(2_000);
    await get(http, url());
    expect(tokenRequests()).toHaveLength(2);
    expect(dataRequests().every(({ status }) => status === 200)).toBe(true);
  });

  test('are not needed while the token holds, even if its endpoint is down when it is due', async () => {
    await start({ lifeSeconds: 600 });
    const http = instance().open({ baseUrl: api.url, secret: secret() });
    await get(http, url());
    clock.move(560_000);
    api.faults.add({ fault: { kind: 'status', status: 503 }, path: '/oauth' });
    expect((await get(http, url())).status).toBe(200);
    clock.move(60_000);
    api.faults.add({ fault: { kind: 'status', status: 503, headers: { 'retry-after': '9' } }, path: '/oauth' });
    expect(await failureOf(get(http, url()))).toMatchObject({ code: 'NETWORK_ERROR', retryAfterMs: 9_000 });
  });

  test('are asked once more where a token has expired unseen, and the request is repeated once', async () => {
    await start({});
    const http = instance().open({ baseUrl: api.url, secret: secret() });
    await get(http, url());
    api.access.expireTokens();
    expect((await get(http, url())).status).toBe(200);
    expect(dataRequests().map(({ status }) => status)).toEqual([200, 401, 200]);
    expect(tokenRequests()).toHaveLength(2);
    api.faults.add({ fault: { kind: 'status', status: 401 }, path: '/all', times: 99 });
    expect(await failureOf(get(http, url()))).toMatchObject({ code: 'AUTH_FAILED', disposition: 'park' });
    expect(dataRequests()).toHaveLength(5);
    expect(tokenRequests()).toHaveLength(3);
  });

  test('where a token that was just given out is refused, another would be too', async () => {
    await start({});
    api.faults.add({ fault: { kind: 'status', status: 401 }, path: '/all', times: 99 });
    const http = instance().open({ baseUrl: api.url, secret: secret() });
    expect(await failureOf(get(http, url()))).toMatchObject({ code: 'AUTH_FAILED', disposition: 'park' });
    expect(tokenRequests()).toHaveLength(1);
  });

  test('that are wrong are told by the code alone', async () => {
    await start({});
    const http = instance().open({ baseUrl: api.url, secret: secret({ client_secret: 'wrong-5f8e2c91' }) });
    const failure = await failureOf(get(http, url()));
    expect(failure).toMatchObject({ code: 'AUTH_FAILED', disposition: 'park' });
    expect(failure.message).toContain('(invalid_client)');
    expect(failure.logged).not.toMatch(/5f8e2c91|Refused/);
    expect(dataRequests()).toHaveLength(0);
  });

  test.each<[string, Parameters<DmsApi['faults']['add']>[0]['fault'], object]>([
    ['a redirect', { kind: 'redirect', to: '/elsewhere', status: 307 }, { code: 'CONFIG_ERROR' }],
    ['a page', { kind: 'html' }, { code: 'CONFIG_ERROR', disposition: 'park' }],
    ['500', { kind: 'status', status: 500 }, { code: 'NETWORK_ERROR', disposition: 'retry' }],
    [
      '429',
      { kind: 'status', status: 429, headers: { 'retry-after': '5' } },
      { code: 'RATE_LIMITED', retryAfterMs: 5_000 },
    ],
    ['a bomb', { kind: 'bomb', megabytes: 50 }, { code: 'CONFIG_ERROR' }],
    ['nothing', { kind: 'dropped' }, { code: 'NETWORK_ERROR', disposition: 'retry' }],
  ])('whose endpoint answers with %s', async (_, fault, expected) => {
    await start({});
    api.faults.add({ fault, path: '/oauth' });
    const http = instance().open({ baseUrl: api.url, secret: secret() });
    const failure = await failureOf(get(http, url()));
    expect(failure).toMatchObject(expected);
    expect(failure.logged).not.toContain('5f8e');
    expect(api.requests).toHaveLength(1);
    // What failed is not kept.
    expect((await get(http, url())).status).toBe(200);
  });

  test('are not sent to where no source may be', async () => {
    await start({});
    const token_url = 'http://169.254.169.254/oauth/token';
    const http = instance().open({ baseUrl: api.url, secret: secret({ token_url }) });
    expect(await failureOf(get(http, url()))).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
  });
});

describe('a signed assertion', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));

  test('is exchanged for a token', async () => {
    await start({ assertionKey: String(publicKey.export({ type: 'spki', format: 'pem' })) });
    const token_url = `${api.url}/oauth/token`;
    const secret = { kind: 'jwt_bearer', token_url, issuer: 'hub', subject: 'dealer', private_key: pem, key_id: 'k1' };
    expect((await get(instance().open({ baseUrl: api.url, secret }), url())).status).toBe(200);
    const other = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
    const wrong = { ...secret, private_key: String(other.export({ type: 'pkcs8', format: 'pem' })) };
    const failure = await failureOf(get(instance('two').open({ baseUrl: api.url, secret: wrong }), url()));
    expect(failure).toMatchObject({ code: 'AUTH_FAILED', disposition: 'park' });
  });

  test('with a key of another kind is refused without a word of it', async () => {
    await start({});
    const secret = {
      kind: 'jwt_bearer',
      token_url: `${api.url}/oauth/token`,
      issuer: 'hub',
      private_key: 'hunter2-hunter2',
    };
    const failure = await failureOf(get(instance().open({ baseUrl: api.url, secret }), url()));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(failure.message).toContain('private_key');
    expect(failure.logged).not.toContain('hunter2');
  });
});

describe('a refresh token that is good for one use', () => {
  const name = 'acme-dms';

  async function begin(more: Partial<Extract<AccessOptions, { kind: 'oauth2' }>> = {}): Promise<void> {
    await start({ refreshToken: 'rt_first', lifeSeconds: 600, ...more });
    secrets = memorySecrets({
      [name]: {
        kind: 'oauth2_refresh_token',
        token_url: `${api.url}/oauth/token`,
        ...client,
        refresh_token: 'rt_first',
        mutual_tls: undefined,
        scope: 'parts',
      },
    });
  }
  const open = (hub: TestHub) => hub.open({ baseUrl: api.url, credential: name, secret: secrets.now(name).value });
  const saved = () => JSON.parse(secrets.now(name).value);

  test('is replaced in Key Vault before its access token is used, and all else there stays', async () => {
    await begin();
    const http = open(instance());
    secrets.fail('set', 2);
    const failure = await failureOf(get(http, url()));
    expect(failure).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    expect(failure.message).toContain('could not be saved in Key Vault');
    expect(dataRequests()).toHaveLength(0);
    expect(saved().refresh_token).toBe('rt_first');
    // The next try saves what the last one got: to ask again would void everything.
    expect((await get(http, url())).status).toBe(200);
    expect(tokenRequests()).toHaveLength(1);
    expect(saved()).toMatchObject({ ...client, scope: 'parts', refresh_token: api.access.refreshToken });
  });

  test('is saved by the second try within the same request', async () => {
    await begin();
    secrets.fail('set', 1);
    expect((await get(open(instance()), url())).status).toBe(200);
    expect(saved().refresh_token).toBe(api.access.refreshToken);
  });

  test('survives that the answer to the save was lost', async () => {
    await begin();
    secrets.fail('set', 2, undefined, true);
    const hub = instance();
    await failureOf(get(open(hub), url()));
    expect((await get(open(hub), url())).status).toBe(200);
    expect(tokenRequests()).toHaveLength(1);
    expect(saved().refresh_token).toBe(api.access.refreshToken);
  });

  test('parks the source where Key Vault does not let the hub save, and is saved once it does', async () => {
    await begin();
    secrets.fail('set', 1, new AdpError('AUTH_FAILED', 'Key Vault refuses the secret.'));
    const hub = instance();
    expect(await failureOf(get(open(hub), url()))).toMatchObject({ code: 'AUTH_FAILED', disposition: 'park' });
    expect(secrets.sets).toBe(1);
    expect((await get(open(hub), url())).status).toBe(200);
    expect(tokenRequests()).toHaveLength(1);
  });

  test('is used by one instance at a time, and the others take what it got', async () => {
    await begin();
    const hubs = ['one', 'two', 'three', 'four'].map((owner) => instance(owner));
    const answers = await Promise.all(hubs.flatMap((hub) => [get(open(hub), url()), get(open(hub), url())]));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(tokenRequests()).toHaveLength(1);
    expect(saved().refresh_token).toBe(api.access.refreshToken);
  });

  test('is used once by sources that write the name of its secret in different cases', async () => {
    await begin();
    const secret = secrets.now(name).value;
    const https = [name, 'Acme-DMS'].map((credential, index) =>
      instance(`${index}`).open({ baseUrl: api.url, credential, secret }),
    );
    const answers = await Promise.all(https.map((http) => get(http, url())));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(tokenRequests()).toHaveLength(1);
  });

  test('is used once within an instance, too, where its connections know different versions of the secret', async () => {
    await begin();
    const hub = instance();
    const before = open(hub);
    await get(before, url());
    const after = open(hub);
    for (let round = 1; round <= 3; round++) {
      clock.move(600_000);
      const answers = await Promise.all([get(before, url()), get(after, url())]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(tokenRequests()).toHaveLength(1 + round);
    }
    expect(saved().refresh_token).toBe(api.access.refreshToken);
  });

  test('goes on for days, with instances that know only old secrets', async () => {
    await begin();
    const hubs = ['one', 'two'].map((owner) => instance(owner));
    const https = hubs.map(open);
    for (let round = 0; round < 8; round++) {
      clock.move(300_000);
      for (const http of https) expect((await get(http, url())).status).toBe(200);
    }
    expect(api.access.refreshToken).toBe(saved().refresh_token);
    expect(tokenRequests().length).toBeLessThan(8);
  });

  test('a token that expired unseen is replaced by one instance for all', async () => {
    await begin();
    const hubs = ['one', 'two', 'three'].map((owner) => instance(owner));
    const https = hubs.map(open);
    for (const http of https) await get(http, url());
    api.access.expireTokens();
    const answers = await Promise.all(https.map((http) => get(http, url())));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect(tokenRequests()).toHaveLength(2);
  });

  test('a token that another instance left, and that was revoked since, is replaced too', async () => {
    await begin();
    await get(open(instance('one')), url());
    clock.move(1);
    api.access.expireTokens();
    expect((await get(open(instance('two')), url())).status).toBe(200);
    expect(tokenRequests()).toHaveLength(2);
  });

  test('a token that was revoked is replaced, though the one that another instance has left since is void as well', async () => {
    await begin();
    const [one, two] = [open(instance('one')), open(instance('two'))];
    for (const http of [one, two]) await get(http, url());
    api.access.expireTokens();
    await get(one, url());
    clock.move(1);
    api.access.expireTokens();
    expect((await get(two, url())).status).toBe(200);
    expect(tokenRequests()).toHaveLength(3);
  });

  test('is kept from others while its instance still has to save it', async () => {
    await begin();
    const [one, two] = [instance('one'), instance('two', async () => {})];
    secrets.fail('set', 2);
    await failureOf(get(open(one), url()));
    const failure = await failureOf(get(open(two), url()));
    expect(failure).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    expect(failure.retryAfterMs).toBeGreaterThan(0);
    expect(tokenRequests()).toHaveLength(1);
    await get(open(one), url());
    expect((await get(open(two), url())).status).toBe(200);
    expect(tokenRequests()).toHaveLength(1);
  });

  test('that was lost with its instance parks the source, and says what to do', async () => {
    await begin();
    secrets.fail('set', 2);
    await failureOf(get(open(instance('one')), url()));
    clock.move(91_000);
    const failure = await failureOf(get(open(instance('two')), url()));
    expect(failure).toMatchObject({ code: 'AUTH_FAILED', disposition: 'park' });
    expect(failure.message).toContain('(invalid_grant)');
    expect(failure.message).toContain('adp secrets set');
    expect(failure.logged).not.toMatch(/rt_|5f8e/);
  });

  test('that a person has replaced is taken, and what was still to be saved is not put over it', async () => {
    await begin();
    const hub = instance();
    secrets.fail('set', 2);
    await failureOf(get(open(hub), url()));
    const person = { ...saved(), refresh_token: api.access.refreshToken, scope: 'granted again' };
    await secrets.set(name, JSON.stringify(person));
    expect((await get(open(hub), url())).status).toBe(200);
    expect(saved()).toMatchObject({ scope: 'granted again', refresh_token: api.access.refreshToken });
    expect(tokenRequests()).toHaveLength(2);
  });

  test('is the same credential after each renewal, and another one after a person wrote it', async () => {
    await begin();
    const version = () => credentialVersion(secrets.now(name));
    const first = version();
    const http = open(instance());
    await get(http, url());
    expect(secrets.now(name).version).not.toBe(first);
    expect(version()).toBe(first);
    clock.move(600_000);
    await get(http, url());
    expect(tokenRequests()).toHaveLength(2);
    expect(version()).toBe(first);
    // With all of the hub's own members copied along.
    await secrets.set(name, JSON.stringify({ ...saved(), refresh_token: 'rt_by_hand' }));
    expect(version()).toBe(secrets.now(name).version);
  });

  test('is replaced and saved, though who asked has left and closed the connection', async () => {
    await begin();
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const endpoint = createServer(async (_, response) => {
      asked.resolve();
      await answered.promise;
      response.end('{"access_token":"at","refresh_token":"rt_next"}');
    });
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    const token_url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/`;
    await secrets.set(name, JSON.stringify({ ...saved(), token_url }));
    const http = open(instance());
    const left = new AbortController();
    const failure = failureOf(get(http, url(), {}, left.signal));
    await asked.promise;
    left.abort(new AdpError('CONFLICT', 'The poll is over.'));
    expect(await failure).toMatchObject({ message: 'The poll is over.' });
    const closed = http.close();
    await Promise.race([closed, sleep(200)]);
    answered.resolve();
    await closed;
    await until('the next one is saved', () => saved().refresh_token === 'rt_next', 10_000);
    await new Promise((resolve) => endpoint.close(resolve));
  });

  test('need not be saved where it stays the same', async () => {
    await begin({ rotates: false });
    expect((await get(open(instance()), url())).status).toBe(200);
    expect(secrets.sets).toBe(0);
  });

  test('leaves no lease behind', async () => {
    await begin();
    await get(open(instance()), url());
    clock.move(600_000);
    api.faults.add({ fault: { kind: 'status', status: 500 }, path: '/oauth' });
    await failureOf(get(open(instance('two')), url()));
    expect(await tables.open('leases').get(name, 'lease')).toBeUndefined();
    expect(tables.texts().join()).not.toMatch(/rt_|at_|5f8e/);
  });
});
