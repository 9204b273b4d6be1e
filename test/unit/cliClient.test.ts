import { describe, expect, test } from '@jest/globals';
import { HubClient } from '../../cli/client.ts';
import { retryAfterMs } from '../../cli/retryAfter.ts';
import { type FakeAnswer, startFakeHub } from '../helpers/fakeHub.ts';

function clientOf(baseUrl: string, waits: number[], signal?: AbortSignal): HubClient {
  return new HubClient({
    baseUrl,
    key: 'adp_k',
    sleep: async (milliseconds) => {
      waits.push(milliseconds);
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Answers in this order, the last one for ever. */
function inOrder(...answers: readonly FakeAnswer[]): () => FakeAnswer {
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)] ?? { status: 500 };
}

const fine: FakeAnswer = { status: 200, body: { fine: true } };

describe('a request', () => {
  test('carries the key, and its query but what is undefined', async () => {
    await using hub = await startFakeHub(() => fine);
    const answer = await clientOf(hub.baseUrl, []).get('/dealers/acme/runs', {
      query: { entity: 'part', status: undefined },
    });
    expect(answer.body).toEqual({ fine: true });
    expect(hub.requests).toMatchObject([
      { method: 'GET', path: '/dealers/acme/runs', headers: { 'x-api-key': 'adp_k' } },
    ]);
    expect(hub.requests[0]?.query.toString()).toBe('entity=part');
  });

  test.each([429, 503])('is tried again after %d, when Retry-After says', async (status) => {
    await using hub = await startFakeHub(inOrder({ status, headers: { 'retry-after': '7' } }, { status }, fine));
    const waits: number[] = [];
    expect((await clientOf(hub.baseUrl, waits).post('/x', { json: {} })).status).toBe(200);
    expect(waits).toEqual([7000, 500]);
  });

  test('that is never welcome gives up after eight tries', async () => {
    await using hub = await startFakeHub(() => ({ status: 429, body: { title: 'Too many', code: 'RATE_LIMITED' } }));
    await expect(clientOf(hub.baseUrl, []).get('/x')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(hub.requests).toHaveLength(8);
  });

  test('does not wait for hours because it was told to', async () => {
    await using hub = await startFakeHub(() => ({ status: 503, headers: { 'retry-after': '86400' } }));
    const waits: number[] = [];
    await expect(clientOf(hub.baseUrl, waits).get('/x')).rejects.toThrow(/503/);
    expect(waits).toEqual([]);
  });

  test('whose connection breaks is repeated only where that is safe', async () => {
    await using hub = await startFakeHub(inOrder({ status: 0, hangUp: true }, fine));
    const client = clientOf(hub.baseUrl, []);
    const headers = { 'idempotency-key': 'a-0' };
    expect((await client.post('/batches', { json: {}, headers })).status).toBe(200);
    await using other = await startFakeHub(() => ({ status: 0, hangUp: true }));
    await expect(clientOf(other.baseUrl, []).post('/replay')).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
    expect(other.requests).toHaveLength(1);
  });

  test('under way elsewhere (409 with Retry-After) is asked for again, a plain 409 is not', async () => {
    await using hub = await startFakeHub(
      inOrder({ status: 409, headers: { 'retry-after': '1' } }, fine, { status: 409 }),
    );
    const client = clientOf(hub.baseUrl, []);
    expect((await client.post('/batches')).status).toBe(200);
    await expect(client.post('/batches')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('to no hub at all ends soon, and says where it looked', async () => {
    const waits: number[] = [];
    const failed = clientOf('http://127.0.0.1:9', waits).get('/x');
    await expect(failed).rejects.toThrow(/GET \/x at http:\/\/127\.0\.0\.1:9: /);
    expect(waits).toHaveLength(2);
  });

  test('that is interrupted ends at once', async () => {
    const interrupted = new AbortController();
    await using hub = await startFakeHub(async () => {
      interrupted.abort(new Error('stop'));
      return new Promise<FakeAnswer>(() => {});
    });
    const waits: number[] = [];
    await expect(clientOf(hub.baseUrl, waits, interrupted.signal).get('/x')).rejects.toThrow('stop');
    expect(waits).toEqual([]);
  });
});

test('a problem document becomes a message that names status, code, detail and every error', async () => {
  const errors = Array.from({ length: 12 }, (_, index) => ({ field: `entities.part.f${index}`, detail: 'is unknown' }));
  const body = { title: 'Invalid source', status: 400, code: 'CONFIG_ERROR', detail: '12 problems', errors };
  await using hub = await startFakeHub(() => ({ status: 400, body }));
  await expect(clientOf(hub.baseUrl, []).put('/admin/x', { json: {} })).rejects.toMatchObject({
    code: 'CONFIG_ERROR',
    message: expect.stringMatching(
      /^PUT \/admin\/x: 400 CONFIG_ERROR, Invalid source: 12 problems\n {2}entities\.part\.f0: is unknown\n[\s\S]*… and 2 more$/,
    ),
  });
});

test('an answer that is not JSON is shown as far as it helps', async () => {
  const plain = new HubClient({
    baseUrl: 'http://x',
    key: 'k',
    fetch: async () => new Response('<h1>Bad Gateway</h1>', { status: 400 }),
  });
  await expect(plain.get('/x')).rejects.toThrow(/400, <h1>Bad Gateway/);
});

test('Retry-After is seconds or a date', () => {
  const now = Date.parse('2026-11-20T09:00:00Z');
  const read = (value?: string) => retryAfterMs(new Headers(value === undefined ? {} : { 'retry-after': value }), now);
  expect(read('3')).toBe(3000);
  expect(read('Fri, 20 Nov 2026 09:00:05 GMT')).toBe(5000);
  expect(read('Fri, 20 Nov 2026 08:00:00 GMT')).toBe(0);
  expect(read('soon')).toBeUndefined();
  expect(read()).toBeUndefined();
});
