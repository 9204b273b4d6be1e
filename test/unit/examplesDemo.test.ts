import { expect, test } from '@jest/globals';
import type { Run } from '../../cli/answers/run.ts';
import { parseRun } from '../../cli/answers/run.ts';
import { sumReceipts } from '../../cli/receipt.ts';
import type { Arrival } from '../../examples/demo/arrival.ts';
import { type Expectation, findProblems } from '../../examples/demo/expectation.ts';
import { fakeRun } from '../helpers/fakeHub.ts';

function arrivalOf(run: Run): Arrival {
  return {
    delivery: { dealer: 'acme', entity: 'part', file: 'part.csv', content: '', rows: 10, bad: 1 },
    runs: [run],
    receipt: sumReceipts([run.receipt]),
  };
}

const good = parseRun(fakeRun('acme.1', 10, { rejected: 1 }));
const expected: Expectation = { inserted: 9, updated: 0, unchanged: 0, deleted: 0, waiting: 0, rejected: 1, held: 9 };

test('a delivery that arrived as it should is no problem', () => {
  expect(findProblems(arrivalOf(good), 9, expected)).toEqual([]);
});

test.each([
  ['does not balance', { ...good, receipt: { ...good.receipt, balanced: false } }, 9, "acme.1 doesn't balance"],
  ['failed', { ...good, status: 'failed' }, 9, 'acme.1 is failed, not partial'],
  ['lost a row on the way', parseRun(fakeRun('acme.1', 9, { rejected: 1 })), 9, 'read is 9, should be 10'],
  ['refused too many', parseRun(fakeRun('acme.1', 10, { rejected: 2 })), 8, 'rejected is 2, should be 1'],
  ['is not in the store', good, 8, 'in the store is 8, should be 9'],
  ['is in the store twice', good, 18, 'in the store is 18, should be 9'],
])('a delivery that %s is one', (_, run, held, problem) => {
  expect(findProblems(arrivalOf(run), held, expected)).toContainEqual(expect.stringContaining(problem));
});
