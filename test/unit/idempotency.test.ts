import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Begun, type Idempotency, idempotencyIn, type Lease, leaseMs } from '../../shared/store/idempotency.ts';
import { type MemoryTables, memoryTables } from '../helpers/memoryTable.ts';

const scope = { dealerId: 'acme', entity: 'part', sourceId: null } as const;
const answer = { status: 202, body: { run_id: 'acme.1' } };

let tables: MemoryTables;
let now: number;
let instance: Idempotency;
let other: Idempotency;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
  tables = memoryTables();
  now = Date.parse('2026-11-20T12:00:00Z');
  let owners = 0;
  const open = () =>
    idempotencyIn(
      tables.open,
      () => now,
      () => `owner-${owners++}`,
    );
  instance = open();
  other = open();
});
afterEach(() => {
  jest.useRealTimers();
});

function leaseOf(begun: Begun): Lease {
  if (begun.kind !== 'ours') throw new Error(`Expected a lease, got ${begun.kind}.`);
  return begun.lease;
}

/** Time goes on, renewals and what they wait for included. */
async function pass(ms: number): Promise<void> {
  now += ms;
  jest.advanceTimersByTime(ms);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('an idempotency key', () => {
  test('belongs to one at a time, and gets its answer again afterwards', async () => {
    const lease = leaseOf(await instance.begin(scope, 'k', 'body'));
    expect(await other.begin(scope, 'k', 'body')).toEqual({ kind: 'under way', retryAfterMs: leaseMs });
    expect(await other.begin(scope, 'k', 'another body')).toEqual({ kind: 'other body' });
    expect(await lease.finish(answer)).toBe(true);
    expect(await other.begin(scope, 'k', 'body')).toEqual({ kind: 'answered', answer });
    expect((await other.begin({ ...scope, dealerId: 'bravo' }, 'k', 'body')).kind).toBe('ours');
  });

  test('is taken over where its process died; the one that was only slow is not remembered then', async () => {
    const slow = leaseOf(await instance.begin(scope, 'k', 'body'));
    now += leaseMs + 1;
    const lease = leaseOf(await other.begin(scope, 'k', 'body'));
    expect(await slow.finish({ status: 202, body: 'slow' })).toBe(false);
    expect(await lease.finish(answer)).toBe(true);
    expect(await instance.begin(scope, 'k', 'body')).toEqual({ kind: 'answered', answer });
  });

  test.each(['insert', 'replace'])('stays ours where the answer to a write was lost (%s)', async (method) => {
    if (method === 'insert') tables.loseAnswer('idempotency.insert');
    const lease = leaseOf(await instance.begin(scope, 'k', 'body'));
    if (method === 'replace') tables.loseAnswer('idempotency.replace');
    await pass(10_000);
    await pass(10_000);
    await pass(leaseMs);
    expect((await other.begin(scope, 'k', 'body')).kind).toBe('under way');
    tables.loseAnswer('idempotency.replace');
    expect(await lease.finish(answer)).toBe(true);
    expect(await other.begin(scope, 'k', 'body')).toEqual({ kind: 'answered', answer });
  });

  test('is prolonged again once a table that was out of reach is back', async () => {
    leaseOf(await instance.begin(scope, 'k', 'body'));
    tables.fail('idempotency.replace');
    await pass(10_000);
    tables.fail(undefined);
    await pass(10_000);
    await pass(leaseMs);
    expect((await other.begin(scope, 'k', 'body')).kind).toBe('under way');
  });
});
