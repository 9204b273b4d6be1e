import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AdpError } from '../../shared/errors.ts';
import type { Change, ChangeMessage } from '../../shared/model/change.ts';
import type { Instant } from '../../shared/model/instant.ts';
import type { RecordId } from '../../shared/model/recordId.ts';
import { addTallies, emptyTally, type Tally } from '../../shared/model/run.ts';
import { formatVersion } from '../../shared/model/version.ts';
import { applyChanges, type Unwritable, type WriterDeps } from '../../shared/sync/applyChanges.ts';
import type { Part } from '../../shared/sync/runStore.ts';
import { memoryLog } from '../helpers/memoryLog.ts';
import { type MemoryRecords, memoryRecords } from '../helpers/memoryRecords.ts';

const at = (n: number) => `2026-01-01T00:00:${String(n).padStart(2, '0')}.000000000Z` as Instant;

function upsert(id: string, t: number, captured = t, content = `${id}@${t}`): Change {
  const version = formatVersion({ epoch: 0, t: at(t), captured: at(captured), position: 0 });
  return { op: 'upsert', id: id as RecordId, version, content_hash: content, data: { content } };
}

function remove(id: string, t: number): Change {
  return {
    op: 'delete',
    id: id as RecordId,
    version: formatVersion({ epoch: 0, t: at(t), captured: at(t), position: 0 }),
  };
}

function message(changes: Change[], run = 'acme.run', seq = 0): ChangeMessage {
  return {
    run_id: run,
    attempt: 1,
    seq,
    dealer_id: 'acme',
    entity: 'part',
    source_id: null,
    schema_version: 1,
    changes,
  };
}

/** A writer with a store, a clock that only waiting moves, and the parts and quarantine that it left. */
function writer(
  records: MemoryRecords = memoryRecords(() => new AdpError('NETWORK_ERROR', 'Down.')),
  beforePart: () => void = () => undefined,
) {
  let now = Date.parse('2026-11-20T00:00:00Z');
  const parts = new Map<string, Part>();
  const quarantined: Unwritable[] = [];
  const waits: number[] = [];
  const { log, lines } = memoryLog();
  const deps: WriterDeps = {
    records,
    runs: {
      async addPart(run, part) {
        beforePart();
        const key = `${run}/${part.seq}`;
        if (!parts.has(key)) parts.set(key, part);
      },
    },
    quarantine: async (_message, unwritable) => {
      quarantined.push(...unwritable);
    },
    clock: () => now,
    wait: async (ms) => {
      waits.push(ms);
      now += ms;
    },
    log,
  };
  const write = (m: ChangeMessage) => applyChanges(m, deps, new Date(now + 240_000));
  const tally = () => [...parts.values()].map((part) => part.tally).reduce(addTallies, emptyTally);
  return { records, parts, quarantined, waits, lines, write, tally };
}

const counts = (some: Partial<Tally>): Tally => ({ ...emptyTally, ...some });

describe('applying a message', () => {
  test('counts inserts, updates, deletes and what it skips', async () => {
    const { write, tally, records } = writer();
    await write(message([upsert('a', 1), upsert('b', 1), remove('c', 1)]));
    await write(message([upsert('a', 2), upsert('b', 1), upsert('c', 0), remove('b', 3)], 'acme.second'));
    expect(tally()).toEqual(counts({ inserted: 2, deleted: 2, updated: 1, unchanged: 1, stale: 1 }));
    expect(records.documents.get('b')).toMatchObject({ deleted_at: expect.any(String), content_hash: null });
    expect(records.documents.get('b')).not.toHaveProperty('data');
  });

  test('decides again after a conflict', async () => {
    const { write, tally, records } = writer();
    let first = true;
    records.fault = () => {
      if (!first) return undefined;
      first = false;
      return { result: { kind: 'conflict' }, done: false };
    };
    await write(message([upsert('a', 1)]));
    expect(tally()).toEqual(counts({ inserted: 1 }));
  });

  test('counts a write whose answer was lost as what it was', async () => {
    const { write, tally, records } = writer();
    let lost = false;
    records.fault = () => {
      if (lost) return undefined;
      lost = true;
      return { result: { kind: 'busy', status: 0, retryAfterMs: 0 }, done: true };
    };
    await write(message([upsert('a', 1)]));
    expect(tally()).toEqual(counts({ inserted: 1 }));
  });

  test('waits as long as a throttled store asks, and tells an operator once', async () => {
    const { write, waits, lines, records } = writer();
    let n = 0;
    records.fault = () =>
      n++ < 2 ? { result: { kind: 'busy', status: 429, retryAfterMs: 3_000 }, done: false } : undefined;
    await write(message([upsert('a', 1)]));
    expect(waits).toEqual([3_000, 3_000]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/waits for a store that is busy.*"run_id":"acme.run","seq":0,"wait_ms":3000/);
    await write(message([upsert('b', 1)], 'acme.second'));
    expect(lines).toHaveLength(1);
  });

  test('gives the message back only after it has waited within its lock, and leaves no part', async () => {
    const { write, parts, waits, records } = writer();
    records.fault = () => ({ result: { kind: 'busy', status: 503, retryAfterMs: 0 }, done: false });
    await expect(write(message([upsert('a', 1)]))).rejects.toMatchObject({ disposition: 'retry' });
    expect(waits.reduce((a, b) => a + b, 0)).toBeGreaterThan(200_000);
    expect(parts.size).toBe(0);
  });

  test('reads patiently, too', async () => {
    const { write, tally, records } = writer();
    records.failReads = 3;
    await write(message([upsert('a', 1)]));
    expect(tally()).toEqual(counts({ inserted: 1 }));
  });

  test('waits for the store of parts, too: an outage of it uses up no deliveries', async () => {
    let failures = 3;
    const { write, waits, tally } = writer(undefined, () => {
      if (failures-- > 0) throw new AdpError('NETWORK_ERROR', 'Down.');
    });
    await write(message([upsert('a', 1)]));
    expect(waits).toEqual([200, 400, 800]);
    expect(tally()).toEqual(counts({ inserted: 1 }));
  });

  test('quarantines what can never be written, and writes the rest', async () => {
    const { write, tally, quarantined, records } = writer();
    records.fault = (one) =>
      one.kind === 'write' && one.record.id === 'big'
        ? { result: { kind: 'refused', status: 413 }, done: false }
        : undefined;
    await write(message([upsert('a', 1), upsert('big', 1)]));
    expect(tally()).toEqual(counts({ inserted: 1, quarantined: 1 }));
    expect(quarantined.map(({ change }) => change.id)).toEqual(['big']);
  });
});

test('redelivered after a crash at any write, a message counts as if it had come once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(6), fc.nat(6), async (heldBefore, crashAfter) => {
      const changes = Array.from({ length: 6 }, (_, i) => (i === 5 ? remove(`k${i}`, 5) : upsert(`k${i}`, 5)));
      const before = Array.from({ length: heldBefore }, (_, i) => upsert(`k${i}`, 1));
      const records = memoryRecords();
      if (before.length > 0) await writer(records).write(message(before, 'acme.before'));
      let writes = 0;
      records.fault = () => {
        if (writes++ < crashAfter) return undefined;
        throw new Error('killed');
      };
      const crashed = writer(records);
      await crashed.write(message(changes)).catch(() => undefined);
      records.fault = () => undefined;
      const { write, tally } = writer(records);
      if (crashed.parts.size === 0) await write(message(changes));
      const total = addTallies(tally(), crashed.tally());
      const updated = Math.min(heldBefore, 5);
      expect(total).toEqual(counts({ inserted: 5 - updated, updated, deleted: 1 }));
    }),
    { numRuns: 100 },
  );
});

/** A row's modification time says which content it has, and whether it is gone. */
const anyChange = fc
  .record({ key: fc.constantFrom('a', 'b', 'c'), t: fc.nat(9), captured: fc.nat(20) })
  .map(({ key, t, captured }): Change => {
    const change = t % 4 === 3 ? remove(key, t) : upsert(key, t);
    const version = formatVersion({ epoch: 0, t: at(t), captured: at(t + captured), position: 0 });
    return { ...change, version };
  });

test('whatever the order, repetition, concurrency and faults, the greatest version of each key stands', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyChange, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 8 }),
      fc.infiniteStream(fc.constantFrom('ok', 'ok', 'busy', 'lost', 'ok', 'conflict')),
      fc.array(fc.nat(7), { maxLength: 6 }),
      async (batches, faults, repeated) => {
        const { records, write, parts, tally } = writer();
        let left = 40;
        records.fault = () => {
          const fault = left-- > 0 ? faults.next().value : 'ok';
          if (fault === 'ok' || fault === undefined) return undefined;
          if (fault === 'conflict') return { result: { kind: 'conflict' }, done: false };
          return { result: { kind: 'busy', status: 503, retryAfterMs: 0 }, done: fault === 'lost' };
        };
        const messages = batches.map((changes, i) => message(changes, 'acme.run', i));
        const sent = [...messages, ...repeated.flatMap((i) => messages[i] ?? [])];
        await Promise.all(sent.map(write));
        const expected = new Map<string, Change>();
        for (const change of batches.flat()) {
          const best = expected.get(change.id);
          if (best === undefined || change.version.slice(11, 41) > best.version.slice(11, 41))
            expected.set(change.id, change);
        }
        for (const [id, change] of expected) {
          expect(records.documents.get(id)?.content_hash).toBe(change.op === 'upsert' ? change.content_hash : null);
        }
        expect(parts.size).toBe(messages.length);
        const { inserted, updated, deleted, unchanged, stale } = tally();
        expect(inserted + updated + deleted + unchanged + stale).toBe(batches.flat().length);
      },
    ),
    { numRuns: 300 },
  );
});
