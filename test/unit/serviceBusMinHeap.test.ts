import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MinHeap } from '../../local/serviceBus/queue/minHeap.ts';

test('it always gives the least of what it holds', () => {
  const operation = fc.oneof(
    { weight: 3, arbitrary: fc.integer() },
    { weight: 2, arbitrary: fc.constant('pop' as const) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
      const heap = new MinHeap<number>((n) => n);
      const sorted: number[] = [];
      for (const next of operations) {
        expect(heap.peek()).toBe(sorted[0]);
        if (next === 'pop') {
          expect(heap.pop()).toBe(sorted.shift());
        } else {
          heap.push(next);
          sorted.push(next);
          sorted.sort((a, b) => a - b);
        }
        expect(heap.size).toBe(sorted.length);
      }
    }),
  );
});
