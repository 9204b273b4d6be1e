// Whatever a stranger's program sends, the hub answers 2xx or a 4xx problem document, lives on, and takes the next push.
import { readFile } from 'node:fs/promises';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Hub, startHub } from '../helpers/hub.ts';

const seed = Number(process.env.FUZZ_SEED ?? 20_261_120);
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const batches = '/api/v1/dealers/acme/part_stock/batches';

let hub: Hub;
let key: string;
let pid: number;

beforeAll(async () => {
  hub = await startHub();
  key = await hub.dealer('acme');
  pid = hub.host.pid;
});
afterAll(async () => {
  agent.destroy();
  await hub.end();
});

afterEach(async () => {
  expect(hub.host.pid).toBe(pid);
  expect(await readFile(join(hub.dataDir, 'logs/host.log'), 'utf8')).not.toMatch(/A promise nobody waits for/);
  const reply = await hub.call('POST', 'dealers/acme/part/batches', { key, body: [{ part_number: 'still here' }] });
  expect(reply.status).toBe(202);
  expect(await hub.closed(reply.body.run_id)).toMatchObject({ status: 'succeeded', errors: [] });
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Uint8Array | string;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Not `fetch`, which mends paths and headers before it sends them. */
function send({ method = 'POST', path = batches, headers = {}, body = '' }: Sent): Promise<Got> {
  const { promise, resolve, reject } = Promise.withResolvers<Got>();
  const { port } = new URL(hub.baseUrl);
  const all = { 'x-api-key': key, 'content-length': String(Buffer.byteLength(body)), ...headers };
  const outgoing = request({ host: '127.0.0.1', port, method, path, headers: all, agent }, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    answer.on('error', reject);
  });
  outgoing.on('error', reject);
  outgoing.end(body);
  return promise;
}

/** @param by who may answer: also the HTTP server in front of the app, which knows no problem documents */
async function expectAnswer(sent: Sent, by: 'app' | 'server' = 'app'): Promise<void> {
  const { status, headers, text } = await send(sent);
  expect([status >= 200 && status < 500, status, text.slice(0, 500)]).toEqual([true, status, text.slice(0, 500)]);
  if (status < 400 || (by === 'server' && text === '')) return;
  expect(headers['content-type']).toBe('application/problem+json');
  expect(JSON.parse(text)).toMatchObject({ status, code: expect.any(String), detail: expect.any(String) });
}

async function expectAnswers(requests: fc.Arbitrary<Sent>, numRuns: number, by?: 'app' | 'server'): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(requests, { minLength: 1, maxLength: 4 }), async (together) => {
      await Promise.all(together.map((sent) => expectAnswer(sent, by)));
    }),
    { seed, numRuns, endOnFailure: true },
  );
}

const json = 'application/json';
const types = [json, 'application/x-ndjson', 'text/csv', 'application/xml'] as const;
const type = fc.constantFrom(...types);
const encoding = fc.constantFrom({}, {}, { 'content-encoding': 'gzip' });
const bytes = fc.uint8Array({ maxLength: 300 });

const names = fc.constantFrom(
  'part_number',
  'on_hand',
  '_op',
  '__proto__',
  'constructor',
  'toString',
  'extensions',
  '',
);
const values = fc.oneof(fc.jsonValue(), fc.constantFrom('delete', 'x', 1e300, -0, null), fc.string({ unit: 'binary' }));
const row = fc.dictionary(fc.oneof(names, fc.string()), values, { noNullPrototype: true });
// What JavaScript would make of `__proto__` in a literal must not hide it from the hub.
const rowText = fc.array(fc.tuple(names, values), { maxLength: 6 }).map((fields) => {
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`).join(',')}}`;
});

const valid: Readonly<Record<(typeof types)[number], string>> = {
  [json]:
    '{"records":[{"part_number":"A","on_hand":1.50,"extensions":{"a":[1,"ü"]}},{"_op":"delete","part_number":"B"}]}',
  'application/x-ndjson': '{"part_number":"A","on_hand":1}\n{"part_number":"B","last_sold_date":"2026-01-31"}\r\n',
  'text/csv': 'part_number,bin,on_hand\r\n"A ""x""",b,1\r\nB,"c\r\nd",2.5\r\n',
  'application/xml': '<?xml version="1.0"?><a><b bin="x"><part_number>A &amp; B</part_number><!-- c --></b><b/></a>',
};

interface Mutation {
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(8),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 4 }),
    fc
      .constantFrom('"', '<', '>', '&', '{', '}', '[', ']', '\0', '\n', ',', '\uFEFF', '<![CDATA[', '&#0;')
      .map(toBytes),
  ),
});

function toBytes(text: string): Uint8Array {
  return Buffer.from(text);
}

function mutate(body: Uint8Array, { at, remove, insert }: Mutation): Uint8Array {
  const position = Math.floor(at * body.length);
  return Buffer.concat([body.subarray(0, position), insert, body.subarray(position + remove)]);
}

const deep = 100_000;
const digits = '9'.repeat(100_000);
const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
const packed = gzipSync(valid[json]);
const extremes: Record<string, [contentType: string, body: string | Uint8Array, encoding?: string]> = {
  'arrays 100,000 deep': [json, '['.repeat(deep)],
  'arrays 100,000 deep, closed': [json, '['.repeat(deep) + ']'.repeat(deep)],
  'objects 100,000 deep': [json, `[${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}]`],
  'a line 100,000 deep': ['application/x-ndjson', `${'[{"a":'.repeat(deep)}\n{"part_number":"A"}`],
  'elements 100,000 deep': ['application/xml', '<a>'.repeat(deep) + '</a>'.repeat(deep)],
  'a tag of 100,000 attributes': ['application/xml', `<a><b ${attributes(deep)}/></a>`],
  '100,000 columns': ['text/csv', `part_number${',x'.repeat(deep)}\n`],
  '100,000 quotes': ['text/csv', `part_number\n${'"'.repeat(deep + 1)}`],
  'a billion laughs': ['application/xml', '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'],
  'a reference to nothing': ['application/xml', '<a><b><part_number>&nothing;&#xFFFFFFFF;</part_number></b></a>'],
  'numbers beyond all bounds': [json, `[{"part_number":"A","on_hand":1e999},{"part_number":"B","on_hand":-${digits}}]`],
  'a decimal with 100,000 digits': ['text/csv', `part_number,on_hand\nA,${digits}\nB,1e99999\nC,0x10\nD,NaN\n`],
  'a number as a key': [json, `[{"part_number":${digits}},{"part_number":-0},{"part_number":1e400}]`],
  'keys that JavaScript knows': [
    json,
    '[{"__proto__":{"part_number":"A"}},{"constructor":{"prototype":{"polluted":1}},"part_number":"A"},' +
      '{"part_number":"B","extensions":{"__proto__":{"polluted":true},"constructor":1}}]',
  ],
  'columns that JavaScript knows': ['text/csv', '__proto__,constructor,part_number\na,b,c\n'],
  'elements that JavaScript knows': ['application/xml', '<a><__proto__ part_number="A"><constructor/></__proto__></a>'],
  'lone surrogates': [json, '[{"part_number":"\\ud800"},{"\\udc00":1,"part_number":"A"}]'],
  'UTF-8 that is none': [json, Buffer.from('[{"part_number":"\xc3\x28\xff"}]', 'latin1')],
  'UTF-16 without a mark': ['text/csv', Buffer.from('part_number\nA\n', 'utf16le')],
  'a BOM alone': [json, '\uFEFF'],
  'gzip that ends too early': [json, packed.subarray(0, -9), 'gzip'],
  'gzip with a wrong sum': [json, Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8, 1)]), 'gzip'],
  'gzip within gzip': [json, gzipSync(packed), 'gzip'],
  'a gzip bomb': [json, bomb, 'gzip'],
  'a gzip bomb within another': [json, gzipSync(bomb), 'gzip'],
  'a thousand empty members': [json, Buffer.concat(Array.from({ length: 1_000 }, () => gzipSync(''))), 'gzip'],
};

function attributes(count: number): string {
  return Array.from({ length: count }, (_, n) => `a${n}="1"`).join(' ');
}

describe(`fuzzed requests (FUZZ_SEED=${seed})`, () => {
  test.each(Object.keys(extremes))('%s', async (name) => {
    const [contentType, body, encoded] = extremes[name] ?? [json, ''];
    const headers = { 'content-type': contentType, ...(encoded !== undefined && { 'content-encoding': encoded }) };
    await expectAnswer({ headers, body });
  });

  test('random bytes of every type', async () => {
    const sent = fc
      .tuple(type, encoding, bytes)
      .map(([contentType, encoded, body]) => ({ headers: { 'content-type': contentType, ...encoded }, body }));
    await expectAnswers(sent, 60);
  });

  test('random JSON, and rows with names that JavaScript knows', async () => {
    const body = fc.oneof(
      fc.json(),
      fc.array(row, { maxLength: 5 }).map((rows) => JSON.stringify(rows)),
      fc.array(rowText, { maxLength: 5 }).map((rows) => `[${rows.join(',')}]`),
    );
    await expectAnswers(
      body.map((text) => ({ headers: { 'content-type': json }, body: text })),
      80,
    );
  });

  test('valid bodies with some bytes changed, and packed ones', async () => {
    const sent = fc
      .tuple(type, fc.boolean(), fc.array(mutation, { minLength: 1, maxLength: 4 }))
      .map(([contentType, isPacked, mutations]) => {
        const whole = isPacked ? gzipSync(valid[contentType]) : Buffer.from(valid[contentType]);
        const headers = { 'content-type': contentType, ...(isPacked && { 'content-encoding': 'gzip' }) };
        return { headers, body: mutations.reduce<Uint8Array>(mutate, whole) };
      });
    await expectAnswers(sent, 110);
  });

  test('bodies of one type that say that they are of another', async () => {
    const claims = fc.oneof(
      type,
      fc.constantFrom('', ';', 'application/json;charset=utf-16', 'text/csv; charset="', 'multipart/form-data', '*/*'),
    );
    const sent = fc.tuple(type, claims).map(([real, claimed]) => ({
      headers: { 'content-type': claimed },
      body: valid[real],
    }));
    await expectAnswers(sent, 30);
  });

  test('odd headers', async () => {
    const visible = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
    const odd = fc.oneof(
      visible,
      fc.constantFrom('', '"', '""', '"a', 'a'.repeat(5_000), '\u00e9', 'a, b', 'gzip, gzip'),
    );
    const name = fc.constantFrom(
      'idempotency-key',
      'content-encoding',
      'content-type',
      'x-request-id',
      'x-api-key',
      'authorization',
      'accept',
      'if-match',
      'expect-nothing',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-ms-invocation-id',
      'traceparent',
      'cookie',
    );
    const sent = fc.array(fc.tuple(name, odd), { minLength: 1, maxLength: 4 }).map((headers) => ({
      headers: { 'content-type': json, ...Object.fromEntries(headers) },
      body: '[{"part_number":"A"}]',
    }));
    await expectAnswers(sent, 60);
  });

  test('paths and queries of all kinds', async () => {
    const segment = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'abz09._-~!$&()*+,;=:@%') }),
      fc.constantFrom(
        '%',
        '%zz',
        '%2F',
        '%2e%2e',
        '..',
        '.',
        '%00',
        '%C3%28',
        '%ud800',
        '%F0%9F%9A%9C',
        '{entity}',
        '',
      ),
      fc.constantFrom(
        'dealers',
        'acme',
        'part_stock',
        'batches',
        'records',
        'runs',
        'quarantine',
        'admin',
        '__proto__',
      ),
    );
    const query = fc
      .array(fc.tuple(segment, segment), { maxLength: 3 })
      .map((pairs) => pairs.map((p) => p.join('=')).join('&'));
    const sent = fc
      .tuple(
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
        fc.array(segment, { maxLength: 6 }),
        query,
      )
      .map(([method, segments, search]) => ({ method, path: `/api/v1/${segments.join('/')}?${search}` }));
    await expectAnswers(sent, 80, 'server');

    const records = '/api/v1/dealers/acme/part_stock/records';
    const below = fc
      .tuple(fc.constantFrom('/', '?part_number=', '?updated_since=', '?limit=', '?continuation=', '/x?'), segment)
      .map((parts) => ({ method: 'GET', path: records + parts.join('') }));
    await expectAnswers(below, 40, 'server');
  });

  test('headers and paths that are long, and too long', async () => {
    const long = (size: number): Sent[] => [
      { headers: { 'content-type': json, cookie: 'a'.repeat(size) }, body: '[]' },
      { method: 'GET', path: `/api/v1/runs/${'a'.repeat(size)}` },
      { method: 'GET', path: `/api/v1/dealers/acme/part/records/${'a'.repeat(size)}` },
    ];
    for (const size of [2_000, 8_000, 15_500]) {
      for (const sent of long(size)) await expectAnswer(sent);
    }
    // From 16 KB on Node's server says 431 and hangs up, which a client that is still writing may notice first.
    for (const sent of [15_900, 16_300, 100_000].flatMap(long)) {
      const status = await send(sent).then(
        (got) => got.status,
        (error: NodeJS.ErrnoException) => error.code,
      );
      expect([200, 202, 404, 414, 431, 'ECONNRESET', 'EPIPE']).toContain(status);
    }
  });
});
