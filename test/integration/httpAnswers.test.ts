import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Agent } from 'undici';
import { type DmsApi, startDmsApi } from '../../examples/dmsApi/dmsApi.ts';
import type { Fault } from '../../examples/dmsApi/faults.ts';
import { sampleData } from '../../examples/dmsApi/sampleData.ts';
import { type Authority, keepAuthority } from '../../local/certificates/authority.ts';
import { fixed } from '../../shared/credentials/authentication.ts';
import { httpOf } from '../../shared/http/send.ts';
import { readHttpSettings } from '../../shared/http/settings.ts';
import { temporaryFolder } from '../helpers/host.ts';
import { failureOf, get, onThisMachine, type TestHub, testHub } from '../helpers/http.ts';

const token = 'tok-5f8e2c91';

let api: DmsApi;
let hub: TestHub;

beforeEach(async () => {
  api = await startDmsApi({ resources: sampleData(500), access: { kind: 'bearer', token } });
  hub = testHub();
});
afterEach(async () => {
  await hub.closeAll();
  await api.close();
});

const open = (settings = {}) =>
  hub.open({ baseUrl: api.url, secret: { kind: 'bearer', token }, settings: { ...onThisMachine, ...settings } });

async function failureAfter(fault: Fault, settings = {}) {
  api.faults.add({ fault });
  return await failureOf(get(open(settings), `${api.url}/all/parts?api_key=${token}`));
}

describe('an answer that is no data says what to do', () => {
  test.each<[string, Fault, object]>([
    ['500', { kind: 'status', status: 500 }, { code: 'NETWORK_ERROR', disposition: 'retry' }],
    ['408', { kind: 'status', status: 408 }, { code: 'NETWORK_ERROR', disposition: 'retry' }],
    [
      '503 with a time',
      { kind: 'status', status: 503, headers: { 'retry-after': '7' } },
      { code: 'NETWORK_ERROR', disposition: 'retry', retryAfterMs: 7_000 },
    ],
    [
      '429 in seconds',
      { kind: 'status', status: 429, headers: { 'retry-after': '120' } },
      { code: 'RATE_LIMITED', disposition: 'retry', retryAfterMs: 120_000 },
    ],
    [
      '429 with a date, by the clock of the API',
      {
        kind: 'status',
        status: 429,
        headers: { date: 'Thu, 01 Jan 2015 00:00:00 GMT', 'retry-after': 'Thu, 01 Jan 2015 00:01:30 GMT' },
      },
      { code: 'RATE_LIMITED', disposition: 'retry', retryAfterMs: 90_000 },
    ],
    [
      '429 for a year',
      { kind: 'status', status: 429, headers: { 'retry-after': '31536000' } },
      { code: 'RATE_LIMITED', retryAfterMs: 3_600_000 },
    ],
    [
      '429 that says by another header when there is more',
      { kind: 'status', status: 429, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '90' } },
      { code: 'RATE_LIMITED', retryAfterMs: 90_000 },
    ],
    ['429 without a time', { kind: 'status', status: 429 }, { code: 'RATE_LIMITED', retryAfterMs: undefined }],
    [
      '403 that means a limit',
      { kind: 'status', status: 403, headers: { 'x-ratelimit-remaining': '0' } },
      { code: 'RATE_LIMITED', disposition: 'retry' },
    ],
    ['403', { kind: 'status', status: 403 }, { code: 'AUTH_FAILED', disposition: 'park' }],
    // A source that names no credential is told so by the same words.
    [
      '401',
      { kind: 'status', status: 401 },
      {
        code: 'AUTH_FAILED',
        disposition: 'park',
        message: expect.stringMatching(/without a valid credential.*`credential`/),
      },
    ],
    ['404', { kind: 'status', status: 404 }, { code: 'CONFIG_ERROR', disposition: 'park' }],
    ['a lost connection', { kind: 'dropped' }, { code: 'NETWORK_ERROR', disposition: 'retry' }],
    ['a body that is cut short', { kind: 'truncated' }, { code: 'NETWORK_ERROR', disposition: 'retry' }],
    ['a redirect to nowhere', { kind: 'status', status: 302 }, { code: 'CONFIG_ERROR', disposition: 'park' }],
  ])('%s', async (_, fault, expected) => {
    const failure = await failureAfter(fault);
    expect(failure).toMatchObject(expected);
    expect(failure.message).toContain(api.url);
    expect(failure.logged).not.toContain(token);
    expect(failure.logged).not.toContain('api_key');
  });

  test('and quotes the API, without secrets and control characters', async () => {
    const said = `{"error":"No such field: ${token}",\n"header":"${encodeURIComponent(token)}\u001b[31m"}`;
    const failure = await failureAfter({ kind: 'status', status: 400, body: said });
    expect(failure.message).toContain('answers 400: {"error":"No such field: ***", "header":"*** [31m"}');
    expect(failure.logged).not.toContain(token);
  });

  test('and a long explanation is cut, its secrets before', async () => {
    const failure = await failureAfter({
      kind: 'status',
      status: 400,
      body: `${'x'.repeat(195)}${token}${'y'.repeat(1e6)}`,
    });
    expect(failure.message).toMatch(/x{195}\*\*\*yy…\. /);
  });
});

describe('time', () => {
  test.each<[string, Fault]>([
    ['before the headers', { kind: 'slow', ms: 600_000 }],
    ['within the body', { kind: 'hanging' }],
  ])('is limited %s', async (_, fault) => {
    const failure = await failureAfter(fault, { timeout_seconds: 0.3 });
    expect(failure).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    expect(failure.message).toContain('timeout_seconds');
  });

  test.each<[string, Fault]>([
    ['before the headers', { kind: 'slow', ms: 600_000 }],
    ['within the body', { kind: 'hanging' }],
  ])('ends when who asked says so, with the reason given: %s', async (_, fault) => {
    api.faults.add({ fault });
    const abort = new AbortController();
    const reason = new Error('The poll is over.');
    const asked = get(open(), `${api.url}/all/parts`, {}, abort.signal);
    setTimeout(() => abort.abort(reason), 50);
    await expect(asked).rejects.toBe(reason);
  });

  test.each([
    [{}, 30_000],
    [{ timeout_seconds: 300 }, 300_000],
    [{ timeout_seconds: 5 }, 5_000],
  ])('an answer may take until it begins: of %j %i ms', async (more, expected) => {
    const waited: (number | null | undefined)[] = [];
    class Recorder extends Agent {
      override dispatch(...[options, handler]: Parameters<Agent['dispatch']>): boolean {
        waited.push(options.headersTimeout);
        return super.dispatch(options, handler);
      }
    }
    const agent = new Recorder();
    const agents = { own: async () => agent, plain: async () => agent };
    const settings = readHttpSettings({ ...onThisMachine, ...more });
    const authentication = fixed({ headers: { authorization: `Bearer ${token}` } });
    const http = httpOf({ baseUrl: new URL(api.url), settings, authentication, agents, clock: Date.now });
    expect((await get(http, `${api.url}/all/parts`)).status).toBe(200);
    expect(waited).toEqual([expected]);
    await http.close();
  });

  test('is not asked for where nobody listens', async () => {
    const base = api.url;
    await api.close();
    const failure = await failureOf(get(open(), `${base}/all/parts`));
    expect(failure).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    expect(failure.message).toContain('refuses connections');
  });
});

test.each([1, 2])('no more than %s connections are made, whatever is asked at the same time', async (concurrency) => {
  const open = new Set<Socket>();
  let most = 0;
  const server = createServer((_, response) => {
    most = Math.max(most, open.size);
    setTimeout(() => response.end('{}'), 5);
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = hub.open({ baseUrl, concurrency });
  const answers = await Promise.all(Array.from({ length: 12 }, () => get(http, baseUrl)));
  expect(answers.map(({ text }) => text)).toEqual(Array.from({ length: 12 }, () => '{}'));
  expect(most).toBe(concurrency);
  await http.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('a body', () => {
  test('larger than allowed ends the read, and a bomb is not unpacked', async () => {
    const before = process.memoryUsage().rss;
    const failure = await failureAfter({ kind: 'bomb', megabytes: 200 }, { max_megabytes: 2 });
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(failure.message).toContain('larger than 2 MB');
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
  });

  test('need not be read to its end', async () => {
    const http = open();
    for (let i = 0; i < 30; i++) {
      const answer = await http.send(
        { method: 'GET', url: new URL(`${api.url}/all/parts`) },
        new AbortController().signal,
      );
      for await (const chunk of answer.body) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
    }
    expect((await get(http, `${api.url}/page/parts?per_page=1`)).status).toBe(200);
  });

  test('comes back unchanged where nothing has changed: 304', async () => {
    const first = await get(open(), `${api.url}/all/parts`);
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
    expect(await get(open(), `${api.url}/all/parts`, { headers })).toMatchObject({ status: 304, text: '' });
  });

  test.each(['host', 'Content-Length', 'transfer-encoding'])('travels as the hub says: no header %s', async (name) => {
    const failure = await failureOf(get(open(), `${api.url}/all/parts`, { headers: { [name]: '5' } }));
    expect(failure.code).toBe('CONFIG_ERROR');
    expect(api.requests).toHaveLength(0);
  });

  test('can not begin in a header', async () => {
    const headers = { 'x-since': 'a\r\nx-evil: 1' };
    const failure = await failureOf(get(open(), `${api.url}/all/parts`, { headers }));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(api.requests).toHaveLength(0);
  });
});

describe('what is packed', () => {
  let server: Server;
  let answer: { readonly coding: string; readonly bytes: Uint8Array };
  beforeEach(async () => {
    server = createServer((_, response) => {
      response.writeHead(200, { 'content-encoding': answer.coding });
      response.end(answer.bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    server.close();
  });
  const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const text = 'Längere Texte, '.repeat(5_000);

  test.each<[string, Uint8Array]>([
    ['gzip', gzipSync(text)],
    ['br', brotliCompressSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['identity', Buffer.from(text)],
    ['', Buffer.from(text)],
  ])('is unpacked: %s', async (coding, bytes) => {
    answer = { coding, bytes };
    expect((await get(hub.open({ baseUrl: base() }), base())).text).toBe(text);
  });

  test.each<[string, Uint8Array]>([
    ['gzip', gzipSync(text).subarray(0, 100)],
    ['br', brotliCompressSync(text).subarray(0, 30)],
    ['deflate', deflateSync(text).subarray(0, 100)],
    ['gzip', Buffer.from('this is no gzip')],
    ['br', Buffer.from('this is no brotli, surely')],
  ])('and damaged is asked for again: %s', async (coding, bytes) => {
    answer = { coding, bytes };
    const failure = await failureOf(get(hub.open({ baseUrl: base() }), base()));
    expect(failure).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
  });

  test.each(['gzip', 'br', 'deflate'])('and nothing at all is nothing: %s', async (coding) => {
    answer = { coding, bytes: Buffer.alloc(0) };
    expect((await get(hub.open({ baseUrl: base() }), base())).text).toBe('');
  });

  test('in a way that we did not ask for is refused', async () => {
    answer = { coding: 'compress', bytes: Buffer.from('x') };
    expect(await failureOf(get(hub.open({ baseUrl: base() }), base()))).toMatchObject({ code: 'CONFIG_ERROR' });
  });
});

describe('TLS', () => {
  let authority: Authority;
  const trusted = getCACertificates('default');
  beforeAll(async () => {
    authority = await keepAuthority(await temporaryFolder('certificates'));
  });
  afterAll(() => {
    setDefaultCACertificates(trusted);
  });

  async function startTls(clientAuthority?: string): Promise<DmsApi> {
    const asks =
      clientAuthority === undefined ? {} : { requestCert: true, rejectUnauthorized: true, ca: clientAuthority };
    return await startDmsApi({ resources: sampleData(3), tls: { ...authority.issue(), ...asks } });
  }
  const settings = { networks: ['127.0.0.0/8', '::1/128'] };

  test('of an authority that nobody knows is refused, unless the credential names it', async () => {
    setDefaultCACertificates(trusted);
    const secured = await startTls();
    const failure = await failureOf(get(hub.open({ baseUrl: secured.url, settings }), `${secured.url}/all/parts`));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(failure.message).toContain('mutual_tls.ca');
    expect(secured.requests).toHaveLength(0);
    const own = authority.issue();
    const secret = { kind: 'mutual_tls', ...own, ca: authority.certificate };
    expect((await get(hub.open({ baseUrl: secured.url, settings, secret }), `${secured.url}/all/parts`)).status).toBe(
      200,
    );
    await secured.close();
  });

  test('shows the certificate of the credential, beside any other credential', async () => {
    setDefaultCACertificates([...trusted, authority.certificate]);
    const secured = await startTls(authority.certificate);
    const url = `${secured.url}/all/parts`;
    const failure = await failureOf(get(hub.open({ baseUrl: secured.url, settings }), url));
    // TLS 1.3 may end the connection before anyone hears why.
    expect(['AUTH_FAILED', 'NETWORK_ERROR']).toContain(failure.code);
    expect(secured.requests).toHaveLength(0);
    const { cert, key } = authority.issue();
    const secret = { kind: 'bearer', token, mutual_tls: { cert, key } };
    expect((await get(hub.open({ baseUrl: secured.url, settings, secret }), url)).status).toBe(200);
    expect(secured.requests.at(-1)?.headers.authorization).toBe(`Bearer ${token}`);
    await secured.close();
  });

  test('with a key that belongs to another certificate is refused without a word of it', () => {
    const { cert } = authority.issue();
    const { key } = authority.issue();
    const opening = () =>
      hub.open({ baseUrl: 'https://dms.example.com', settings, secret: { kind: 'mutual_tls', cert, key } });
    expect(opening).toThrow(/mutual_tls can't be read/);
  });

  test('is not given up on the way', async () => {
    setDefaultCACertificates([...trusted, authority.certificate]);
    const secured = await startTls();
    secured.faults.add({ fault: { kind: 'redirect', to: `${api.url}/all/parts` } });
    const http = hub.open({ baseUrl: secured.url, settings: { ...settings, allow_http: true } });
    const failure = await failureOf(get(http, `${secured.url}/all/parts`));
    expect(failure).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(api.requests).toHaveLength(0);
    await secured.close();
  });

  test('comes back where a link forgot it', async () => {
    setDefaultCACertificates([...trusted, authority.certificate]);
    const secured = await startTls();
    const http = hub.open({ baseUrl: secured.url, settings });
    expect((await get(http, 'http://localhost/all/parts')).url).toBe(`${secured.url}/all/parts`);
    await secured.close();
  });
});
