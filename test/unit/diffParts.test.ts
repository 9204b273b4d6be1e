import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseJson } from '../../shared/formats/jsonText.ts';
import { contentHash } from '../../shared/model/contentHash.ts';
import { baselinesIn } from '../../shared/store/baselines.ts';
import type { BaselineLease } from '../../shared/sync/diff/baselines.ts';
import { toDiffMessage } from '../../shared/sync/diff/diffMessage.ts';
import { HeldIndex } from '../../shared/sync/diff/heldRecords.ts';
import { fromRowText, toRowText } from '../../shared/sync/diff/rowText.ts';
import { readSpool, SpoolWriter } from '../../shared/sync/diff/spool.ts';
import { testClock } from '../helpers/clock.ts';
import { diffWorld } from '../helpers/diffWorld.ts';
import { memoryTables } from '../helpers/memoryTable.ts';

describe('what the store holds, as an index', () => {
  const hashOf = (text: string) => contentHash({ text });

  test('says what a Map says, however much there is', () => {
    const index = new HeldIndex('seed');
    const held = new Map(Array.from({ length: 20_000 }, (_, n) => [`id-${n}`, hashOf(String(n % 7))]));
    for (const [id, content] of held) index.add(id, content, Number(id.slice(3)) % 10 === 0 ? 'others' : 'ours');
    expect([index.ours, index.unseen]).toEqual([18_000, 18_000]);
    for (let n = 0; n < 30_000; n += 2) {
      const isOurs = n < 20_000 && n % 10 !== 0;
      expect(index.isUnseen(`id-${n}`)).toBe(isOurs);
      expect(index.see(`id-${n}`, hashOf('3'))).toBe(isOurs && n % 7 === 3);
      expect(index.isUnseen(`id-${n}`)).toBe(false);
    }
    expect(index.unseen).toBe(10_000);
    expect([index.keep('id-1'), index.keep('id-10'), index.keep('other')]).toEqual([true, false, false]);
    expect(index.unseen).toBe(9_999);
  });
});

describe('a row as text', () => {
  test('is one line, the same whatever the order of its fields, and gives the row back', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (row) => {
        const turned = Object.fromEntries(Object.entries(row).reverse());
        const text = toRowText(row);
        expect(toRowText(turned)).toBe(text);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
        expect(text).not.toMatch(/[\u0000-\u001f]/);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(row)));
        expect(toRowText(fromRowText(text))).toBe(text);
      }),
    );
  });

  test('keeps numbers as they were written, and names that objects have of their own', () => {
    const json = '{"__proto__":{"a":1.50},"constructor":12345678901234567890,"z":[1e400]}';
    const utf8 = Buffer.from(json);
    const row = parseJson(utf8, 0, utf8.length, 10);
    expect(toRowText(row)).toBe(json);
    expect(Object.keys(fromRowText(json))).toEqual(['__proto__', 'constructor', 'z']);
  });
});

describe('a spool', () => {
  test('gives back its lines, wherever its bytes were cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.integer({ min: 1, max: 9 }),
        async (texts, size) => {
          const lines = texts.map((text) => JSON.stringify(text));
          const bytes: Buffer[] = [];
          const spool = new SpoolWriter({ write: async (some) => void bytes.push(Buffer.from(some)) });
          for (const line of lines) spool.add(line);
          await spool.flush();
          const whole = Buffer.concat(bytes);
          async function* cut() {
            for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
          }
          expect((await Array.fromAsync(readSpool(cut()))).flat()).toEqual(lines);
          expect(spool.lines).toBe(lines.length);
        },
      ),
    );
  });
});

describe('the lease on a baseline', () => {
  const key = { dealerId: 'acme', entity: 'part_stock', sourceId: null } as const;
  const world = () => {
    const clock = testClock();
    const tables = memoryTables();
    return { clock, tables, baselines: baselinesIn(tables.open, clock, () => '0123456789abcdef') };
  };
  const taken = (lease: BaselineLease | { retryAfterMs: number }): BaselineLease => {
    if ('retryAfterMs' in lease) throw new Error('It is not free.');
    return lease;
  };

  test('is one run’s at a time; what was saved under it is there for the next', async () => {
    const { baselines } = world();
    const lease = taken(await baselines.take(key, 'one'));
    expect(lease.state).toEqual({ seed: '0123456789abcdef', isDoubtful: false });
    expect(await baselines.take(key, 'two')).toEqual({ retryAfterMs: 60_000 });
    expect('retryAfterMs' in (await baselines.take({ ...key, sourceId: 'dms' }, 'two'))).toBe(false);
    await lease.save({ ...lease.state, isDoubtful: true });
    await lease.release();
    expect(taken(await baselines.take(key, 'two')).state.isDoubtful).toBe(true);
  });

  test('is taken over from the dead, who can change nothing any more', async () => {
    const { baselines, clock } = world();
    const dead = taken(await baselines.take(key, 'one'));
    clock.move(60_001);
    const lease = taken(await baselines.take(key, 'two'));
    await expect(dead.save({ ...dead.state, isDoubtful: true })).rejects.toMatchObject({ code: 'CONFLICT' });
    await dead.release();
    await lease.save({ ...lease.state, isDoubtful: false });
    expect(await baselines.take(key, 'three')).toEqual({ retryAfterMs: 60_000 });
  });

  test('comes back to the same run at once', async () => {
    const { baselines } = world();
    const first = taken(await baselines.take(key, 'one'));
    const second = taken(await baselines.take(key, 'one'));
    await expect(first.save(first.state)).rejects.toMatchObject({ code: 'CONFLICT' });
    await second.save(second.state);
  });
});

describe('a message of snapshot-diffs', () => {
  test('is taken only if it is whole and stays within its dealer', () => {
    const message = diffWorld().drop('');
    expect(toDiffMessage(message)).toBe(message);
    const wrong = [
      null,
      'text',
      {},
      { ...message, dealer_id: 'other' },
      { ...message, entity: 'thing' },
      { ...message, captured: 'today' },
      { ...message, drop: { ...message.drop, path: 'other/file.csv' } },
      { ...message, drop: { ...message.drop, bytes: '1' } },
      { ...message, drop: undefined },
      { ...message, drop: null },
      { ...message, manifest: null },
      { ...message, run_id: 17 },
    ];
    for (const value of wrong) expect(() => toDiffMessage(value)).toThrow('none of ours');
  });
});
