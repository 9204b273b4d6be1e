import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createReadiness } from '../../functions/health/readiness.ts';
import { testClock } from '../helpers/clock.ts';
import { memoryLog } from '../helpers/memoryLog.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('everything answers: ok', async () => {
  const { log, lines } = memoryLog();
  const readiness = createReadiness({ tables: async () => {}, cosmos: async () => {} }, testClock());
  expect(await readiness(log)).toEqual({ status: 'ok', dependencies: { tables: 'ok', cosmos: 'ok' } });
  expect(lines).toEqual([]);
});

test('what fails, or does not answer within two seconds, is named; why is in the log alone', async () => {
  const { log, lines } = memoryLog();
  const probes = {
    tables: async () => {},
    blobs: () => Promise.reject(new Error('refused at 10.0.0.1')),
    cosmos: () => new Promise<void>(() => {}),
  };
  const asked = createReadiness(probes, testClock())(log);
  await jest.advanceTimersByTimeAsync(2_000);
  expect(await asked).toEqual({
    status: 'unavailable',
    dependencies: { tables: 'ok', blobs: 'unavailable', cosmos: 'unavailable' },
  });
  expect(lines.join()).toContain('refused at 10.0.0.1');
  expect(lines.join()).toContain('cosmos: Error: no answer within 2000 ms');
});

test('who asks often is told what was found within the last two seconds', async () => {
  const { log } = memoryLog();
  const clock = testClock();
  let probed = 0;
  const probes = {
    tables: async () => {
      probed++;
    },
  };
  const readiness = createReadiness(probes, clock);
  await Promise.all([readiness(log), readiness(log)]);
  clock.move(1_999);
  await readiness(log);
  expect(probed).toBe(1);
  clock.move(1);
  await readiness(log);
  expect(probed).toBe(2);
});
