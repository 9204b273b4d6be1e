import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createPump } from '../../local/host/pump.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test('every item is in one call, no call is larger and no more run at once than allowed', async () => {
  const sizes = { batchSize: fc.integer({ min: 1, max: 7 }), concurrency: fc.integer({ min: 1, max: 5 }) };
  const options = fc.record({ ...sizes, lingerMs: fc.constantFrom(0, 1), count: fc.integer({ min: 0, max: 50 }) });
  await fc.assert(
    fc.asyncProperty(options, async ({ batchSize, concurrency, lingerMs, count }) => {
      const calls: number[][] = [];
      let running = 0;
      const pump = createPump<number>({
        batchSize,
        concurrency,
        lingerMs,
        call: async (items) => {
          running += 1;
          expect(running).toBeLessThanOrEqual(concurrency);
          expect(items.length).toBeLessThanOrEqual(batchSize);
          calls.push([...items]);
          await nextTurn();
          running -= 1;
        },
      });
      await Promise.all(Array.from({ length: count }, (_, item) => pump.offer(item)));
      expect(calls.flat()).toEqual(Array.from({ length: count }, (_, item) => item));
    }),
    { numRuns: 50 },
  );
});

test('a stop waits for what runs and gives back the rest', async () => {
  const called: string[] = [];
  const pump = createPump<string>({
    batchSize: 1,
    concurrency: 1,
    lingerMs: 0,
    call: async ([item = '']) => {
      await nextTurn();
      called.push(item);
    },
  });
  const offers = ['first', 'second', 'third'].map((item) => pump.offer(item));
  expect(await pump.stop()).toEqual(['second', 'third']);
  await Promise.all(offers);
  expect(called).toEqual(['first']);
});
