import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { closeRuns } from '../../shared/sync/closeRuns.ts';
import { diffRead } from '../../shared/sync/diff/diffRead.ts';
import { arrowOf, parquetOf } from '../helpers/binaryFiles.ts';
import { Died, diffWorld } from '../helpers/diffWorld.ts';
import { xlsxOf } from '../helpers/xlsxOf.ts';

const csv = (
  rows: readonly (readonly [string, ...(string | number)[]])[],
  header = 'part_number,branch_code,on_hand',
) => `${header}\n${rows.map((row) => `${row.join(',')}\n`).join('')}`;

const ten = Array.from({ length: 10 }, (_, n): [string, string, number] => [`P${n}`, '1', n]);
const quantities = (world: ReturnType<typeof diffWorld>) =>
  Object.fromEntries([...world.held()].map(([id, data]) => [id.split(':')[0], data?.on_hand]));
const receipt = async (world: ReturnType<typeof diffWorld>, content: string, name?: string) => {
  const { status, sealed, tally } = await world.take(content, name);
  const { inserted, updated, deleted, held } = tally;
  const { read, rejected, repeated, unchanged, upserts, deletes } = sealed?.counts ?? {};
  return { status, read, rejected, repeated, unchanged, upserts, deletes, inserted, updated, deleted, held };
};

describe('a full snapshot', () => {
  test('that is the first is all inserts; of the next one only what changed is sent', async () => {
    const world = diffWorld();
    expect(await receipt(world, csv(ten))).toMatchObject({ status: 'succeeded', read: 10, upserts: 10, inserted: 10 });
    const next = csv([...ten.slice(1, 9).reverse(), ['P9', '1', 99], ['new', '1', 1]]);
    expect(await receipt(world, next)).toEqual({
      status: 'succeeded',
      read: 10,
      rejected: 0,
      repeated: 0,
      unchanged: 8,
      upserts: 2,
      deletes: 1,
      inserted: 1,
      updated: 1,
      deleted: 1,
      held: 0,
    });
    expect(quantities(world)).toEqual({
      ...Object.fromEntries(ten.slice(1).map(([n, , q]) => [n, q])),
      P9: 99,
      new: 1,
    });
  });

  test('that says the same in another way changes nothing', async () => {
    const world = diffWorld();
    await world.take(csv(ten));
    const moved = `on_hand;branch_code;part_number\n${ten.map(([n, b, q]) => `${q}.0;"${b}";${n}\r\n`).join('')}`;
    expect(await receipt(world, moved)).toMatchObject({ status: 'succeeded', unchanged: 10, upserts: 0, deletes: 0 });
  });

  test('that comes again says so', async () => {
    const world = diffWorld();
    await world.take(csv(ten));
    expect((await world.take(csv(ten))).notes).toContainEqual(expect.stringContaining('nothing to do'));
    expect((await world.take(csv(ten.slice(1)))).notes).not.toContainEqual(expect.stringContaining('nothing to do'));
  });

  test('has rows that can not be taken: they count as seen, and go to quarantine once', async () => {
    const world = diffWorld({ maxRejectRatio: 0.5 });
    await world.take(csv(ten));
    const bad = csv([['P0', '1', 'many'], ['P1', '1'], ...ten.slice(2)]);
    expect(await receipt(world, bad)).toMatchObject({ status: 'partial', rejected: 2, unchanged: 8, deletes: 0 });
    expect(quantities(world)).toMatchObject({ P0: 0, P1: 1 });
    expect(world.rejected.map(({ input }) => input.row).sort()).toEqual([2, 3]);
  });

  test('is refused whole where too many rows are rejected', async () => {
    const world = diffWorld();
    await world.take(csv(ten));
    const bad = csv([['P0', '1', 'x'], ['P1', '1', 'x'], ['P2', '1', 'x'], ['other', '1', 1], ...ten.slice(3)]);
    const run = await world.take(bad);
    expect(run).toMatchObject({
      status: 'failed',
      errors: [{ code: 'DATA_ERROR' }, { row: 2 }, { row: 3 }, { row: 4 }],
    });
    expect(world.held().size).toBe(10);
    expect(world.rejected).toEqual([]);
    expect(await receipt(world, csv(ten))).toMatchObject({ status: 'succeeded', unchanged: 10 });
  });

  test('of two rows of one key the later time stands, then the later row; the other is repeated', async () => {
    const world = diffWorld({ modified: 'as_of' });
    const header = 'part_number,on_hand,as_of';
    const rows: [string, number, string][] = [
      ['A', 1, '2026-02-02'],
      ['A', 2, '2026-02-03'],
      ['A', 3, '2026-02-01'],
      ['B', 1, '2026-02-01'],
      ['B', 2, '2026-02-01'],
    ];
    expect(await receipt(world, csv(rows, header))).toMatchObject({ status: 'succeeded', repeated: 3, upserts: 2 });
    expect(quantities(world)).toEqual({ A: 2, B: 2 });
    expect(await receipt(world, csv(rows, header))).toMatchObject({ status: 'succeeded', read: 5, deletes: 0 });
    expect(quantities(world)).toEqual({ A: 2, B: 2 });
  });

  test('in any format, packed or not', async () => {
    const world = diffWorld();
    const rows = ten.map(([part_number, branch_code, on_hand]) => ({ part_number, branch_code, on_hand }));
    await world.take(JSON.stringify(rows), 'acme_part_stock.json');
    const turned = rows.map(({ part_number, branch_code, on_hand }) => ({ on_hand, branch_code, part_number }));
    const json = JSON.stringify(turned).replace('"on_hand":3', '"on_hand":3.0');
    expect(await receipt(world, json, 'acme_part_stock.json')).toMatchObject({ unchanged: 10, upserts: 0 });
    const run = await world.take(
      gzipSync(JSON.stringify([...rows, { part_number: 'new' }])),
      'acme_part_stock.json.gz',
    );
    expect(run).toMatchObject({ status: 'succeeded', tally: { inserted: 1 } });
    const broken = await world.take(
      '{"part_number":"P0","branch_code":"1"}\n\n{"on_hand":1}\nnonsense\n',
      'acme_part_stock.ndjson',
    );
    expect(broken.status).toBe('failed');
  });

  test.each<[string, (rows: readonly Record<string, unknown>[]) => string | Buffer]>([
    ['ndjson', (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('')],
    [
      'xml',
      (rows) =>
        `<s>${rows
          .map(
            (row) =>
              `<r>${Object.entries(row)
                .map(([n, v]) => `<${n}>${v}</${n}>`)
                .join('')}</r>`,
          )
          .join('\n')}</s>`,
    ],
    [
      'parquet',
      (rows) => parquetOf(rows.map((row) => Object.fromEntries(Object.entries(row).map(([n, v]) => [n, `${v}`])))),
    ],
  ])('of %s: rows are known by their texts, and the store ends as the file says', async (extension, write) => {
    const world = diffWorld({ maxDeleteRatio: 0.2 });
    const name = `acme_part_stock.${extension}`;
    const rows = ten.map(([part_number, branch_code, on_hand]) => ({ part_number, branch_code, on_hand }));
    const take = async (content: string | Buffer) => {
      const { status, sealed, tally } = await world.take(content, name);
      return { status, ...tally, ...sealed?.counts };
    };
    expect(await take(write(rows))).toMatchObject({ status: 'succeeded', read: 10, inserted: 10 });
    expect(await take(write(rows.toReversed()))).toMatchObject({
      status: 'succeeded',
      unchanged: 10,
      upserts: 0,
      deletes: 0,
    });
    const turned = rows.map(({ part_number, branch_code, on_hand }) => ({ on_hand, part_number, branch_code }));
    expect(await take(write(turned))).toMatchObject({ unchanged: 10, upserts: 0, deletes: 0 });
    const changed = [
      ...rows.slice(1, 9),
      { part_number: 'P9', branch_code: '1', on_hand: 99 },
      { part_number: 'new', branch_code: '1', on_hand: 1 },
    ];
    expect(await take(write(changed))).toMatchObject({ unchanged: 8, inserted: 1, updated: 1, deleted: 1 });
    expect(quantities(world)).toEqual({
      ...Object.fromEntries(ten.slice(1).map(([n, , q]) => [n, q])),
      P9: 99,
      new: 1,
    });

    const bad = changed.map((row, n) => (n === 0 ? { ...row, on_hand: 'many' } : row));
    for (const _night of [1, 2]) {
      expect(await take(write(bad))).toMatchObject({ status: 'partial', rejected: 1, unchanged: 9, deletes: 0 });
    }
    const keyless = changed.slice(1).map((row, n) => (n === 0 ? { ...row, part_number: '' } : row));
    expect(await take(write(keyless))).toMatchObject({ status: 'suspect', rejected: 1, held: 2, deleted: 0 });
    expect(world.held().size).toBe(10);
    // Held deletes leave a doubt: this one is compared with the store.
    expect(await take(write(changed))).toMatchObject({ status: 'succeeded', unchanged: 10, deletes: 0 });
    expect(await take(write(changed.slice(1)))).toMatchObject({ status: 'succeeded', unchanged: 9, deleted: 1 });
  });

  test('whose mapping makes one key of two texts never deletes what is still there', async () => {
    const world = diffWorld({ mapping: { part_number: { from: 'No', transform: ['upper'] }, on_hand: 'Q' } });
    await world.take(
      csv(
        [
          ['a', 1],
          ['A', 1],
          ['b', 2],
        ],
        'No,Q',
      ),
    );
    const run = await world.take(
      csv(
        [
          ['A', 1],
          ['b', 2],
        ],
        'No,Q',
      ),
    );
    expect(run.status).toBe('succeeded');
    expect(quantities(world)).toEqual({ A: 1, B: 2 });
  });

  test('says how it was read and which column is new; one that the mapping needs must be there', async () => {
    const world = diffWorld({ mapping: { part_number: 'No', on_hand: 'Q' } });
    const rows = ten.map(([n, , q]) => [n, q, 'x'] as const);
    expect((await world.take(csv(rows, 'No;Q;Z').replaceAll(',', ';'))).notes?.[0]).toContain('delimiter ";"');
    expect((await world.take(csv(rows, 'No,Q,Shelf'))).notes).toContainEqual(expect.stringContaining('"Shelf"'));
    const run = await world.take(csv(rows, 'No,Quantity,Shelf'));
    expect(run).toMatchObject({ status: 'failed', errors: [{ code: 'MAPPING_ERROR' }] });
    expect(run.errors[0]?.detail).toMatch(/"Q".*"No", "Quantity", "Shelf"/);
    expect(quantities(world)).toMatchObject({ P3: 3 });
  });

  test('of JSON says where its rows were, however far from its start, and in what encoding', async () => {
    const world = diffWorld();
    const rows = ten.map(([part_number, , on_hand]) => ({ part_number, on_hand }));
    const text = JSON.stringify({ about: 'ü'.repeat(100_000), records: rows, count: 10 });
    const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
    const first = await world.take(utf16, 'acme_part_stock.json');
    expect(first).toMatchObject({ status: 'succeeded', sealed: { counts: { read: 10, upserts: 10 } } });
    expect(first.notes?.[0]).toBe('Read as json, utf-16le, rows at records.');
    const second = await world.take(utf16, 'acme_part_stock.json');
    expect(second.sealed?.counts).toMatchObject({ read: 10, unchanged: 10 });
    const none = await world.take(text.replace('records', 'rows'), 'acme_part_stock.json');
    expect(none).toMatchObject({ status: 'failed', errors: [{ code: 'DATA_ERROR' }] });
    expect(none.errors[0]?.detail).toContain('an object without a "records" array');
  });

  test('that was replaced before it was read is superseded', async () => {
    const world = diffWorld();
    const first = world.drop(csv(ten));
    const second = world.drop(csv(ten.slice(1)));
    await world.diff(first);
    expect(await world.run(first.run_id)).toMatchObject({ status: 'superseded' });
    await world.diff(second);
    await world.write();
    expect((await world.run(second.run_id)).status).toBe('succeeded');
    const late = { ...first, drop: { ...second.drop }, run_id: world.drop('').run_id };
    await world.diff(late);
    expect((await world.run(late.run_id)).status).toBe('superseded');
    expect(world.held().size).toBe(9);
  });

  test('that a manifest speaks of otherwise is refused; with a manifest half may be missing', async () => {
    const world = diffWorld();
    await world.take(csv(ten));
    const run = await world.take(csv(ten.slice(5)), undefined, { rows: 6 });
    expect(run).toMatchObject({ status: 'failed' });
    expect((await world.take(csv(ten.slice(5)), undefined, { rows: 5 })).status).toBe('succeeded');
    expect(world.held().size).toBe(5);
  });
});

describe('a suspect snapshot', () => {
  test.each([
    ['empty', 'part_number,branch_code,on_hand\n', 10],
    ['nearly all gone', csv(ten.slice(6)), 6],
    ['a key that can not be read', csv([['', '1', 1], ...ten.slice(2)]), 2],
    ['a quote that is never closed', `${csv(ten.slice(1, 9))}"P9,1,9\n`, 2],
  ])('(%s) deletes nothing until it is approved', async (_, content, missing) => {
    const world = diffWorld({ maxRejectRatio: 0.9 });
    await world.take(csv(ten));
    const run = await world.take(content);
    expect(run).toMatchObject({ status: 'suspect', tally: { held: missing, deleted: 0 } });
    expect(world.held().size).toBe(10);
    const again = await world.take(content);
    expect(again).toMatchObject({ status: 'suspect', tally: { held: missing } });

    await expect(world.approve(run.runId)).rejects.toMatchObject({ code: 'CONFLICT', disposition: 'park' });
    world.clock.move(48 * 3_600_000);
    expect(await world.approve(again.runId)).toMatchObject({ status: 'running' });
    await closeRuns({ runs: world.runs, clock: world.clock, giveUpAfterMs: 3_600_000 }, 0);
    await world.write();
    const approved = await world.run(again.runId);
    expect(approved).toMatchObject({ tally: { held: 0, deleted: missing } });
    expect(['succeeded', 'partial']).toContain(approved.status);
    expect(world.held().size).toBe(10 - missing);
    await expect(world.approve(again.runId)).rejects.toMatchObject({ code: 'CONFLICT' });
    const after = await world.take(csv(ten.slice(6)));
    expect(after.tally.held).toBe(missing === 6 || missing === 10 ? 0 : after.tally.held);
  });

  test.each([
    ['as they are', 'No'],
    ['mapped', { from: 'No', transform: ['trim' as const] }],
  ])('may be a file without a single byte, which lacks no column (keys %s)', async (_, part_number) => {
    const world = diffWorld({ mapping: { part_number, on_hand: 'Q' } });
    const rows = ['No,Q\n', ...ten.map(([no], q) => `${no},${q}\n`)].join('');
    await world.take(rows);
    expect(await world.take('')).toMatchObject({ status: 'suspect', tally: { held: 10 } });
    expect(world.held().size).toBe(10);
    expect(await receipt(world, rows)).toMatchObject({ status: 'succeeded', upserts: 0, deletes: 0 });
  });

  test('holds even one delete where the key of a row can not be read, by the kernel or by the mapping', async () => {
    for (const row of ['"P1', ',1,1']) {
      const world = diffWorld({ maxRejectRatio: 0.9, maxDeleteRatio: 0.9 });
      await world.take(csv(ten));
      const run = await world.take(`${csv(ten.slice(1))}${row}\n`);
      expect({ row, status: run.status, held: run.tally.held }).toEqual({ row, status: 'suspect', held: 1 });
      expect(run.errors[0]?.detail).not.toContain('max_delete_ratio');
    }
  });

  test('can be approved as soon as it is seen, before its own diff lets go; not while another one is under way', async () => {
    const world = diffWorld();
    await world.take(csv(ten));
    const run = await world.take(csv(ten.slice(6)));
    const take = async (owner: string) => {
      const lease = await world.deps.baselines.take({ dealerId: 'acme', entity: 'part_stock', sourceId: 'dms' }, owner);
      if ('retryAfterMs' in lease) throw new Error('Somebody has it.');
      return lease;
    };
    const other = await take('another run');
    await expect(world.approve(run.runId)).rejects.toMatchObject({ code: 'CONFLICT', disposition: 'retry' });
    await other.release();
    const own = await take(run.runId);
    expect(await world.approve(run.runId)).toMatchObject({ status: 'running' });
    await own.release();
    await world.write();
    expect(await world.run(run.runId)).toMatchObject({ tally: { held: 0, deleted: 6 } });
    expect(await receipt(world, csv(ten))).toMatchObject({ status: 'succeeded', upserts: 6 });
  });

  test('whose approval died anywhere, and that nobody approves again, leaves the next one right', async () => {
    const deaths: string[] = [];
    for (let at = 1; ; at++) {
      for (const after of [false, true]) {
        const world = diffWorld();
        await world.take(csv(ten));
        const run = await world.take(csv(ten.slice(6)));
        world.life.dieAt(at, after);
        const ended = await world.approve(run.runId).then(
          () => 'approved',
          (error: unknown) => {
            if (!(error instanceof Died)) throw error;
            return 'died';
          },
        );
        deaths.push(ended);
        world.life.bear();
        await world.write();
        await world.run(run.runId);
        world.clock.move(16 * 60_000);
        await world.take(csv(ten));
        expect({ at, after, held: quantities(world) }).toEqual({
          at,
          after,
          held: Object.fromEntries(ten.map(([n, , q]) => [n, q])),
        });
      }
      if (deaths.at(-1) === 'approved') break;
    }
    expect(deaths.filter((one) => one === 'died').length).toBeGreaterThan(8);
  });

  test('applies its upserts all the same', async () => {
    const world = diffWorld();
    await world.take(csv(ten));
    const run = await world.take(
      csv([
        ['P9', '1', 77],
        ['new', '1', 5],
      ]),
    );
    expect(run).toMatchObject({ status: 'suspect', tally: { held: 9, inserted: 1, updated: 1 } });
    expect(quantities(world)).toMatchObject({ P9: 77, new: 5, P0: 0 });
  });
});

describe('after', () => {
  const world = async () => {
    const made = diffWorld();
    await made.take(csv(ten));
    return made;
  };
  /** Somebody else writes: a run of its own, as the writer leaves it. */
  const otherDoor = async (made: ReturnType<typeof diffWorld>, change: (data: object) => object, id = 'P3:1:') => {
    const document = made.records.documents.get(id);
    if (document === undefined) throw new Error('It is not there.');
    made.clock.move(1_000);
    const runId = made.drop('').run_id;
    const now = new Date(made.clock());
    const tally = { inserted: 0, updated: 1, deleted: 0, unchanged: 0, stale: 0, held: 0, quarantined: 0 };
    await made.runs.open({
      runId,
      dealerId: 'acme',
      sourceId: 'dms',
      entity: 'part_stock',
      door: 'push',
      status: 'succeeded',
      startedAt: now,
      finishedAt: now,
      sealed: undefined,
      tally,
      errors: [],
    });
    made.records.documents.set(id, { ...document, ...change(document) });
  };

  test('another door has written, the store is what the file says', async () => {
    const made = await world();
    await otherDoor(made, () => ({
      data: { part_number: 'P3', branch_code: '1', bin: '', on_hand: 33 },
      content_hash: 'f'.repeat(64),
    }));
    expect(await receipt(made, csv(ten))).toMatchObject({ status: 'succeeded', unchanged: 9, upserts: 1, updated: 1 });
    expect(quantities(made).P3).toBe(3);
    expect(await receipt(made, csv(ten))).toMatchObject({ unchanged: 10, upserts: 0 });
  });

  test('another door has deleted or added, too; records of another source stay', async () => {
    const made = await world();
    await otherDoor(made, () => ({ deleted_at: '2026-03-01T00:02:00Z', content_hash: null }));
    const added = made.records.documents.get('P0:1:');
    if (added === undefined) throw new Error('It is not there.');
    made.records.documents.set('X:1:', { ...added, id: 'X:1:', source_id: 'web' });
    made.records.documents.set('Y:1:', { ...added, id: 'Y:1:' });
    expect(await receipt(made, csv(ten))).toMatchObject({ status: 'succeeded', inserted: 1, deleted: 1, unchanged: 9 });
    expect([...made.held().keys()].sort()).toEqual([...ten.map(([n]) => `${n}:1:`), 'X:1:']);
  });

  test('another door has written, of two rows of a key the one that stands is sent, though the store holds it', async () => {
    const made = await world();
    await otherDoor(made, () => ({}));
    const rows = csv([...ten.slice(0, 3), ['P3', '1', 5], ['P3', '1', 3], ...ten.slice(4)]);
    expect(await receipt(made, rows)).toMatchObject({ status: 'succeeded', read: 11, repeated: 1, unchanged: 9 });
    expect(quantities(made).P3).toBe(3);
  });

  describe.each(['csv', 'ndjson'])(
    'of two rows of a key in %s, though the store holds the one with the later time,',
    (format) => {
      type Row = [part_number: string, on_hand: number, at: string];
      const write = (rows: Row[]) =>
        format === 'csv'
          ? csv(rows, 'part_number,on_hand,at')
          : rows.map(([part_number, on_hand, at]) => `${JSON.stringify({ part_number, on_hand, at })}\n`).join('');
      const mapping = { part_number: 'part_number', on_hand: 'on_hand' };
      const name = `acme_part_stock.${format}`;
      const held: Row[] = [
        ['A', 1, '2026-02-05'],
        ['B', 1, '2026-02-05'],
      ];
      const next: Row[] = [
        ['A', 1, '2026-02-10'],
        ['A', 2, '2026-02-07'],
        ['B', 1, '2026-02-05'],
      ];

      test.each([
        [
          'the epoch has risen',
          (made: ReturnType<typeof diffWorld>) => made.raiseEpoch(),
          held.concat([['A', 2, '2026-02-01']]),
        ],
        ['times have moved', () => {}, next],
      ])('%s, it stands', async (_, before, rows) => {
        const made = diffWorld({ mapping, modified: 'at' });
        await made.take(write(held), name);
        before(made);
        expect(await receipt(made, write(rows), name)).toMatchObject({ status: 'succeeded', read: 3, repeated: 1 });
        expect(quantities(made)).toEqual({ A: 1, B: 1 });
      });
    },
  );

  test('the mapping has changed, every row is looked at again', async () => {
    const made = await world();
    made.remap({
      mapping: {
        part_number: 'part_number',
        branch_code: 'branch_code',
        on_hand: 'on_hand',
        'extensions.q': 'on_hand',
      },
    });
    expect(await receipt(made, csv(ten))).toMatchObject({ status: 'succeeded', updated: 10, deletes: 0 });
  });

  test('a reset, nothing is sent that the store has', async () => {
    const made = await world();
    made.raiseEpoch();
    expect(await receipt(made, csv(ten.slice(1)))).toMatchObject({ unchanged: 9, upserts: 0, deletes: 1, deleted: 1 });
  });

  test.each(['index', 'keys'])('the %s of the baseline is lost or damaged, the store is asked', async (kind) => {
    for (const damage of [(bytes: Buffer) => bytes.subarray(0, bytes.length >> 1), () => undefined]) {
      const made = await world();
      const [name = ''] = [...made.blobs.blobs.keys()].filter((found) => found.endsWith(kind));
      const damaged = damage(made.blobs.blobs.get(name) ?? Buffer.alloc(0));
      if (damaged === undefined) made.blobs.blobs.delete(name);
      else made.blobs.blobs.set(name, damaged);
      expect(await receipt(made, csv(ten.slice(0, 9)))).toMatchObject({
        status: 'succeeded',
        unchanged: 9,
        deleted: 1,
      });
    }
  });

  test('all that is held was looked at, the run says why', async () => {
    const made = diffWorld();
    const why = async () => (await made.take(csv(ten))).notes?.filter((note) => note.startsWith('Compared'));
    const compared = (reason: string) => [`Compared with all that is held: ${reason}.`];
    expect(await why()).toEqual(compared('this is the first snapshot'));
    expect(await why()).toEqual([]);
    made.raiseEpoch();
    expect(await why()).toEqual(compared('the mapping or the zone has changed, or the source was reset'));
    made.blobs.blobs.clear();
    expect(await why()).toEqual(compared("the last snapshot's fingerprints are gone"));
    for (const [name, blob] of made.blobs.blobs) made.blobs.blobs.set(name, blob.subarray(0, 30));
    expect(await why()).toEqual(compared("the last snapshot's fingerprints are of no use, because it is cut off"));
    expect(await why()).toEqual([]);
  });

  test('a row is the same as before, but another value of it is still under way, both are written in turn', async () => {
    const made = await world();
    const changed = made.drop(csv([['P0', '1', 50], ...ten.slice(1)]));
    await made.diff(changed);
    const back = made.drop(csv(ten));
    expect(await made.diff(back)).toEqual({ retryAfterMs: expect.any(Number) });
    await made.write();
    await made.run(changed.run_id);
    expect(await made.diff(back)).toBeUndefined();
    await made.write();
    expect(quantities(made).P0).toBe(0);
  });

  test('each snapshot only its own baseline is kept', async () => {
    const made = await world();
    await made.take(csv(ten.slice(1)));
    expect([...made.blobs.blobs.keys()].map((name) => name.split('.').at(-1)).sort()).toEqual(['index', 'keys']);
  });
});

describe('a run that is given up halfway', () => {
  test('leaves the next one to compare with the store, though its file is the one before', async () => {
    const sent = async () => {
      const world = diffWorld();
      await world.take(csv(ten));
      const halfway = world.drop(csv([...ten.slice(1), ['half', '1', 1]]));
      world.life.bear();
      await world.diff(halfway);
      return world.life.calls;
    };
    const calls = await sent();
    for (let at = 1; at <= calls; at++) {
      const world = diffWorld();
      await world.take(csv(ten));
      const halfway = world.drop(csv([...ten.slice(1, 9), ['P9', '1', 99], ['half', '1', 1]]));
      world.life.dieAt(at, true);
      await world.diff(halfway).catch((error: unknown) => expect(error).toBeInstanceOf(Died));
      world.life.bear();
      await world.write();
      const next = world.drop(csv(ten));
      // What is given up is waited for, but not for ever.
      if ((await world.diff(next)) !== undefined) {
        world.clock.move(16 * 60_000);
        expect(await world.diff(next)).toBeUndefined();
      }
      await world.write();
      expect((await world.run(next.run_id)).status).toBe('succeeded');
      expect(quantities(world)).toEqual(Object.fromEntries(ten.map(([n, , q]) => [n, q])));
    }
  });
});

test('what is too much to be sent in one go is sent in several, and nothing of it twice', async () => {
  const world = diffWorld();
  const rows = Array.from({ length: 25_000 }, (_, n) => [`P${n}`, '1', n] as const);
  const message = world.drop(csv(rows));
  const { deliver } = world.deps;
  Object.assign(world.deps, {
    deliver: async (...args: Parameters<typeof deliver>) => {
      world.clock.move(7 * 60_000);
      return await deliver(...args);
    },
  });
  expect(await world.diff(message)).toEqual({ retryAfterMs: 0 });
  expect(await world.diff(message)).toEqual({ retryAfterMs: 0 });
  const sent = new Set(world.queue);
  expect(sent.size).toBe(world.queue.length);
  for (let more = await world.diff(message); more !== undefined; more = await world.diff(message));
  await world.write();
  expect(await world.run(message.run_id)).toMatchObject({ status: 'succeeded', tally: { inserted: 25_000 } });
});

describe('two at once', () => {
  test('of different files: one has to wait', async () => {
    const world = diffWorld({ maxDeleteRatio: 0.5 });
    await world.take(csv(ten));
    const first = world.drop(csv(ten.slice(1)), 'acme_part_stock.csv');
    const second = world.drop(csv(ten.slice(2)), 'other.csv');
    const both = await Promise.all([world.diff(first), world.diff(second)]);
    expect(both.filter((later) => later !== undefined)).toEqual([{ retryAfterMs: expect.any(Number) }]);
    await world.diff(first);
    expect(await world.diff(second)).toEqual({ retryAfterMs: expect.any(Number) });
    await world.write();
    await world.run(first.run_id);
    expect(await world.diff(second)).toBeUndefined();
    await world.write();
    expect(world.held().size).toBe(8);
  });

  test('of which the later one died halfway, and the older one came in between: both balance', async () => {
    const world = diffWorld({ maxDeleteRatio: 0.5 });
    await world.take(csv(ten));
    const older = world.drop(csv(ten.slice(1)), 'acme_part_stock.csv');
    const later = world.drop(csv([...ten.slice(0, 8), ['P8', '1', 88], ['P9', '1', 99]]), 'other.csv');
    const dying: typeof world.deps.deliver = async (...sent) => {
      await world.deps.deliver(...sent);
      throw new Died();
    };
    await expect(diffRead(later, { ...world.deps, deliver: dying })).rejects.toThrow(Died);
    await world.write();
    world.clock.move(16 * 60_000);
    for (const message of [older, later]) {
      expect(await world.diff(message)).toBeUndefined();
      await world.write();
      expect(await world.run(message.run_id)).toMatchObject({ status: 'succeeded', errors: [] });
    }
    expect(quantities(world)).toEqual({ ...Object.fromEntries(ten.map(([n, , q]) => [n, q])), P8: 88, P9: 99 });
  });

  test('of the same message change nothing twice', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const world = diffWorld();
      await world.take(csv(ten));
      const message = world.drop(csv([...ten.slice(1), ['new', '1', 1]]));
      const tries = await Promise.allSettled([world.diff(message), world.diff(message)]);
      expect(tries.some(({ status }) => status === 'fulfilled')).toBe(true);
      await world.write();
      await world.diff(message);
      await world.write();
      const run = await world.run(message.run_id);
      expect(run).toMatchObject({ status: 'succeeded', tally: { inserted: 1, deleted: 1 } });
      expect(world.held().size).toBe(10);
    }
  });
});

describe('a process that dies', () => {
  const second = csv([...ten.slice(1, 9), ['P9', '1', 99], ['P9', '1', 98], ['new', '1', 1], ['bad', '1', 'x']]);
  const expected = { ...Object.fromEntries(ten.slice(1).map(([n, , q]) => [n, q])), P9: 98, new: 1 };

  test.each([false, true])(
    'at any call to the world (after it: %s) leaves what the next try brings to its end',
    async (after) => {
      const calls = await (async () => {
        const world = diffWorld();
        await world.take(csv(ten));
        const message = world.drop(second);
        world.life.bear();
        await world.diff(message);
        return world.life.calls;
      })();
      expect(calls).toBeGreaterThan(20);
      for (let at = 1; at <= calls; at++) {
        const world = diffWorld();
        await world.take(csv(ten));
        const message = world.drop(second);
        world.life.dieAt(at, after);
        await world.diff(message).catch((error: unknown) => {
          if (!(error instanceof Died)) throw error;
        });
        world.life.bear();
        // Some of what was sent before is written before the next try, some after.
        if (at % 2 === 0) await world.write();
        await world.diff(message);
        await world.write((messages) => messages.reverse());
        await closeRuns({ runs: world.runs, clock: world.clock, giveUpAfterMs: 3_600_000 }, 0);
        const run = await world.run(message.run_id);
        expect({ at, status: run.status }).toEqual({ at, status: 'partial' });
        expect(run.sealed?.counts).toEqual({
          read: 12,
          rejected: 1,
          repeated: 1,
          unchanged: 8,
          upserts: 2,
          deletes: 1,
          deleteRows: 0,
        });
        expect(run.tally).toMatchObject({ inserted: 1, updated: 1, deleted: 1 });
        expect(quantities(world)).toEqual(expected);
        expect(await receipt(world, csv(ten))).toMatchObject({
          status: 'succeeded',
          updated: 1,
          inserted: 1,
          deleted: 1,
        });
      }
    },
  );
});

describe('any two snapshots', () => {
  const cell = fc.record({
    n: fc.integer({ min: 0, max: 7 }),
    q: fc.constantFrom('0', '1', '2.50', '-3', 'bad'),
    t: fc.integer({ min: 0, max: 3 }),
    date: fc.constantFrom('', '2026-01-05'),
  });
  const snapshot = fc.record({
    rows: fc.array(cell, { minLength: 1, maxLength: 12 }),
    columns: fc.shuffledSubarray(['part_number', 'on_hand', 'as_of', 'last_sold_date'], { minLength: 4 }),
    delimiter: fc.constantFrom(',', ';', '\t'),
    isQuoted: fc.boolean(),
    isLong: fc.boolean(),
    newline: fc.constantFrom('\n', '\r\n'),
  });
  type Snapshot = Parameters<Parameters<typeof snapshot.map>[0]>[0];

  const values = ({ rows, isLong }: Snapshot, day: number) =>
    rows.map(({ n, q, t, date }) => ({
      part_number: `P${n}`,
      on_hand: isLong && /^\d$/.test(q) ? `${q}.00` : q,
      as_of: isLong ? `2026-01-0${day}T0${t}:00:00.000Z` : `2026-01-0${day} 0${t}:00:00`,
      last_sold_date: isLong && date !== '' ? `${date}T00:00:00Z` : date,
    }));
  const turned = (from: Snapshot, day: number): Record<string, string>[] =>
    values(from, day).map((row) => Object.fromEntries(from.columns.map((column) => [column, Object(row)[column]])));
  const write: Record<string, (from: Snapshot, day: number) => string | Buffer> = {
    csv(from, day) {
      const { columns, delimiter, isQuoted, newline } = from;
      const line = (fields: string[]) => fields.map((f) => (isQuoted ? `"${f}"` : f)).join(delimiter) + newline;
      const lines = turned(from, day).map((row) => line(Object.values(row)));
      return line(columns) + lines.join('');
    },
    json: (from, day) => JSON.stringify(turned(from, day)),
    ndjson: (from, day) =>
      turned(from, day)
        .map((row) => `${JSON.stringify(row)}\n\n`)
        .join(''),
    xml(from, day) {
      const row = (fields: Record<string, string>) =>
        Object.entries(fields)
          .map(([name, text]) => `<${name}>${text}</${name}>`)
          .join('');
      return `<rows>${turned(from, day)
        .map((fields) => `<row>${row(fields)}</row>`)
        .join('\n')}</rows>`;
    },
    parquet: (from, day) => parquetOf(turned(from, day)),
    arrow: (from, day) => arrowOf(turned(from, day)),
    xlsx(from, day) {
      const row = (texts: string[], n: number) =>
        `<row r="${n}">${texts.map((text, c) => `<c r="${'ABCD'[c]}${n}" t="inlineStr"><is><t>${text}</t></is></c>`).join('')}</row>`;
      const rows = turned(from, day).map((fields, n) => row(Object.values(fields), 2 + n));
      return xlsxOf({ sheets: { Stock: row(from.columns, 1) + rows.join('') } });
    },
  };

  /** A naive Map: of each key the row with the latest time stands, then the later one; older rows lose against what is held. */
  const apply = (
    held: Map<string, { t: string; q: string; date: string; alive: boolean }>,
    from: Snapshot,
    day: number,
  ) => {
    const seen = new Set<string>();
    for (const { n, q, t, date } of from.rows) {
      const key = `P${n}`;
      const time = `${day}.${t}`;
      const before = held.get(key);
      seen.add(key);
      if (q !== 'bad' && (before === undefined || time >= before.t)) held.set(key, { t: time, q, date, alive: true });
    }
    for (const [key, value] of held) if (!seen.has(key)) held.set(key, { ...value, alive: false });
  };

  test.each(Object.keys(write))(
    'of %s make the store what a naive Map says, and every run balances',
    async (format) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(snapshot, fc.nat(1)), { minLength: 2, maxLength: 4 }), async (snapshots) => {
          const world = diffWorld({ modified: 'as_of', maxDeleteRatio: 1, maxRejectRatio: 1 });
          const held: Parameters<typeof apply>[0] = new Map();
          let day = 1;
          for (const [from, later] of snapshots) {
            day += later;
            apply(held, from, day);
            const run = await world.take(write[format]?.(from, day) ?? '', `acme_part_stock.${format}`);
            expect(['succeeded', 'partial']).toContain(run.status);
            const alive = [...held]
              .filter(([, { alive: is }]) => is)
              .map(([key, { q, date }]) => [key, Number(q), date]);
            const stored = [...world.held()].map(([, d]) => [d?.part_number, d?.on_hand, d?.last_sold_date ?? '']);
            expect(stored.sort()).toEqual(alive.sort());
          }
        }),
        { numRuns: process.env.SOAK === '1' ? 500 : 25 },
      );
    },
  );
});
