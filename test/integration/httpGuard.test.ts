import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type DmsApi, startDmsApi } from '../../examples/dmsApi/dmsApi.ts';
import { sampleData } from '../../examples/dmsApi/sampleData.ts';
import type { Lookup } from '../../shared/http/connect.ts';
import { failureOf, get, onThisMachine, type TestHub, testHub } from '../helpers/http.ts';

let api: DmsApi;
let hub: TestHub;
/** What DNS answers, by name; each answer is used once, the last one for ever. */
let names: Record<string, string[][]>;
let lookups: string[];
let others: DmsApi[];

async function startOther(rows: number): Promise<DmsApi> {
  const other = await startDmsApi({ resources: sampleData(rows) });
  others.push(other);
  return other;
}

const lookup: Lookup = async (hostname) => {
  lookups.push(hostname);
  const answers = names[hostname] ?? [];
  const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
  return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
};

beforeEach(async () => {
  api = await startDmsApi({ resources: sampleData(10) });
  names = {};
  lookups = [];
  others = [];
  hub = testHub({ lookup });
});
afterEach(async () => {
  await hub.closeAll();
  for (const one of [api, ...others]) await one.close();
});

const portOf = (url: string) => new URL(url).port;

describe('an address that is not of the internet', () => {
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.9.9',
    '192.168.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[fd12:3456::1]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '224.0.0.1',
  ])('is not connected to, however it is written: %s', async (host) => {
    const base = `http://${host}:${portOf(api.url)}`;
    const http = hub.open({ baseUrl: base, settings: { allow_http: true } });
    const failure = await failureOf(get(http, `${base}/all/parts`));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(failure.message).toContain('settings.networks');
    expect(api.requests).toHaveLength(0);
  });

  test('is not connected to either where a name leads there', async () => {
    names['dms.example.com'] = [['127.0.0.1']];
    const base = `http://dms.example.com:${portOf(api.url)}`;
    const http = hub.open({ baseUrl: base, settings: { allow_http: true } });
    const failure = await failureOf(get(http, `${base}/all/parts`));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(failure.message).toContain('dms.example.com leads to 127.0.0.1');
    expect(api.requests).toHaveLength(0);
  });

  test('makes a name unusable, even if its other addresses are fine', async () => {
    names['dms.example.com'] = [['127.0.0.1', '10.0.0.1']];
    const base = `http://dms.example.com:${portOf(api.url)}`;
    const http = hub.open({ baseUrl: base, settings: { allow_http: true, networks: ['127.0.0.0/8'] } });
    expect((await failureOf(get(http, `${base}/all/parts`))).message).toContain('10.0.0.1');
    expect(api.requests).toHaveLength(0);
  });

  test('is connected to where the source lists its network', async () => {
    names['dms.example.com'] = [['127.0.0.1']];
    const base = `http://dms.example.com:${portOf(api.url)}`;
    const http = hub.open({ baseUrl: base, settings: { allow_http: true, networks: ['127.0.0.1'] } });
    expect((await get(http, `${base}/all/parts`)).status).toBe(200);
  });

  test('is not reached by an answer of DNS that changes between the check and the connection', async () => {
    // Were the name looked up a second time, it would lead to the server.
    names['rebind.example.com'] = [['127.0.0.9'], ['127.0.0.1']];
    const base = `http://rebind.example.com:${portOf(api.url)}`;
    const http = hub.open({ baseUrl: base, settings: { allow_http: true, networks: ['127.0.0.9/32'] } });
    expect((await failureOf(get(http, `${base}/all/parts`))).code).toBe('NETWORK_ERROR');
    expect(lookups).toEqual(['rebind.example.com']);
    expect((await failureOf(get(http, `${base}/all/parts`))).code).toBe('CONFIG_ERROR');
    expect(api.requests).toHaveLength(0);
  });
});

test('a name that DNS does not know, or knows no address of, may be known later', async () => {
  const base = 'http://typo.example.com';
  const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
  const hubs = [testHub({ lookup: async () => Promise.reject(unknown) }), hub];
  for (const one of hubs) {
    const failure = await failureOf(get(one.open({ baseUrl: base }), `${base}/all/parts?key=secret`));
    expect(failure).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    expect(failure.message).toContain('typo.example.com');
    expect(failure.logged).not.toContain('secret');
  }
  await hubs[0]?.closeAll();
});

describe('where clouds give away identities', () => {
  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[fd00:ec2::254]/latest/meta-data',
    'http://[::ffff:169.254.169.254]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://168.63.129.16/machine',
    'http://169.254.170.2/v2/credentials',
  ])('nobody comes, whatever the source allows: %s', async (address) => {
    const http = hub.open({ baseUrl: address, settings: { allow_http: true, networks: ['0.0.0.0/0', '::/0'] } });
    const failure = await failureOf(get(http, address));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(failure.message).toContain('where no source may be');
  });

  test('no redirect leads', async () => {
    api.faults.add({ fault: { kind: 'redirect', to: 'http://169.254.169.254/latest/meta-data/iam?x=secret' } });
    const failure = await failureOf(get(hub.open({ baseUrl: api.url }), `${api.url}/all/parts`));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(failure.message).toContain(`${api.url}/all/parts redirects`);
    expect(failure.message).toContain('169.254.169.254');
  });

  test('no name leads', async () => {
    names['metadata.google.internal'] = [['169.254.169.254']];
    api.faults.add({ fault: { kind: 'redirect', to: 'http://metadata.google.internal/computeMetadata/v1/' } });
    const failure = await failureOf(get(hub.open({ baseUrl: api.url }), `${api.url}/all/parts`));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
  });
});

describe('only https', () => {
  test('is spoken, unless the source allows http', async () => {
    const settings = { networks: ['127.0.0.0/8'] };
    expect(() => hub.open({ baseUrl: api.url, settings })).toThrow(/settings.base_url must begin with https/);
  });

  test('and no password in the address', () => {
    const baseUrl = api.url.replace('://', '://user:hunter2@');
    expect(() => hub.open({ baseUrl })).toThrow(/^settings.base_url holds a user or password(?!.*hunter2)/);
  });
});

describe('a request beyond the source', () => {
  test('is not sent: a link that an API answers could lead anywhere', async () => {
    const other = await startOther(1);
    const http = hub.open({ baseUrl: api.url, secret: { kind: 'bearer', token: 'tok-123456' } });
    const failure = await failureOf(get(http, `${other.url}/all/parts`));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(other.requests).toHaveLength(0);
  });

  test.each([
    ['bearer', { kind: 'bearer', token: 'tok-123456' }],
    ['basic', { kind: 'basic', username: 'u', password: 'tok-123456' }],
    ['a key in a header', { kind: 'api_key', header: 'X-Key', value: 'tok-123456' }],
    ['a key in the query', { kind: 'api_key', query: 'key', value: 'tok-123456' }],
  ])('loses the credential where a redirect leads there: %s', async (_, secret) => {
    const other = await startOther(3);
    const own = hub.open({ baseUrl: api.url, secret });
    // The one who redirects repeats the whole query, as many do.
    api.faults.add({
      fault: { kind: 'redirect', to: `${other.url}/all/parts?${'query' in secret ? 'key=tok-123456&' : ''}a=1` },
    });
    other.faults.add({ fault: { kind: 'redirect', to: `${api.url}/all/parts?again` } });
    const headers = { cookie: 'session=tok-123456', 'x-tenant': 'tok-123456' };
    const answer = await get(own, `${api.url}/all/parts`, { headers });
    expect(answer.status).toBe(200);
    expect(answer.url).toBe(`${api.url}/all/parts?again`);
    const encoded = Buffer.from('u:tok-123456').toString('base64');
    expect(JSON.stringify(api.requests[0])).toMatch(new RegExp(`tok-123456|${encoded}`));
    for (const seen of [other.requests[0], api.requests[1]]) {
      expect(seen).toBeDefined();
      expect(JSON.stringify(seen)).not.toMatch(new RegExp(`tok-123456|${encoded}`));
    }
    expect(other.requests[0]?.query).toBe('?a=1');
  });

  test('keeps the credential within the source', async () => {
    const http = hub.open({ baseUrl: api.url, secret: { kind: 'bearer', token: 'tok-123456' } });
    api.faults.add({ fault: { kind: 'redirect', to: '/all/stock' } });
    expect(JSON.parse((await get(http, `${api.url}/all/parts`)).text)).toHaveLength(10);
    expect(api.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer tok-123456',
      'Bearer tok-123456',
    ]);
  });

  test('is not followed without end', async () => {
    api.faults.add({ fault: { kind: 'redirect', to: '/all/parts' }, times: 100 });
    const failure = await failureOf(get(hub.open({ baseUrl: api.url }), `${api.url}/all/parts`));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(api.requests).toHaveLength(6);
  });

  test('settings that are no networks are refused by name', () => {
    const settings = { ...onThisMachine, networks: ['10.0.0.0/33'] };
    expect(() => hub.open({ baseUrl: api.url, settings })).toThrow(/settings.networks: "10.0.0.0\/33"/);
  });
});
