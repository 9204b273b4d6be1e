import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PulledRow } from '../../shared/connectors/connector.ts';
import { toInstant } from '../../shared/model/instant.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';
import { closeRuns } from '../../shared/sync/closeRuns.ts';
import { ingest } from '../../shared/sync/ingest.ts';
import { runWork } from '../../shared/sync/runWork.ts';
import { Died, diffWorld } from '../helpers/diffWorld.ts';

type World = ReturnType<typeof diffWorld>;

const row = (part: string, onHand: unknown, more: object = {}): PulledRow => ({
  values: { part_number: part, on_hand: onHand, ...more },
});
const key = (part: string): PulledRow => ({ values: { part_number: part } });
const parts = (count: number) => Array.from({ length: count }, (_, n) => `P${n}`);
const ten = parts(10).map((part, n) => row(part, n));
const tenKeys = parts(10).map(key);
const paged = (rows: readonly PulledRow[], size = 4) =>
  Array.from({ length: Math.ceil(rows.length / size) }, (_, page) => rows.slice(page * size, (page + 1) * size));
const quantities = (world: World) =>
  Object.fromEntries([...world.held()].map(([id, data]) => [id.split(':')[0], data?.on_hand]));

/** An incremental poll brings rows, and the writer applies them. */
async function changes(world: World, rows: readonly PulledRow[], write = true): Promise<void> {
  world.clock.move(1_000);
  const place = { dealerId: 'acme', sourceId: 'dms', entity: 'part_stock', door: 'poll' } as const;
  const captured = toInstant(world.clock());
  const { run } = await runWork(place, world.deps, async ({ runId }) => {
    const mapper = (await world.deps.rulesOf('acme', 'dms', 'part_stock')).mapper;
    const ingestion = { ...place, runId, attempt: 1, epoch: 0, captured, mapper };
    return await ingest([rows.map((one, index) => ({ index, ...one }))], ingestion, world.deps);
  });
  if (!write) return;
  await world.write();
  await world.run(run.runId);
}

describe('a source that was read to its end', () => {
  test('is all inserts first; then only what changed is sent, and what is gone is deleted', async () => {
    const world = diffWorld();
    expect(await world.poll('all', paged(ten))).toMatchObject({
      status: 'succeeded',
      notes: ['Compared with all that is held: this is the first complete read.'],
      door: 'poll',
      sealed: { counts: { read: 10, upserts: 10 } },
      tally: { inserted: 10 },
    });
    const next = [row('new', 1), ...ten.slice(1, 9).reverse(), row('P9', 99)];
    const run = await world.poll('all', paged(next, 3));
    expect(run).toMatchObject({
      status: 'succeeded',
      sealed: { counts: { read: 10, unchanged: 8, upserts: 2, deletes: 1 } },
      tally: { inserted: 1, updated: 1, deleted: 1 },
    });
    expect(run.notes ?? []).toEqual([]);
    expect(quantities(world)).toMatchObject({ P1: 1, P9: 99, new: 1 });
    expect(quantities(world).P0).toBeUndefined();
  });

  test('is not looked into where it is what it was: only rows with a new text are mapped', async () => {
    const world = diffWorld();
    const { rulesOf } = world.deps;
    const seen: unknown[] = [];
    const deps = {
      async rulesOf(...place: Parameters<typeof rulesOf>) {
        const rules = await rulesOf(...place);
        const upsert: typeof rules.mapper.upsert = (values) => {
          seen.push(values.part_number);
          return rules.mapper.upsert(values);
        };
        return { ...rules, mapper: { ...rules.mapper, upsert } };
      },
    };
    Object.assign(world.deps, deps);
    await world.poll('all', paged(ten));
    expect(seen).toHaveLength(10);
    const run = await world.poll('all', paged([row('P4', 40), ...ten.slice(0, 4).reverse(), ...ten.slice(5)], 3));
    expect(run.sealed?.counts).toMatchObject({ read: 10, unchanged: 9, upserts: 1 });
    expect(seen.slice(10)).toEqual(['P4']);
  });

  test('leaves nothing behind but its baseline', async () => {
    const world = diffWorld();
    await world.poll('all', paged(ten));
    await world.poll('all', paged(ten.slice(1)));
    await world.poll('keys', paged(tenKeys.slice(1)));
    expect([...world.blobs.blobs.keys()].map((name) => name.split('.').at(-1)).sort()).toEqual(['index', 'keys']);
    expect(world.staging.blobs.size).toBe(0);
  });

  test('keeps what its values are: numbers as they were written, dates, big integers, names of any kind', async () => {
    const world = diffWorld({ keepUnmapped: true, mapping: { part_number: 'No', on_hand: 'Q' } });
    const values = {
      No: new NumberLiteral('12345678901234567890'),
      Q: new NumberLiteral('10.50'),
      big: 9_007_199_254_740_993n,
      at: new Date('2026-01-02T03:04:05.678Z'),
      bytes: Buffer.from('abc'),
      'line\nbreak': 'a\u001fb\u001e"c\u2028',
      nested: { list: [1, { x: null }] },
    };
    await world.poll('all', [[{ values }]]);
    const [data] = [...world.held().values()];
    expect(data).toMatchObject({
      part_number: '12345678901234567890',
      on_hand: 10.5,
      extensions: {
        big: '9007199254740993',
        at: '2026-01-02T03:04:05.678Z',
        bytes: 'YWJj',
        'line\nbreak': 'a\u001fb\u001e"c\u2028',
        nested: { list: [1, { x: null }] },
      },
    });
    expect((await world.poll('all', [[{ values }]])).sealed?.counts).toMatchObject({ unchanged: 1, upserts: 0 });
  });

  test('has rows that can not be taken: they go to quarantine with their place, and count as seen', async () => {
    const world = diffWorld();
    await world.poll('all', paged(ten));
    const run = await world.poll('all', paged([...ten.slice(0, 6), row('P6', 'many'), ...ten.slice(7)]));
    expect(run).toMatchObject({ status: 'partial', sealed: { counts: { rejected: 1, unchanged: 9, deletes: 0 } } });
    expect(world.rejected.map(({ input }) => input.row)).toEqual([7]);
    expect(quantities(world).P6).toBe(6);
  });

  test.each<[string, PulledRow]>([
    ['the connector could not read', { error: 'the value is broken', raw: 'P0, ?' }],
    ['has no key', row('', 1)],
    ['holds what can not be kept', row('P0', Number.NaN)],
  ])('with a row that %s holds its deletes', async (_, bad) => {
    const world = diffWorld({ maxDeleteRatio: 1 });
    await world.poll('all', paged(ten));
    const run = await world.poll('all', paged([bad, ...ten.slice(1)]));
    expect(run).toMatchObject({ status: 'suspect', tally: { held: 1, deleted: 0 } });
    expect(world.rejected).toHaveLength(1);
    expect(world.rejected[0]?.input.row).toBe(1);
    expect(quantities(world).P0).toBe(0);
  });

  test('is refused whole only where many rows are rejected, not where few are', async () => {
    const world = diffWorld();
    const rows = parts(60).map((part, n) => row(part, n));
    await world.poll('all', paged(rows));
    const bad = (count: number) => rows.map((one, n) => (n < count ? row(`P${n}`, 'x') : one));
    expect(await world.poll('all', paged(bad(19)))).toMatchObject({
      status: 'partial',
      sealed: { counts: { rejected: 19 } },
    });
    const run = await world.poll('all', paged(bad(20)));
    expect(run).toMatchObject({
      status: 'failed',
      errors: [{ code: 'DATA_ERROR' }, { row: 1 }, ...new Array(19).fill({})],
    });
    expect(world.held().size).toBe(60);
    expect(world.staging.blobs.size).toBe(0);
  });

  test('is suspect where it is empty and was not before; where nothing is held it is just empty', async () => {
    const world = diffWorld();
    expect(await world.poll('all', [])).toMatchObject({ status: 'succeeded', sealed: { counts: { read: 0 } } });
    expect((await world.poll('keys', [])).status).toBe('succeeded');
    await world.poll('all', paged(ten));
    expect(await world.poll('all', [])).toMatchObject({ status: 'suspect', tally: { held: 10 } });
    expect(await world.poll('keys', [])).toMatchObject({ status: 'suspect', tally: { held: 10 } });
    expect(world.held().size).toBe(10);
  });

  test('is suspect where the source itself says that there is more', async () => {
    for (const [mode, rows] of [
      ['all', ten],
      ['keys', tenKeys],
    ] as const) {
      const world = diffWorld({ maxDeleteRatio: 1 });
      await world.poll('all', paged(ten));
      const run = await world.poll(mode, paged(rows.slice(1)), 'the source says 10 rows');
      expect(run).toMatchObject({ status: 'suspect', tally: { held: 1, deleted: 0 } });
      expect(run.errors[0]?.detail).toContain('the source says 10 rows');
      expect(run.errors[0]?.detail).not.toContain('max_delete_ratio');
    }
  });

  test('lacks what it marks as deleted', async () => {
    const world = diffWorld();
    await world.poll('all', paged(ten));
    const marked = [row('P0', 0, { _op: 'delete' }), ...ten.slice(1)];
    const run = await world.poll('all', [marked.slice(0, 1), marked.slice(1)]);
    expect(run).toMatchObject({
      status: 'succeeded',
      sealed: { counts: { read: 9, deletes: 1 } },
      tally: { deleted: 1 },
    });
    expect(quantities(world).P0).toBeUndefined();
  });

  test('under a mapping that has changed since is superseded: it may lack columns', async () => {
    const world = diffWorld();
    const read = await world.begin('all');
    const message = await world.end(read, paged(ten));
    world.remap({ mapping: { part_number: 'part_number', on_hand: 'quantity' } });
    await world.diff(message);
    expect(await world.run(message.run_id)).toMatchObject({
      status: 'superseded',
      notes: [expect.stringContaining('mapping')],
    });
    expect(world.queue).toEqual([]);
    expect(world.staging.blobs.size).toBe(0);
  });

  test.each(['all', 'keys'] as const)('is superseded where a later one (%s) was compared before it', async (mode) => {
    const world = diffWorld();
    await world.poll('all', paged(ten));
    const early = await world.end(await world.begin('all'), paged(ten.slice(1)));
    await world.poll(mode, paged(mode === 'all' ? ten : tenKeys));
    await world.diff(early);
    expect((await world.run(early.run_id)).status).toBe('superseded');
    expect(world.held().size).toBe(10);
  });

  test('whose rows are not all there deletes nothing', async () => {
    for (const mode of ['all', 'keys'] as const) {
      const world = diffWorld({ maxDeleteRatio: 1 });
      await world.poll('all', paged(ten));
      const message = await world.end(await world.begin(mode), paged(mode === 'all' ? ten : tenKeys));
      const [[name, content] = ['', Buffer.alloc(0)]] = world.staging.blobs;
      world.staging.blobs.set(name, content.subarray(0, content.lastIndexOf('\n', content.length - 2) + 1));
      await world.diff(message);
      await world.write();
      expect(await world.run(message.run_id)).toMatchObject({ status: 'failed', errors: [{ code: 'INTERNAL' }] });
      expect(world.held().size).toBe(10);
    }
  });

  test('waits for what began before it, a while from its end, however long it took to be read', async () => {
    const world = diffWorld();
    await world.poll('all', paged(ten));
    await changes(world, [row('P0', 50)], false);
    const read = await world.begin('all');
    world.clock.move(3_600_000);
    const message = await world.end(read, paged(ten));
    expect(await world.diff(message)).toEqual({ retryAfterMs: expect.any(Number) });
    await world.write();
    await closeRuns({ runs: world.runs, clock: world.clock, giveUpAfterMs: 86_400_000 }, 0);
    expect(await world.diff(message)).toBeUndefined();
    await world.write();
    expect(quantities(world).P0).toBe(0);
  });
});

test('a diff that takes long is not given up while it gets on', async () => {
  const world = diffWorld();
  await world.poll('all', paged(ten));
  await changes(world, [row('P1', 77)]);
  const { fingerprints } = world.deps.records;
  const statuses: string[] = [];
  const message = await world.end(await world.begin('all'), paged(ten));
  Object.assign(world.deps.records, {
    async *fingerprints(...of: Parameters<typeof fingerprints>) {
      for await (const page of fingerprints(...of)) {
        yield page;
        world.clock.move(30 * 60_000);
        // What was noted is written beside the work, in a few turns.
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
        await closeRuns({ runs: world.runs, clock: world.clock, giveUpAfterMs: 3_600_000 }, 0);
        statuses.push((await world.runs.get(message.run_id))?.run.status ?? '');
      }
    },
  });
  // There is no time left to send it all.
  expect(await world.diff(message)).toEqual({ retryAfterMs: 0 });
  expect(await world.diff(message)).toBeUndefined();
  expect(statuses.length).toBeGreaterThan(5);
  expect(new Set(statuses)).toEqual(new Set(['running']));
  await world.write();
  expect((await world.run(message.run_id)).status).toBe('succeeded');
});

describe('pages that are put aside', () => {
  test('count only under the attempt that was recorded, however late another one comes', async () => {
    const world = diffWorld();
    const read = await world.begin('all');
    const page = (rows: readonly PulledRow[], first: number) => rows.map((one, n) => ({ index: first + n, ...one }));
    await world.complete.stage(read, { attempt: 1, seq: 0 }, page(ten.slice(0, 4), 0));
    await world.complete.stage(read, { attempt: 2, seq: 0 }, page(ten.slice(4, 8), 4));
    await world.complete.stage(read, { attempt: 1, seq: 1 }, page([row('late', 1)], 4));
    await world.complete.stage(read, { attempt: 2, seq: 1 }, page(ten.slice(8), 8));
    const end = {
      segments: [
        { attempt: 1, messages: 1 },
        { attempt: 2, messages: 2 },
      ],
      rows: 10,
      notes: ['a note'],
    };
    await world.complete.finish(read, end);
    await world.complete.finish(read, end);
    const [content] = world.staging.blobs.values();
    const lines = content?.toString().trimEnd().split('\n') ?? [];
    expect(lines.map((line) => JSON.parse(line).part_number)).toEqual(parts(10));
  });

  test('are handed over no more once the diff is done with them', async () => {
    const world = diffWorld();
    const read = await world.begin('all');
    const message = await world.end(read, paged(ten));
    await world.diff(message);
    expect(world.staging.blobs.size).toBe(0);
    await world.complete.finish(read, { segments: [{ attempt: 1, messages: 3 }], rows: 10, notes: [] });
    await world.diff(message);
    await world.write();
    expect(await world.run(message.run_id)).toMatchObject({ status: 'succeeded', tally: { inserted: 10 } });
  });

  test('are handed over no more once the diff has failed their run', async () => {
    const world = diffWorld({ maxRejectRatio: 0 });
    const read = await world.begin('all');
    const message = await world.end(read, paged(Array.from({ length: 30 }, () => row('', 1))));
    await world.diff(message);
    expect((await world.run(message.run_id)).status).toBe('failed');
    expect(world.staging.blobs.size).toBe(0);
    await world.complete.finish(read, { segments: [{ attempt: 1, messages: 8 }], rows: 30, notes: [] });
  });

  test('are asked for again where they are gone, and not without end', async () => {
    const world = diffWorld();
    const read = await world.begin('all');
    const finishing = world.complete.finish(read, { segments: [{ attempt: 1, messages: 1 }], rows: 1, notes: [] });
    await expect(finishing).rejects.toMatchObject({ code: 'INTERNAL', disposition: 'retry' });
    await world.complete.discard(read);
  });

  test('are no more than a blob can have', async () => {
    const world = diffWorld();
    const read = await world.begin('all');
    const staging = world.complete.stage(read, { attempt: 1, seq: 50_000 }, []);
    await expect(staging).rejects.toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
  });
});

describe('polls of changes in between', () => {
  test('are put right by the next complete read', async () => {
    const world = diffWorld();
    await world.poll('all', paged(ten));
    await changes(world, [row('P1', 77), row('extra', 5)]);
    expect(quantities(world)).toMatchObject({ P1: 77, extra: 5 });
    const run = await world.poll('all', paged(ten));
    expect(run).toMatchObject({ status: 'succeeded', tally: { updated: 1, deleted: 1 } });
    expect(run.notes).toEqual([expect.stringContaining('something else was written')]);
    expect(quantities(world)).toEqual(Object.fromEntries(parts(10).map((part, n) => [part, n])));
    expect((await world.poll('all', paged(ten))).notes ?? []).toEqual([]);
  });

  test('bring rows that came while it was read: they stay', async () => {
    for (const [mode, rows] of [
      ['all', ten],
      ['keys', tenKeys],
    ] as const) {
      const world = diffWorld();
      await world.poll('all', paged(ten));
      const read = await world.begin(mode);
      await changes(world, [row('P00', 1), row('P3', 33)]);
      const message = await world.end(read, paged(rows));
      await world.diff(message);
      await world.write();
      expect(await world.run(message.run_id)).toMatchObject({ sealed: { counts: { deletes: 0 } } });
      expect(quantities(world)).toMatchObject({ P00: 1, P3: 33 });
    }
  });
});

describe('a sweep of keys', () => {
  test('deletes what it lacks, and nothing else', async () => {
    const world = diffWorld();
    await world.poll('all', paged(ten));
    const other = world.records.documents.get('P1::');
    if (other === undefined) throw new Error('It is not there.');
    world.records.documents.set('web::', { ...other, id: 'web::', source_id: 'web' });
    const run = await world.poll('keys', paged([...tenKeys.slice(1), key('unknown'), key('P2')]));
    expect(run).toMatchObject({
      status: 'succeeded',
      sealed: { counts: { read: 11, unchanged: 11, rejected: 0, upserts: 0, deletes: 1 } },
      tally: { deleted: 1 },
    });
    expect(run.notes ?? []).toEqual([]);
    expect([...world.held().keys()].sort()).toEqual([
      ...parts(10)
        .slice(1)
        .map((part) => `${part}::`),
      'web::',
    ]);
  });

  test('that lacks more than it may holds its deletes until it is approved', async () => {
    const world = diffWorld();
    await world.poll('all', paged(ten));
    const run = await world.poll('keys', paged(tenKeys.slice(5)));
    expect(run).toMatchObject({ status: 'suspect', tally: { held: 5, deleted: 0 } });
    expect(world.held().size).toBe(10);
    await world.approve(run.runId);
    await world.write();
    expect(await world.run(run.runId)).toMatchObject({ status: 'succeeded', tally: { held: 0, deleted: 5 } });
    expect(world.held().size).toBe(5);
    await expect(world.approve(run.runId)).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test.each<['all' | 'keys', 'all' | 'keys']>([
    ['all', 'keys'],
    ['keys', 'all'],
    ['keys', 'keys'],
  ])('or another complete read: what %s holds can be approved no more after %s', async (first, second) => {
    const world = diffWorld();
    const read = (mode: 'all' | 'keys', from: number) => paged((mode === 'all' ? ten : tenKeys).slice(from));
    await world.poll('all', paged(ten));
    const suspect = await world.poll(first, read(first, 5));
    expect(suspect.status).toBe('suspect');
    expect((await world.poll(second, read(second, 0))).status).toBe('succeeded');
    await expect(world.approve(suspect.runId)).rejects.toMatchObject({ code: 'CONFLICT', disposition: 'park' });
    expect(world.held().size).toBe(10);
  });

  test('with a key that can not be read holds its deletes', async () => {
    const world = diffWorld({ maxDeleteRatio: 1 });
    await world.poll('all', paged(ten));
    const run = await world.poll('keys', paged([...tenKeys.slice(1), key('')]));
    expect(run).toMatchObject({ status: 'suspect', tally: { held: 1 }, sealed: { counts: { rejected: 1 } } });
    expect(run.errors.map(({ row: at }) => at)).toEqual([undefined, 10]);
    expect(world.rejected.map(({ input }) => input.row)).toEqual([10]);
  });

  test('leaves the baseline to those that read whole rows: what comes back is sent again', async () => {
    const world = diffWorld();
    await world.poll('all', paged(ten));
    let asked = 0;
    const { fingerprints } = world.deps.records;
    Object.assign(world.deps.records, {
      fingerprints(...of: Parameters<typeof fingerprints>) {
        asked++;
        return fingerprints(...of);
      },
    });
    await world.poll('keys', paged(tenKeys));
    expect(asked).toBe(1);
    expect(await world.poll('all', paged(ten))).toMatchObject({ sealed: { counts: { unchanged: 10 } } });
    expect(asked).toBe(1);
    await world.poll('keys', paged(tenKeys.slice(1)));
    expect(world.held().size).toBe(9);
    expect(await world.poll('all', paged(ten))).toMatchObject({ status: 'succeeded', tally: { inserted: 1 } });
    expect(world.held().size).toBe(10);
  });

  test('takes over from a complete read that was given up while it was sent', async () => {
    const world = diffWorld({ maxDeleteRatio: 1 });
    await world.poll('all', paged(ten));
    const halfway = await world.end(await world.begin('all'), paged([row('P1', 11), ...ten.slice(2)]));
    const { deliver } = world.deps;
    Object.assign(world.deps, { deliver: () => Promise.reject(new Died('deliver')) });
    await world.diff(halfway).catch((error: unknown) => expect(error).toBeInstanceOf(Died));
    Object.assign(world.deps, { deliver });
    await world.poll('keys', paged(tenKeys.slice(1)));
    const run = await world.poll('all', paged(ten));
    expect(run.notes).toEqual([expect.stringContaining('Compared with all that is held')]);
    expect(quantities(world)).toEqual(Object.fromEntries(parts(10).map((part, n) => [part, n])));
  });
});

describe('a process that dies', () => {
  test.each<['all' | 'keys', boolean]>([
    ['all', false],
    ['all', true],
    ['keys', false],
    ['keys', true],
  ])(
    'at any call to the world while it stages, hands over or compares (%s, after it: %s) changes nothing',
    async (mode, after) => {
      const rows =
        mode === 'all'
          ? [...ten.slice(1, 9), row('P9', 99), row('P9', 98), row('new', 1), row('bad', 'x')]
          : [...tenKeys.slice(1), key('other')];
      const pages = paged(rows, 5);
      const message = async (world: World, read: Awaited<ReturnType<World['begin']>>) => {
        const made = await world.end(read, pages);
        await world.diff(made);
        return made;
      };
      const prepared = async () => {
        const world = diffWorld();
        await world.poll('all', paged(ten));
        return { world, read: await world.begin(mode) };
      };
      const calls = await (async () => {
        const { world, read } = await prepared();
        world.life.bear();
        await message(world, read);
        return world.life.calls;
      })();
      expect(calls).toBeGreaterThan(20);
      for (let at = 1; at <= calls; at++) {
        const { world, read } = await prepared();
        world.life.dieAt(at, after);
        await message(world, read).catch((error: unknown) => {
          if (!(error instanceof Died)) throw error;
        });
        world.life.bear();
        if (at % 2 === 0) await world.write();
        const ended = await message(world, read);
        await world.write((messages) => messages.reverse());
        await closeRuns({ runs: world.runs, clock: world.clock, giveUpAfterMs: 3_600_000 }, 0);
        const run = await world.run(ended.run_id);
        expect({ at, status: run.status }).toEqual({ at, status: mode === 'all' ? 'partial' : 'succeeded' });
        expect(run.sealed?.counts).toMatchObject(
          mode === 'all'
            ? { read: 12, rejected: 1, repeated: 1, unchanged: 8, upserts: 2, deletes: 1 }
            : { read: 10, deletes: 1 },
        );
        expect(run.tally).toMatchObject(mode === 'all' ? { inserted: 1, updated: 1, deleted: 1 } : { deleted: 1 });
        const left = Object.fromEntries(
          parts(10)
            .slice(1)
            .map((part, n) => [part, n + 1]),
        );
        expect(quantities(world)).toEqual(mode === 'all' ? { ...left, P9: 98, new: 1 } : left);
        expect(world.staging.blobs.size).toBe(0);
        // And the next one finds what it must.
        expect(await world.poll('all', paged(ten))).toMatchObject({ status: 'succeeded' });
        expect(quantities(world)).toEqual(Object.fromEntries(parts(10).map((part, n) => [part, n])));
      }
    },
  );
});

describe('any table that changes', () => {
  const part = fc.integer({ min: 0, max: 7 }).map((n) => `P${n}`);
  const write = fc.record({
    kind: fc.constantFrom('set' as const, 'set' as const, 'delete' as const),
    part,
    q: fc.constantFrom<unknown>(0, 1, '2.50', null, new NumberLiteral('1e1')),
  });
  const step = fc.record({
    before: fc.array(write, { maxLength: 6 }),
    /** While it is read, after that many pages. */
    during: fc.array(fc.record({ page: fc.nat(3), write, isPolled: fc.boolean() }), { maxLength: 3 }),
    mode: fc.constantFrom<'all' | 'keys' | 'changes'>('all', 'all', 'keys', 'changes'),
    pageSize: fc.integer({ min: 1, max: 4 }),
    repeats: fc.array(fc.nat(7), { maxLength: 2 }),
    dieAt: fc.option(fc.nat(60), { nil: undefined }),
  });

  /** What a poll brings while everything is read, and is deleted before its page: the next complete read finds it. */
  const goneAfterPoll = {
    before: [
      { kind: 'set' as const, part: 'P7', q: 0 },
      { kind: 'set' as const, part: 'P0', q: 0 },
    ],
    during: [
      { page: 0, write: { kind: 'set' as const, part: 'P1', q: 0 }, isPolled: true },
      { page: 0, write: { kind: 'delete' as const, part: 'P7', q: 0 }, isPolled: false },
    ],
    mode: 'all' as const,
    pageSize: 1,
    repeats: [],
    dieAt: undefined,
  };

  test('is what the store holds after a complete read, and every run balances', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        const world = diffWorld({ maxDeleteRatio: 1, modified: 'as_of' });
        const table = new Map<string, { q: unknown; as_of: string }>();
        const dirty = new Set<string>();
        const alter = ({ kind, part: name, q }: { kind: 'set' | 'delete'; part: string; q: unknown }) => {
          world.clock.move(10);
          if (kind === 'delete') table.delete(name);
          else {
            table.set(name, { q, as_of: new Date(world.clock()).toISOString() });
            dirty.add(name);
          }
        };
        const rowsOf = (names: Iterable<string>): PulledRow[] =>
          [...names].flatMap((name) => {
            const found = table.get(name);
            return found === undefined ? [] : [row(name, found.q, { as_of: found.as_of })];
          });
        const poll = async () => {
          await changes(world, rowsOf(dirty));
          dirty.clear();
        };
        for (const { before, during, mode, pageSize, repeats, dieAt } of steps) {
          for (const one of before) alter(one);
          if (mode !== 'all') await poll();
          if (mode === 'changes') continue;
          const touched = new Set<string>();
          const read = await world.begin(mode);
          // Keyset pages over a table that goes on changing.
          const pages: PulledRow[][] = [];
          let from = '';
          for (let page = 0; ; page++) {
            const names = [...table.keys()]
              .filter((name) => name > from)
              .sort()
              .slice(0, pageSize);
            if (names.length === 0) break;
            pages.push(
              rowsOf(names).map((one) =>
                mode === 'keys' && 'values' in one ? key(String(one.values.part_number)) : one,
              ),
            );
            from = names.at(-1) ?? '';
            for (const { page: when, write: one, isPolled } of during) {
              if (when !== page) continue;
              alter(one);
              touched.add(one.part);
              if (isPolled) await poll();
            }
          }
          for (const at of repeats) {
            const again = pages[at % Math.max(1, pages.length)];
            if (again !== undefined) pages.push([...again]);
          }
          if (dieAt !== undefined) {
            world.life.dieAt(dieAt + 1, dieAt % 2 === 0);
            await (async () => world.diff(await world.end(read, pages)))().catch((error: unknown) => {
              if (!(error instanceof Died)) throw error;
            });
            world.life.bear();
            if (dieAt % 3 === 0) await world.write();
          }
          const message = await world.end(read, pages);
          expect(await world.diff(message)).toBeUndefined();
          await world.write();
          const run = await world.run(message.run_id);
          expect(['succeeded', 'suspect']).toContain(run.status);
          if (run.status === 'suspect') expect(pages.flat()).toEqual([]);
          // What changed while it was read is the next poll's; a delete of that time is the next complete read's.
          await poll();
          const isEmpty = run.status === 'suspect';
          const held = quantities(world);
          for (const name of new Set([...table.keys(), ...Object.keys(held)])) {
            const found = table.get(name);
            if (found !== undefined) expect([name, held[name] ?? null]).toEqual([name, quantityOf(found.q)]);
            else if (!isEmpty && !touched.has(name)) expect([name, Object.hasOwn(held, name)]).toEqual([name, false]);
          }
        }
        // Once nothing moves any more a complete read makes the store the table.
        const last = await world.poll('all', paged(rowsOf(table.keys()), 3));
        if (table.size > 0) {
          expect(last.status).toBe('succeeded');
          expect(quantities(world)).toEqual(
            Object.fromEntries([...table].map(([name, { q }]) => [name, quantityOf(q) ?? undefined])),
          );
        }
      }),
      { numRuns: process.env.SOAK === '1' ? 2_000 : 30, examples: [[[goneAfterPoll]]] },
    );
  });

  function quantityOf(q: unknown): number | null {
    if (q === null) return null;
    return Number(q instanceof NumberLiteral ? q.text : q);
  }
});
