import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Bucket, createRateLimit, type Rate, type RateLimit } from '../../shared/resilience/rateLimit.ts';
import { rateLimitHeaders } from '../../shared/resilience/rateLimitHeaders.ts';
import { statesIn } from '../../shared/store/limits.ts';
import { testClock } from '../helpers/clock.ts';
import { type MemoryTables, memoryTables } from '../helpers/memoryTable.ts';

const rate: Rate = { perMinute: 600, burst: 50 };

interface Setup {
  readonly rate?: Rate;
  readonly tables?: MemoryTables;
  readonly clock?: () => number;
  readonly failures?: unknown[];
}

function instance({ rate: own = rate, tables = memoryTables(), clock = testClock(), failures = [] }: Setup): RateLimit {
  const store = statesIn<Bucket>(tables.open, 'pushes');
  return createRateLimit({ rate: own, store, clock, onFailure: (error) => failures.push(error) });
}

async function takeUntilRefused(limit: RateLimit, key = 'acme'): Promise<number> {
  for (let taken = 0; taken < 10_000; taken++) if (!(await limit.take(key, 1)).allowed) return taken;
  throw new Error('never refused');
}

describe('a rate limit', () => {
  test('allows a burst, then what the rate gives', async () => {
    const clock = testClock();
    const limit = instance({ clock });
    expect(await takeUntilRefused(limit)).toBe(50);
    clock.move(1_000);
    expect(await takeUntilRefused(limit)).toBe(10);
    clock.move(3_600_000);
    expect(await takeUntilRefused(limit)).toBe(50);
  });

  test('is one a dealer', async () => {
    const limit = instance({});
    await takeUntilRefused(limit, 'acme');
    expect((await limit.take('other', 1)).allowed).toBe(true);
  });

  test('says when there is room again, and then there is', async () => {
    const clock = testClock();
    const limit = instance({ clock });
    await takeUntilRefused(limit);
    const refused = await limit.take('acme', 1);
    expect(refused).toMatchObject({ allowed: false, remaining: 0, limit: 600, retryAfterMs: 100 });
    clock.move(refused.retryAfterMs - 1);
    expect((await limit.take('acme', 1)).allowed).toBe(false);
    clock.move(1);
    expect((await limit.take('acme', 1)).allowed).toBe(true);
  });

  test('says what is left and when all of it is there again', async () => {
    const limit = instance({});
    for (let i = 0; i < 10; i++) await limit.take('acme', 1);
    expect(await limit.take('acme', 1)).toMatchObject({ remaining: 39, resetSeconds: 2 });
  });

  test('is shared: what one instance spends the others have not', async () => {
    const tables = memoryTables();
    const clock = testClock();
    const [a, b, c] = [1, 2, 3].map(() => instance({ tables, clock }));
    let total = 0;
    for (const limit of [a, b, c]) if (limit !== undefined) total += await takeUntilRefused(limit);
    expect(total).toBe(50);
  });

  test('asks the store once a slice, not once a request', async () => {
    const tables = memoryTables();
    const limit = instance({ tables, rate: { perMinute: 6_000, burst: 1_000 } });
    for (let i = 0; i < 500; i++) await limit.take('acme', 1);
    expect(tables.count('limits.get')).toBe(5);
  });

  test('asks the store once for callers that come together', async () => {
    const tables = memoryTables();
    const limit = instance({ tables, rate: { perMinute: 6_000, burst: 1_000 } });
    const taken = await Promise.all(Array.from({ length: 100 }, () => limit.take('acme', 1)));
    expect(taken.every(({ allowed }) => allowed)).toBe(true);
    expect(tables.count('limits.get')).toBe(1);
  });

  test('does not ask the store again for what can only be empty', async () => {
    const tables = memoryTables();
    const limit = instance({ tables });
    await takeUntilRefused(limit);
    const before = tables.count('limits.get');
    for (let i = 0; i < 50; i++) await limit.take('acme', 1);
    expect(tables.count('limits.get')).toBe(before);
  });

  test('lets everything pass where the store fails, and says so', async () => {
    for (const call of ['limits.get', 'limits.insert']) {
      const tables = memoryTables();
      const failures: unknown[] = [];
      const limit = instance({ tables, failures });
      tables.fail(call);
      expect((await limit.take('acme', 1)).allowed).toBe(true);
      expect(failures).toHaveLength(1);
      tables.fail(undefined);
      expect(await takeUntilRefused(limit)).toBe(50);
    }
  });

  test('gives nothing for a clock that goes back, nor locks anybody out', async () => {
    const clock = testClock();
    const tables = memoryTables();
    await takeUntilRefused(instance({ clock, tables }));
    clock.move(-30_000);
    const limit = instance({ clock, tables });
    expect(await takeUntilRefused(limit)).toBe(0);
    clock.move(31_000);
    expect(await takeUntilRefused(limit)).toBe(10);
    // A bucket from an hour ahead is a wrong clock's: nobody waits an hour for it.
    clock.move(-3_600_000);
    expect(await takeUntilRefused(limit)).toBe(0);
    clock.move(1_000);
    expect(await takeUntilRefused(limit)).toBe(10);
  });

  test('takes nothing for a clock that goes back', async () => {
    const clock = testClock();
    const tables = memoryTables();
    const limit = instance({ clock, tables });
    for (let i = 0; i < 10; i++) await limit.take('acme', 1);
    clock.move(-3_000);
    expect(await takeUntilRefused(instance({ clock, tables }))).toBe(40);
  });

  test('never lets instances together pass more than burst and rate allow', async () => {
    const step = fc.record({
      instance: fc.nat({ max: 3 }),
      wait: fc.oneof(fc.constant(0), fc.nat({ max: 400 }), fc.integer({ min: -2_000, max: 8_000 })),
      calls: fc.integer({ min: 1, max: 30 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 3_000 }),
        fc.integer({ min: 1, max: 200 }),
        async (steps, perMinute, burst) => {
          const clock = testClock();
          const tables = memoryTables();
          const limits = Array.from({ length: 4 }, () => instance({ clock, tables, rate: { perMinute, burst } }));
          // The bucket begins with the first that is taken.
          clock.move(steps[0]?.wait ?? 0);
          const start = clock();
          let latest = start;
          let passed = 0;
          for (const [i, { instance: which, wait, calls }] of steps.entries()) {
            if (i > 0) clock.move(wait);
            latest = Math.max(latest, clock());
            // Another instance asks at the same time, so that they race for the store.
            const racing = [limits[which], limits[(which + 1) % 4]];
            const taken = await Promise.all(Array.from({ length: calls }, (_, n) => racing[n % 2]?.take('acme', 1)));
            passed += taken.filter((one) => one?.allowed === true).length;
            expect(passed).toBeLessThanOrEqual(burst + (perMinute * (latest - start)) / 60_000 + 1e-6);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('its headers', () => {
  test('are structured fields as in the IETF draft', () => {
    const headers = rateLimitHeaders({ allowed: true, limit: 1_200, remaining: 50, resetSeconds: 30, retryAfterMs: 0 });
    expect(headers).toEqual({ ratelimit: '"push";r=50;t=30', 'ratelimit-policy': '"push";q=1200;w=60' });
  });
});
