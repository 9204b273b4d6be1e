import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Hub, startHub } from '../helpers/hub.ts';

const burst = 10;
const tokenMs = 10_000;
let hub: Hub;

beforeAll(async () => {
  // A token comes back in ten seconds: hardly any while the burst is spent.
  hub = await startHub({ PUSH_REQUESTS_PER_MINUTE: '6', PUSH_BURST: String(burst) });
});
afterAll(() => hub.end());

test('a dealer who is too fast gets 429 and is told when there is room again; others are not slowed down', async () => {
  const key = await hub.dealer('fast');
  const push = () => hub.call('POST', 'dealers/fast/part/batches', { key, body: [{ part_number: 'A' }] });

  const left: number[] = [];
  const start = Date.now();
  let refused = await push();
  for (let sent = 1; refused.status !== 429; sent++) {
    expect([sent, refused.status]).toEqual([sent, 202]);
    expect(sent).toBeLessThanOrEqual(burst + (Date.now() - start) / tokenMs);
    expect(refused.headers.get('ratelimit-policy')).toBe('"push";q=6;w=60');
    left.push(Number(/^"push";r=(\d+);t=\d+$/.exec(refused.headers.get('ratelimit') ?? '')?.[1]));
    refused = await push();
  }
  expect(left.length).toBeGreaterThanOrEqual(burst);
  expect(left.at(0)).toBe(burst - 1);
  expect(left.at(-1)).toBe(0);
  expect(left).toEqual([...left].sort((a, b) => b - a));

  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  expect(refused.body).toMatchObject({ status: 429, code: 'RATE_LIMITED', detail: expect.any(String) });
  expect(refused.headers.get('ratelimit')).toMatch(/^"push";r=0;t=\d+$/);
  expect(refused.headers.get('ratelimit-policy')).toBe('"push";q=6;w=60');
  const seconds = Number(refused.headers.get('retry-after'));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(tokenMs / 1_000);

  const calm = await hub.dealer('calm');
  const other = await hub.call('POST', 'dealers/calm/part/batches', { key: calm, body: [] });
  expect(other.status).toBe(202);
  expect((await hub.call('GET', 'dealers/fast/runs', { key })).status).toBe(200);

  await sleep(seconds * 1_000);
  expect((await push()).status).toBe(202);
});
