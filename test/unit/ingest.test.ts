import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileMapper } from '../../shared/mapping/compile.ts';
import { timeZone } from '../../shared/mapping/zone.ts';
import type { SentChange } from '../../shared/model/change.ts';
import { type Instant, toInstant } from '../../shared/model/instant.ts';
import type { RunId } from '../../shared/model/run.ts';
import { parseVersion } from '../../shared/model/version.ts';
import { type Ingestion, type InputRow, ingest, type Rejection } from '../../shared/sync/ingest.ts';

const captured = '2026-11-20T12:00:00.000000000Z' as Instant;

const mapper = compileMapper({
  entity: 'part_stock',
  mapping: { part_number: 'Number', on_hand: { from: 'Quantity' }, branch_code: 'Branch' },
  keepUnmapped: false,
  modified: 'Modified',
  zone: 'America/Chicago',
});

const ingestion: Ingestion = {
  runId: 'acme.1' as RunId,
  attempt: 1,
  dealerId: 'acme',
  entity: 'part_stock',
  sourceId: 'dms',
  epoch: 3,
  captured,
  mapper,
};

async function run(rows: Record<string, unknown>[], at: Instant = captured) {
  const delivered: SentChange[] = [];
  const rejected: Rejection[] = [];
  const inputs: InputRow[] = rows.map((values, index) => ({ index, values }));
  const result = await ingest(
    [inputs.slice(0, 2), inputs.slice(2)],
    { ...ingestion, captured: at },
    {
      deliver: async (_heading, changes) => {
        delivered.push(...changes);
        return 1;
      },
      quarantine: async (_ingestion, rejections) => {
        rejected.push(...rejections);
      },
    },
  );
  return { ...result, delivered, rejected };
}

describe('a run', () => {
  test('accounts for every row', async () => {
    const { counts, delivered, rejected, errors } = await run([
      { Number: 'A', Quantity: 1, Branch: '1' },
      { Number: 'A', Quantity: 'many', Branch: '2' },
      { Number: 'A', Quantity: 2, Branch: '1' },
      { Number: 'B', Branch: '1', _op: 'delete' },
      { Number: 'C', Branch: '1', _op: 'destroy' },
    ]);
    expect(counts).toEqual({
      read: 5,
      rejected: 2,
      repeated: 1,
      unchanged: 0,
      upserts: 1,
      deletes: 1,
      deleteRows: 1,
    });
    expect(delivered.map(({ op, id }) => [op, id])).toEqual([
      ['upsert', 'A:1:'],
      ['delete', 'B:1:'],
    ]);
    expect(rejected.map(({ input }) => input.index)).toEqual([1, 4]);
    expect(errors).toMatchObject([
      { index: 1, field: 'on_hand' },
      { index: 4, field: '_op', code: 'DATA_ERROR' },
    ]);
    expect(JSON.stringify(errors)).not.toContain('many');
  });

  test('counts what is left of each key, be it an upsert or a delete', async () => {
    const { counts, delivered } = await run([
      { Number: 'A', Quantity: 1 },
      { Number: 'A', _op: 'delete' },
      { Number: 'B', _op: 'delete' },
      { Number: 'B', Quantity: 2 },
      { Number: 'A', Quantity: 3, Modified: '2026-01-01' },
    ]);
    expect(counts).toMatchObject({ read: 5, repeated: 3, upserts: 1, deletes: 1, deleteRows: 1 });
    expect(delivered.map(({ op, id, version }) => [op, id, parseVersion(version).position])).toEqual([
      ['delete', 'A::', 1],
      ['upsert', 'B::', 3],
    ]);
  });

  test('the highest version of a key wins, then the later position', async () => {
    const { delivered } = await run([
      { Number: 'A', Quantity: 1, Modified: '2026-01-02' },
      { Number: 'A', Quantity: 2, Modified: '2026-01-03' },
      { Number: 'A', Quantity: 3, Modified: '2026-01-01' },
      { Number: 'B', Quantity: 1, Modified: '2026-01-01' },
      { Number: 'B', Quantity: 2, Modified: '2026-01-01' },
    ]);
    expect(delivered.map((change) => (change.op === 'upsert' ? change.data.on_hand : null))).toEqual([2, 2]);
  });
});

describe('a change’s version', () => {
  const versionsOf = async (...modified: unknown[]) => {
    const { delivered } = await run(modified.map((Modified, i) => ({ Number: `P${i}`, Quantity: 1, Modified })));
    return delivered.map(({ version }) => parseVersion(version));
  };

  test('has the row’s own time, in UTC with nine digits', async () => {
    const [version] = await versionsOf('2026-07-01 12:00:00.1234567');
    expect(version).toMatchObject({ epoch: 3, t: '2026-07-01T17:00:00.123456700Z', captured, position: 0 });
  });
  test('but never later than when it was captured', async () => {
    const [version] = await versionsOf('2099-01-01');
    expect(version?.t).toBe(captured);
  });
  test('and captured, where the row has none', async () => {
    const [none, empty] = await versionsOf(undefined, '');
    expect([none?.t, empty?.t]).toEqual([captured, captured]);
  });

  describe('in the hour that comes twice', () => {
    const local = timeZone('America/Chicago');
    const hour = 3_600_000;
    const fold = Date.parse('2026-11-01T07:00:00Z');
    const versionAt = async (modified: number, at: number) => {
      const Modified = new Date(local.toLocal(modified)).toISOString().slice(0, -1);
      const { delivered } = await run([{ Number: 'A', Quantity: 1, Modified }], toInstant(new Date(at)));
      return delivered[0]?.version ?? '';
    };
    const timeOf = async (modified: number, at: number) => parseVersion(await versionAt(modified, at)).t;

    test('means the first as long as it can only be that, then the second', async () => {
      const first = fold - hour / 2;
      expect(await timeOf(first, first + 60_000)).toBe(toInstant(new Date(first)));
      expect(await timeOf(first + hour, first + hour + 60_000)).toBe(toInstant(new Date(first + hour)));
      expect(await timeOf(first, first + 24 * hour)).toBe(toInstant(new Date(first + hour)));
      // By a clock that is a little ahead of ours.
      expect(await timeOf(first + hour, first + hour - 60_000)).toBe(toInstant(new Date(first + hour - 60_000)));
    });

    test('is not asked about where an offset is told', async () => {
      const told = async (Modified: string) => {
        const { delivered } = await run([{ Number: 'A', Quantity: 1, Modified }]);
        return parseVersion(delivered[0]?.version ?? '').t;
      };
      expect(await told('2026-11-01T01:30:00-05:00')).toBe('2026-11-01T06:30:00.000000000Z');
      expect(await told('2026-11-01T06:30:00Z')).toBe('2026-11-01T06:30:00.000000000Z');
    });

    test('never makes a change older than what was read before it', async () => {
      const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 40 })), {
        minLength: 1,
        maxLength: 12,
      });
      await fc.assert(
        fc.asyncProperty(gaps, async (steps) => {
          let now = fold - 2 * hour;
          let last = '';
          for (const [beforeWrite, beforeRead] of steps) {
            now += beforeWrite * 60_000;
            const modified = now;
            now += beforeRead * 60_000;
            const version = await versionAt(modified, now);
            expect(version > last).toBe(true);
            last = version;
          }
        }),
      );
    });
  });
});
