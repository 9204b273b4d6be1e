import { describe, expect, test } from '@jest/globals';
import { AdpError } from '../../shared/errors.ts';
import { emptyCounts, type RowError } from '../../shared/model/run.ts';
import { judgeRejects } from '../../shared/sync/poll/judgeRejects.ts';

const counts = { ...emptyCounts, read: 100, rejected: 25, upserts: 75 };

function messageWith(error: Omit<RowError, 'code' | 'row'>): string {
  try {
    judgeRejects(counts, [{ code: 'DATA_ERROR', row: 1, ...error }], undefined);
  } catch (thrown) {
    if (thrown instanceof AdpError) return thrown.message;
    throw thrown;
  }
  throw new Error('The rejects were taken.');
}

describe('a poll with too many rejects is told what the last ones were', () => {
  test('by the field and what it must be', () => {
    expect(messageWith({ field: 'on_hand', detail: 'must be a number' })).toMatch(
      /begin with: on_hand must be a number\.$/,
    );
  });

  test('by the sentence that is said of a whole row, which ends once', () => {
    expect(messageWith({ detail: 'The row is not an object.' })).toMatch(/begin with: The row is not an object\.$/);
  });
});
