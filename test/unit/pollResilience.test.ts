import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { admit, type Breaker, closedBreaker, failed, probe, succeeded } from '../../shared/resilience/breaker.ts';
import { type Failure, nextTry, noTries } from '../../shared/resilience/retry.ts';
import { statesIn } from '../../shared/store/limits.ts';
import { createSourceLimits, type Limits } from '../../shared/sync/poll/sourceLimits.ts';
import { testClock } from '../helpers/clock.ts';
import { memoryTables } from '../helpers/memoryTable.ts';

const lost: Failure = { code: 'NETWORK_ERROR', disposition: 'retry', detail: 'no answer' };
const limited: Failure = { code: 'RATE_LIMITED', disposition: 'retry', detail: 'too fast' };

function waitsOf(failure: Failure, seed = 'seed'): number[] {
  const waits: number[] = [];
  let tries = noTries;
  for (;;) {
    const step = nextTry(failure, tries, seed);
    if (step.kind === 'stop') return waits;
    waits.push(step.ms);
    tries = step.tries;
  }
}

describe('a failed call', () => {
  test('is tried again after 1, 2, 4, 8 and 16 seconds, and a little', () => {
    const waits = waitsOf(lost);
    expect(waits).toHaveLength(5);
    for (const [n, ms] of waits.entries()) {
      expect(ms).toBeGreaterThanOrEqual(1_000 * 2 ** n);
      expect(ms).toBeLessThanOrEqual(1_250 * 2 ** n);
    }
  });

  test('waits as long when it is replayed, and otherwise long for others', () => {
    expect(waitsOf(lost, 'a')).toEqual(waitsOf(lost, 'a'));
    expect(waitsOf(lost, 'a')).not.toEqual(waitsOf(lost, 'b'));
  });

  test('of a rate limit waits for what it says, three times', () => {
    expect(waitsOf({ ...limited, retryAfterMs: 7_000 }).map((ms) => Math.floor(ms / 7_000))).toEqual([1, 1, 1]);
    expect(waitsOf(limited).map((ms) => Math.floor(ms / 60_000))).toEqual([1, 1, 1]);
  });

  test('waits at least as long as a busy server says', () => {
    expect(Math.min(...waitsOf({ ...lost, retryAfterMs: 30_000 }))).toBe(30_000);
  });

  test('is left to the next schedule where the other side wants more than an hour', () => {
    expect(waitsOf({ ...limited, retryAfterMs: 3_600_001 })).toEqual([]);
  });

  test.each(['park', 'skip', 'fatal'] as const)('is not tried again where its disposition is %s', (disposition) => {
    expect(waitsOf({ code: 'AUTH_FAILED', disposition, detail: 'no' })).toEqual([]);
  });
});

describe('a breaker', () => {
  const fail = (times: number, breaker: Breaker, now = 0) => {
    let after = breaker;
    for (let n = 0; n < times; n++) after = failed(after, now);
    return after;
  };

  test('opens after six failures in a row, and not if one call succeeded in between', () => {
    expect(admit(fail(5, closedBreaker), 0).isAdmitted).toBe(true);
    expect(admit(fail(6, closedBreaker), 0)).toEqual({ isAdmitted: false, retryAt: 60_000 });
    expect(fail(5, succeeded())).toEqual({ state: 'closed', failures: 5 });
  });

  test('lets one call through when its pause is over, and closes when that succeeds', () => {
    const open = fail(6, closedBreaker);
    const first = admit(open, 60_000);
    if (!first.isAdmitted) throw new Error('not admitted');
    expect(first.breaker.state).toBe('half-open');
    expect(admit(first.breaker, 60_001).isAdmitted).toBe(false);
    expect(succeeded()).toEqual(closedBreaker);
  });

  test('pauses twice as long each time the trial fails, at most half an hour', () => {
    let breaker = fail(6, closedBreaker);
    const pauses: number[] = [];
    let now = 0;
    for (let n = 0; n < 8; n++) {
      const refused = admit(breaker, now);
      if (refused.isAdmitted) throw new Error('admitted');
      pauses.push(refused.retryAt - now);
      now = refused.retryAt;
      const trial = admit(breaker, now);
      if (!trial.isAdmitted) throw new Error('not admitted');
      breaker = failed(trial.breaker, now);
    }
    expect(pauses.map((ms) => ms / 60_000)).toEqual([1, 2, 4, 8, 16, 30, 30, 30]);
  });

  test('that a clock shut which was far ahead lets calls through', () => {
    const ahead = 400 * 86_400_000;
    expect(admit({ state: 'open', until: ahead, openings: 3 }, 0)).toMatchObject({ isAdmitted: true });
    expect(admit({ state: 'open', until: 30 * 60_000, openings: 9 }, 0)).toMatchObject({ isAdmitted: false });
  });

  test('forgets a trial that never ended', () => {
    const trial = admit(fail(6, closedBreaker), 60_000);
    if (!trial.isAdmitted) throw new Error('not admitted');
    expect(admit(trial.breaker, 60_000 + 5 * 60_000).isAdmitted).toBe(true);
  });

  test('is tried at once where somebody asks for it', () => {
    const probed = admit(probe(fail(6, closedBreaker), 1), 1);
    expect(probed).toMatchObject({ isAdmitted: true, breaker: { state: 'half-open' } });
    expect(probe(closedBreaker, 1)).toEqual(closedBreaker);
  });
});

describe("a source's limits", () => {
  function instances(limits: Limits, count = 1) {
    const tables = memoryTables();
    const clock = testClock();
    const made = Array.from({ length: count }, () =>
      createSourceLimits({
        buckets: statesIn(tables.open, 'requests'),
        hours: statesIn(tables.open, 'hour'),
        paces: statesIn(tables.open, 'pace'),
        clock,
      }),
    );
    let turn = 0;
    return {
      clock,
      tables,
      take: (entity: 'part' | 'invoice' = 'part') =>
        // biome-ignore lint/style/noNonNullAssertion: there is one
        made[turn++ % count]!.take('acme', 'dms', entity, limits),
      note: (rows: number) => made[0]?.note('acme', 'dms', rows, limits),
    };
  }

  test('allow a burst, then so many a minute, over all instances', async () => {
    const { take, clock } = instances({ requests_per_minute: 60, burst: 5 }, 3);
    let allowed = 0;
    for (let second = 0; second < 60; second++) {
      for (let n = 0; n < 4; n++) if ((await take()) === 0) allowed++;
      clock.move(1_000);
    }
    expect(allowed).toBeGreaterThanOrEqual(60);
    expect(allowed).toBeLessThanOrEqual(65);
  });

  test('never allow more in any hour than the cap, and all of it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 50, maxLength: 120 }), async (gaps) => {
        const { take, clock } = instances({ requests_per_hour: 10 }, 2);
        const granted: number[] = [];
        for (const seconds of gaps) {
          clock.move(seconds * 1_000);
          if ((await take()) === 0) granted.push(clock());
        }
        for (const from of granted) {
          expect(granted.filter((time) => time >= from && time < from + 3_600_000).length).toBeLessThanOrEqual(10);
        }
        expect(granted.length).toBeGreaterThanOrEqual(10);
      }),
      { numRuns: 30 },
    );
  });

  test('say when to come again, and then allow it', async () => {
    const { take, clock } = instances({ requests_per_hour: 2 });
    expect([await take(), await take()]).toEqual([0, 0]);
    const wait = await take();
    expect(wait).toBeGreaterThan(3_500_000);
    clock.move(wait);
    expect(await take()).toBe(0);
  });

  test('cap a group of entities alone', async () => {
    const { take } = instances({ requests_per_hour: 5, groups: [{ entities: ['invoice'], requests_per_hour: 1 }] });
    expect(await take('invoice')).toBe(0);
    for (let n = 0; n < 20; n++) expect(await take('invoice')).toBeGreaterThan(0);
    expect([await take(), await take(), await take(), await take()]).toEqual([0, 0, 0, 0]);
    expect(await take()).toBeGreaterThan(0);
  });

  test('let no more rows through than a second may have', async () => {
    const { take, note, clock } = instances({ rows_per_second: 1_000 });
    const start = clock();
    for (let page = 0; page < 10; page++) {
      const wait = await take();
      clock.move(wait);
      expect(await take()).toBe(0);
      await note(5_000);
    }
    expect(clock() - start).toBe(45_000);
  });

  test('make large pages wait as long as their rows take, up to an hour', async () => {
    const { take, note, clock } = instances({ rows_per_second: 20 });
    await note(50_000);
    expect(await take()).toBe(2_500_000);
    await note(50_000);
    expect(await take()).toBe(3_600_000);
    // Clocks differ a little.
    clock.move(-5_000);
    expect(await take()).toBe(3_605_000);
    // That is a clock that was wrong.
    clock.move(-60_000);
    expect(await take()).toBe(0);
    await note(20);
    expect(await take()).toBe(1_000);
  });

  test('refuse where they can not be read: rather no request than one too many', async () => {
    const { take, tables } = instances({ requests_per_minute: 60 });
    tables.fail('limits.get');
    await expect(take()).rejects.toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
  });
});
