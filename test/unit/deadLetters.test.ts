import { describe, expect, test } from '@jest/globals';
import { AdpError } from '../../shared/errors.ts';
import type { Change, ChangeMessage } from '../../shared/model/change.ts';
import type { Instant } from '../../shared/model/instant.ts';
import type { RecordId } from '../../shared/model/recordId.ts';
import { emptyTally } from '../../shared/model/run.ts';
import { formatVersion } from '../../shared/model/version.ts';
import { type DeadLetterDeps, takeDeadLetter } from '../../shared/sync/deadLetters.ts';
import type { Part } from '../../shared/sync/runStore.ts';
import { memoryLog } from '../helpers/memoryLog.ts';
import { memoryRecords } from '../helpers/memoryRecords.ts';

const start = Date.parse('2026-11-20T12:00:00Z');
const t = '2026-11-20T11:00:00.000000000Z' as Instant;

const upsert = (id: string): Change => ({
  op: 'upsert',
  id: id as RecordId,
  version: formatVersion({ epoch: 0, t, captured: t, position: 0 }),
  content_hash: id,
  data: { part_number: id },
});

const letter: ChangeMessage = {
  run_id: 'acme.run',
  attempt: 1,
  seq: 3,
  dealer_id: 'acme',
  entity: 'part',
  source_id: null,
  schema_version: 1,
  changes: [upsert('a'), upsert('b'), upsert('c')],
};

function desk(open: DeadLetterDeps['open'] = async () => letter) {
  let now = start;
  const records = memoryRecords();
  const parts: Part[] = [];
  const quarantined: string[] = [];
  const again: { tries: number; minutes: number }[] = [];
  const unreadable: unknown[] = [];
  const deps: DeadLetterDeps = {
    records,
    runs: { addPart: async (_run, part) => void parts.push(part) },
    quarantine: async (_message, some) => void quarantined.push(...some.map(({ change }) => change.id)),
    clock: () => now,
    wait: async (ms) => {
      now += ms;
    },
    log: memoryLog().log,
    open,
    sendAgain: async (_body, tries, notBefore) => {
      again.push({ tries, minutes: Math.round((notBefore.getTime() - now) / 60_000) });
    },
    keepUnreadable: async (body) => void unreadable.push(body),
  };
  const take = (tries = 0) => takeDeadLetter('body', tries, deps, new Date(now + 240_000));
  return { records, parts, quarantined, again, unreadable, take };
}

describe('a message that the queue has given up on', () => {
  test('is applied, if the store answers by now', async () => {
    const { take, parts } = desk();
    expect(await take()).toBe('applied');
    expect(parts).toMatchObject([{ attempt: 1, seq: 3, tally: { ...emptyTally, inserted: 3 } }]);
  });

  test('is sent again later and later while the store is busy, and neither counted nor quarantined', async () => {
    const { take, records, again, parts, quarantined } = desk();
    records.fault = () => ({ result: { kind: 'busy', status: 503, retryAfterMs: 0 }, done: false });
    expect(await take(0)).toBe('sent again');
    await take(2);
    await take(9);
    expect(again).toEqual([
      { tries: 1, minutes: 1 },
      { tries: 3, minutes: 4 },
      { tries: 10, minutes: 15 },
    ]);
    expect([parts, quarantined]).toEqual([[], []]);
  });

  test('is decided change by change where one breaks the writer: that one is quarantined, the rest is written', async () => {
    const { take, records, parts, quarantined } = desk();
    records.fault = (write) => {
      if (write.kind === 'write' && write.record.id === 'b') throw new Error('nobody foresaw this');
      return undefined;
    };
    expect(await take()).toBe('applied');
    expect(quarantined).toEqual(['b']);
    expect([...records.documents.keys()].sort()).toEqual(['a', 'c']);
    const [part] = parts;
    expect(part?.tally).toEqual({ ...emptyTally, inserted: 2, quarantined: 1 });
    expect(parts).toHaveLength(1);
  });

  test('is kept aside if it is none of ours, and sent again if its claim can’t be read now', async () => {
    const none = desk(async () => {
      throw new AdpError('DATA_ERROR', 'None of ours.');
    });
    expect(await none.take()).toBe('unreadable');
    expect(none.unreadable).toEqual(['body']);
    const away = desk(async () => {
      throw new AdpError('NETWORK_ERROR', 'Blob storage does not answer.');
    });
    expect(await away.take()).toBe('sent again');
    expect(away.unreadable).toEqual([]);
  });
});
