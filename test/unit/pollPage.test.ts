import { describe, expect, test } from '@jest/globals';
import { AdpError } from '../../shared/errors.ts';
import { parseVersion } from '../../shared/model/version.ts';
import type { ReadAhead } from '../../shared/sync/poll/readAhead.ts';
import { type DmsRow, noAhead, type PollWorld, patientAhead, pollWorld, sourceOf } from '../helpers/pollWorld.ts';

const row = (n: number, at = n, text: unknown = `part ${n}`): DmsRow => ({ no: `P${n}`, at, text });
const rows = (count: number) => Array.from({ length: count }, (_, n) => row(n));
const done = { kind: 'done', counts: expect.anything() };

/** What the source has, as it must be held. */
function expected({ dms }: PollWorld): Map<string, unknown> {
  return new Map(dms.rows.map(({ no, text }) => [`:${no}`, text]));
}

async function statuses(world: PollWorld): Promise<string[]> {
  await world.settle();
  return (await world.runs()).map(({ status }) => status).reverse();
}

describe('a source', () => {
  test('is read page by page, and then what has changed', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    expect(await world.read()).toEqual(done);
    expect(world.held()).toEqual(expected(world));
    expect((await world.state()).state).toMatchObject({ cursor: '7', hasHadRows: true });

    world.dms.rows = [...rows(7), row(7, 9, 'changed'), row(8, 10)];
    world.dms.asked = [];
    expect(await world.read()).toMatchObject({ kind: 'done', counts: { read: 2, upserts: 2 } });
    expect(world.dms.asked[0]).toBe('begin changes 7');
    expect(world.held()).toEqual(expected(world));
    expect(await statuses(world)).toEqual(['succeeded', 'succeeded']);
  });

  test('has runs that say from where to where it was read', async () => {
    const world = pollWorld();
    world.dms.rows = rows(4);
    const [first, second] = [world.newRun(), world.newRun()];
    await world.read(first);
    world.dms.rows.push(row(9));
    await world.read(second);
    expect((await world.run(first)).cursor).toEqual({ from: '-1', to: '3' });
    expect((await world.run(second)).cursor).toEqual({ from: '3', to: '9' });
  });

  test('has pages as large as its settings say', async () => {
    const world = pollWorld();
    world.dms.pageSize = 50_000;
    world.dms.rows = rows(20_000);
    expect(await world.page(world.newRun(), 0)).toMatchObject({ kind: 'done', counts: { read: 20_000 } });
  });

  test('loses no row to ties that are larger than a page', async () => {
    const world = pollWorld();
    world.dms.rows = Array.from({ length: 20 }, (_, n) => row(n, n < 3 ? n : 5));
    await world.read();
    expect(world.held()).toEqual(expected(world));
  });

  test('that is read again from before its cursor sends what it sent, under a later version', async () => {
    const world = pollWorld();
    world.dms.overlap = 3;
    world.dms.rows = rows(5);
    await world.read();
    await world.read();
    const versions = world.delivered.flatMap(({ changes }) => changes).map(({ version }) => parseVersion(version));
    expect(versions).toHaveLength(9);
    expect(new Set(versions.map(({ captured }) => captured)).size).toBe(2);
  });

  test('may say that a row is deleted', async () => {
    const world = pollWorld();
    world.dms.rows = rows(2);
    await world.read();
    world.dms.rows = [row(0), { no: 'P1', at: 5, op: 'delete' }];
    expect(await world.read()).toMatchObject({ counts: { deletes: 1 } });
    expect(world.held().get(':P1')).toBeUndefined();
  });

  test('whose later pages hold a row again counts it once for each time it was read', async () => {
    const world = pollWorld();
    world.dms.rows = rows(6);
    world.dms.onPull = async () => {
      // It moves to the end while it is read.
      if (world.dms.asked.length === 3) world.dms.rows = [...rows(6).slice(1), row(0, 20, 'moved')];
    };
    await world.read();
    expect(await statuses(world)).toEqual(['succeeded']);
    expect(world.held().get(':P0')).toBe('moved');
  });
});

describe('a page', () => {
  test('that is recorded answers what became of it, and asks nobody', async () => {
    const world = pollWorld();
    world.dms.rows = rows(5);
    const run = world.newRun();
    expect(await world.page(run, 0)).toEqual({ kind: 'more' });
    expect(await world.page(run, 1)).toEqual(done);
    const [asked, sent] = [world.dms.asked.length, world.delivered.length];
    expect(await world.page(run, 0)).toEqual(done);
    expect(await world.page(run, 1)).toEqual(done);
    expect([world.dms.asked.length, world.delivered.length]).toEqual([asked, sent]);
    expect(await statuses(world)).toEqual(['succeeded']);
  });

  test('that two work on is recorded by one of them, and counted once', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const world = pollWorld();
      world.dms.rows = rows(8);
      const run = world.newRun();
      let page = 0;
      for (let turn = 0; turn < 50; turn++) {
        // The other one begins a little later, and sees other rows.
        world.dms.onPull = async () => {
          for (let n = 0; n < (seed + world.dms.asked.length) % 5; n++) await new Promise(setImmediate);
          world.dms.rows = world.dms.rows.map((each, n) => (n === turn ? { ...each, text: `seen ${turn}` } : each));
        };
        const outcomes = await Promise.all([world.page(run, page), world.page(run, page)]);
        expect(outcomes.map(({ kind }) => kind)).not.toContain('failed');
        if (outcomes.some(({ kind }) => kind === 'more')) page++;
        if (outcomes.some(({ kind }) => kind === 'done')) break;
      }
      expect(await statuses(world)).toEqual(['succeeded']);
      expect((await world.run(run)).sealed?.counts.read).toBe(8);
      expect([...world.held().keys()].sort()).toEqual([...expected(world).keys()].sort());
    }
  });

  test('is not sent before it is claimed', async () => {
    const world = pollWorld();
    world.dms.rows = rows(2);
    world.tables.fail('cursors.insert');
    expect(await world.page(world.newRun(), 0)).toMatchObject({ kind: 'failed', code: 'NETWORK_ERROR' });
    expect(world.delivered).toEqual([]);
  });

  test('of a source that was reset meanwhile is not recorded, and its run reads no more', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    const run = world.newRun();
    await world.page(run, 0);
    await world.deps.cursors.reset({ dealerId: 'acme', sourceId: 'dms', entity: 'part' });
    expect(await world.page(run, 1)).toMatchObject({ kind: 'failed', code: 'CONFLICT' });
    const second = world.newRun();
    expect(await world.read(second)).toEqual(done);
    await world.settle();
    expect(await world.run(second)).toMatchObject({ status: 'succeeded', sealed: { counts: { read: 8 } } });
  });

  test('that was reset while it was read is read again by the same run, and counted once', async () => {
    const world = pollWorld();
    world.dms.rows = rows(1);
    world.dms.onPull = async () => {
      world.dms.onPull = async () => {
        world.dms.rows = rows(3);
      };
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      await world.deps.cursors.reset({ dealerId: 'acme', sourceId: 'dms', entity: 'part' });
    };
    expect(await world.read()).toEqual(done);
    expect(await statuses(world)).toEqual(['succeeded']);
  });

  test('is no larger than what the source may be asked for in a few seconds', async () => {
    const world = pollWorld();
    world.dms.rows = rows(12);
    world.dms.pageSize = 5_000;
    world.source = sourceOf(world.dms, {}, { limits: { rows_per_second: 1 } });
    const start = world.clock();
    expect(await world.read()).toEqual(done);
    expect(world.dms.asked.filter((call) => call.startsWith('pull'))).toHaveLength(3);
    expect(world.clock() - start).toBeGreaterThanOrEqual(10_000);
  });
});

describe('a process that dies', () => {
  /** Reads 8 rows, of which one changes whenever a page is read, then what has changed. */
  async function polls(ahead: ReadAhead, dieAt: number, after: boolean): Promise<{ world: PollWorld; calls: number }> {
    const world = pollWorld();
    world.ahead = ahead;
    world.dms.rows = rows(8);
    let reads = 0;
    world.dms.onPull = async () => {
      reads++;
      // Read again, a page is another one: its messages must not be taken for those of the first try.
      world.dms.pageSize = [3, 4, 1, 5][reads % 4] ?? 3;
      world.dms.rows = world.dms.rows.map((each, n) =>
        n === reads % 8 ? { ...each, text: `changed ${reads}`, at: 10 + reads } : each,
      );
    };
    world.life.dieAt(dieAt, after);
    await world.read();
    const { calls } = world.life;
    world.life.bear();
    world.dms.onPull = async () => undefined;
    await world.read();
    return { world, calls };
  }

  test.each([
    ['waits for its turn with each page', () => noAhead, 20],
    ['reads ahead', patientAhead, 15],
  ])(
    'and %s: at any of its calls it loses nothing, counts nothing twice, and leaves receipts that balance',
    async (_how, ahead, least) => {
      const { calls } = await polls(ahead(), Number.POSITIVE_INFINITY, false);
      expect(calls).toBeGreaterThan(least);
      for (let at = 1; at <= calls; at++) {
        for (const after of [false, true]) {
          const { world } = await polls(ahead(), at, after);
          const found = [await statuses(world), [...world.held()].sort()];
          expect({ at, after, found }).toEqual({
            at,
            after,
            found: [['succeeded', 'succeeded'], [...expected(world)].sort()],
          });
          expect(world.failures).toEqual([]);
        }
      }
    },
  );
});

describe('a first read', () => {
  test('that stops is gone on with by the next run, where it stopped', async () => {
    const world = pollWorld();
    world.dms.rows = rows(9);
    const first = world.newRun();
    await world.page(first, 0);
    await world.page(first, 1);
    world.dms.asked = [];
    const second = world.newRun();
    expect(await world.read(second)).toMatchObject({ kind: 'done', counts: { read: 3 } });
    expect(world.dms.asked).toEqual(['pull [5,"P5"]']);
    expect((await world.run(second)).notes).toEqual(['Goes on with a first read, of which 6 rows were read before.']);
    expect((await world.state()).state.cursor).toBe('8');
    expect(world.held()).toEqual(expected(world));
  });

  test('keeps no cursor before its last page', async () => {
    const world = pollWorld();
    world.dms.rows = rows(9);
    const run = world.newRun();
    await world.page(run, 0);
    expect((await world.state()).state.cursor).toBeUndefined();
  });

  test('that finds nothing where there were rows is suspect, and its cursor stays', async () => {
    const world = pollWorld();
    world.dms.rows = rows(2);
    await world.read();
    await world.deps.cursors.reset({ dealerId: 'acme', sourceId: 'dms', entity: 'part' });
    world.dms.rows = [];
    await world.read();
    expect((await world.state()).state.cursor).toBeUndefined();
    const [run] = await world.runs();
    expect(run).toMatchObject({ status: 'suspect', errors: [{ detail: expect.stringContaining('Nothing was read') }] });
  });

  test('that finds nothing where there never was anything is fine', async () => {
    const world = pollWorld();
    await world.read();
    expect(await statuses(world)).toEqual(['succeeded']);
  });

  test('that brings fewer rows than the source says there are is suspect, and its cursor stays', async () => {
    const world = pollWorld();
    world.dms.rows = rows(4);
    world.dms.more = { total: 5 };
    await world.read();
    expect((await world.state()).state.cursor).toBeUndefined();
    expect(await statuses(world)).toEqual(['suspect']);
  });
});

describe('a cursor that the source has forgotten', () => {
  test('is void at once, whatever becomes of the read', async () => {
    const world = pollWorld();
    world.ahead = noAhead;
    world.dms.hasKeyOrder = false;
    world.dms.rows = rows(4);
    await world.read();
    const before = (await world.state()).state.cursor;
    world.dms.more = { rows: [], forgotten: true, next: [-1, ''] };
    const runId = world.newRun();
    expect(await world.page(runId, 0)).toEqual({ kind: 'more' });
    expect([before, (await world.state()).state.cursor]).toEqual(['3', undefined]);
    // An empty answer to a read of everything is no reason to believe that there is nothing.
    world.dms.more = {};
    world.dms.rows = [];
    expect((await world.page(runId, 1)).kind).toBe('done');
    await world.settle();
    expect((await world.run(runId)).status).toBe('suspect');
    expect((await world.state()).state.cursor).toBeUndefined();
    world.dms.rows = rows(4);
    await world.read();
    expect((await world.state()).state.cursor).toBe('3');
  });
});

describe('a configuration that changes', () => {
  test.each([
    ['how rows become records', { meaning: 'm2' }, /mapping, zone/],
    ['where the cursor stands', { origin: 'o2' }, /where it is read from/],
  ])('%s: everything is read again, and the run says why', async (_what, entity, why) => {
    const world = pollWorld();
    world.dms.rows = rows(4);
    await world.read();
    world.source = sourceOf(world.dms, entity);
    const run = world.newRun();
    expect(await world.read(run)).toMatchObject({ counts: { read: 4 } });
    expect((await world.run(run)).notes).toEqual([expect.stringMatching(why)]);
    world.dms.rows.push(row(9));
    expect(await world.read()).toMatchObject({ counts: { read: 2 } });
  });

  test('between two pages ends the run', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    const run = world.newRun();
    await world.page(run, 0);
    world.source = sourceOf(world.dms, { meaning: 'm2' });
    expect(await world.page(run, 1)).toMatchObject({ kind: 'failed', code: 'CONFLICT' });
    expect(await world.read()).toMatchObject({ counts: { read: 8 } });
  });
});

test.each([true, false])(
  'a read of everything that is empty, where there were rows, is suspect (in the order of the key: %s)',
  async (hasKeyOrder) => {
    const world = pollWorld();
    world.dms.hasKeyOrder = hasKeyOrder;
    world.dms.rows = rows(4);
    await world.read();
    world.dms.rows = [];
    world.source = sourceOf(world.dms, { meaning: 'm2' });
    await world.read();
    expect(await statuses(world)).toEqual(['succeeded', 'suspect']);
    expect((await world.state()).state.cursor).toBeUndefined();
  },
);

test('a read of an entity that the source does not bring any more ends, and parks nothing', async () => {
  const world = pollWorld();
  world.source = { ...world.source, entities: [] };
  expect(await world.page(world.newRun(), 0)).toMatchObject({ kind: 'failed', code: 'CONFLICT', disposition: 'park' });
});

test('a page that needs a person says under which configuration and credential it failed', async () => {
  const world = pollWorld();
  world.source = { ...world.source, etag: '7', credential: 'login' };
  world.secret = { value: 'x', version: 'v3' };
  world.dms.failures = [new AdpError('MAPPING_ERROR', 'Gone.'), new AdpError('NETWORK_ERROR', 'Down.')];
  const run = world.newRun();
  expect(await world.page(run, 0)).toMatchObject({ code: 'MAPPING_ERROR', seen: { etag: '7', secretVersion: 'v3' } });
  expect(await world.page(run, 0)).not.toHaveProperty('seen');
});

describe('rows that can not be taken', () => {
  const bad = (n: number) => row(n, n, { not: 'a text' });

  test('are quarantined one by one, and the rest goes on', async () => {
    const world = pollWorld();
    world.dms.rows = [...rows(8).slice(0, 7), bad(7)];
    expect(await world.read()).toMatchObject({ counts: { read: 8, rejected: 1, upserts: 7 } });
    expect(world.rejected.map(({ input }) => input.index)).toEqual([7]);
    expect(await statuses(world)).toEqual(['partial']);
  });

  test('are quarantined once, however often an overlap reads them again', async () => {
    const world = pollWorld();
    world.dms.rows = [...rows(8).slice(0, 7), bad(7)];
    await world.read();
    await world.read();
    expect(await world.read()).toMatchObject({ counts: { rejected: 1 } });
    expect(world.rejected).toHaveLength(1);
    // The same row, bad in another way.
    world.dms.rows = [...rows(8).slice(0, 7), row(7, 7, { or: 'so' })];
    expect(await world.read()).toMatchObject({ counts: { rejected: 1 } });
    expect(world.rejected).toHaveLength(2);
  });

  test('and are too many stop the run before anything of the page is applied and the cursor moves', async () => {
    const world = pollWorld();
    world.dms.pageSize = 50;
    world.dms.rows = Array.from({ length: 100 }, (_, n) => (n >= 50 && n % 2 === 0 ? bad(n) : row(n)));
    const run = world.newRun();
    const outcome = await world.read(run);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'DATA_ERROR', disposition: 'park' });
    expect(outcome).toMatchObject({ detail: expect.stringMatching(/25 of 100 rows .*max_reject_ratio.*description/) });
    expect(world.held().size).toBe(50);
    expect(world.rejected).toEqual([]);
    expect((await world.state()).state.reading).toMatchObject({ pages: 1, counts: { read: 50, rejected: 0 } });
  });

  test('and are few are no reason to stop, whatever their share', async () => {
    const world = pollWorld();
    world.dms.rows = Array.from({ length: 19 }, (_, n) => bad(n));
    expect(await world.read()).toMatchObject({ kind: 'done', counts: { rejected: 19 } });
  });
});

describe('a source that fails', () => {
  const silence = () => new AdpError('NETWORK_ERROR', 'Nobody answers.');

  test('fails the page, with what was told; the next try goes on', async () => {
    const world = pollWorld();
    world.dms.rows = rows(5);
    world.dms.failures = [undefined, undefined, new AdpError('RATE_LIMITED', 'Too fast.', { retryAfterMs: 7_000 })];
    const run = world.newRun();
    await world.page(run, 0);
    expect(await world.page(run, 1)).toEqual({
      kind: 'failed',
      code: 'RATE_LIMITED',
      disposition: 'retry',
      detail: 'Too fast.',
      retryAfterMs: 7_000,
    });
    expect(await world.page(run, 1)).toEqual(done);
    expect(await statuses(world)).toEqual(['succeeded']);
  });

  test('too often is not asked for a while, then by one call at first', async () => {
    const world = pollWorld();
    world.dms.rows = rows(2);
    world.dms.failures = Array.from({ length: 6 }, silence);
    const run = world.newRun();
    for (let n = 0; n < 6; n++) expect(await world.page(run, 0)).toMatchObject({ kind: 'failed' });
    const asked = world.dms.asked.length;
    expect(await world.page(run, 0)).toMatchObject({ kind: 'refused' });
    expect(world.dms.asked).toHaveLength(asked);
    world.clock.move(61_000);
    expect(await world.page(run, 0)).toEqual(done);
  });

  test('and is to be tried out waits for its limits, and no longer', async () => {
    const world = pollWorld();
    world.dms.rows = rows(2);
    world.dms.failures = Array.from({ length: 6 }, silence);
    const run = world.newRun();
    for (let n = 0; n < 6; n++) await world.page(run, 0);
    world.source = { ...world.source, limits: { requests_per_minute: 1, burst: 1 } };
    await world.deps.limits.take('acme', 'dms', 'part', world.source.limits);
    world.clock.move(61_000);
    await world.deps.limits.take('acme', 'dms', 'part', world.source.limits);
    const waits = await world.page(run, 0);
    expect(waits).toEqual({ kind: 'wait', ms: expect.any(Number) });
    world.clock.move(waits.kind === 'wait' ? waits.ms : 0);
    expect(await world.page(run, 0)).toEqual(done);
  });

  test('to know its credential is tried with the new one, if there is one', async () => {
    const world = pollWorld();
    world.dms.rows = rows(2);
    world.source = sourceOf(world.dms, {}, { credential: 'dms-login' });
    const versions = ['1', '2'];
    Object.assign(world.deps.secrets, {
      get: async (_name: string, options?: { fresh: boolean }) => {
        if (options?.fresh) versions.shift();
        return { value: `secret ${versions[0]}`, version: versions[0] };
      },
    });
    world.dms.failures = [new AdpError('AUTH_FAILED', 'Wrong password.')];
    expect(await world.page(world.newRun(), 0)).toEqual(done);
    expect(world.dms.opened).toEqual(['secret 1', 'secret 2']);
  });

  test('to know its credential is asked once where there is no other one', async () => {
    const world = pollWorld();
    world.source = sourceOf(world.dms, {}, { credential: 'dms-login' });
    world.dms.failures = [new AdpError('AUTH_FAILED', 'Wrong password.')];
    expect(await world.page(world.newRun(), 0)).toMatchObject({ code: 'AUTH_FAILED', disposition: 'park' });
    expect(world.dms.asked).toHaveLength(1);
  });

  test('as nobody foresaw is logged, and tells no client why', async () => {
    const world = pollWorld();
    world.dms.failures = [new TypeError('password is undefined')];
    const outcome = await world.page(world.newRun(), 0);
    expect(outcome).toMatchObject({ code: 'INTERNAL', disposition: 'fatal' });
    expect(JSON.stringify(outcome)).not.toContain('password');
    expect(world.failures).toHaveLength(1);
  });
});

describe('a complete read', () => {
  test('is staged page by page, and handed over once all of it is there', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    const run = world.newRun();
    expect(await world.read(run, 'all')).toMatchObject({ kind: 'done', counts: { read: 8 } });
    expect(world.delivered).toEqual([]);
    expect([...world.staged]).toEqual([
      [`${run} 1.0`, 3],
      [`${run} 1.1`, 3],
      [`${run} 1.2`, 2],
    ]);
    expect(world.finished).toMatchObject([
      { read: { mode: 'all', runId: run, entity: 'part' }, end: { segments: [{ attempt: 1, messages: 3 }], rows: 8 } },
    ]);
    expect(await world.run(run)).toMatchObject({ status: 'running', door: 'poll' });
  });

  test('names the pages that count, also after a page was tried twice', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    world.dms.failures = [undefined, undefined, new AdpError('NETWORK_ERROR', 'Nobody answers.')];
    const run = world.newRun();
    await world.page(run, 0, 'keys');
    await world.page(run, 1, 'keys');
    await world.page(run, 1, 'keys');
    await world.page(run, 2, 'keys');
    expect(world.finished[0]?.end.segments).toEqual([
      { attempt: 1, messages: 1 },
      { attempt: 2, messages: 2 },
    ]);
  });

  test('knows nothing of the reads of changes, and the other way round', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    const run = world.newRun();
    await world.page(run, 0);
    await world.read(world.newRun(), 'all');
    expect(await world.page(run, 1)).toEqual({ kind: 'more' });
    expect(await world.page(run, 2)).toEqual(done);
  });

  test('that is not gone on with is forgotten by the next one', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    const run = world.newRun();
    await world.page(run, 0, 'all');
    await world.read(world.newRun(), 'all');
    expect(world.discarded).toEqual([run]);
  });

  test('of which the source says that nothing has changed ends at once', async () => {
    const world = pollWorld();
    world.dms.more = { rows: [], unchanged: true };
    await world.read(world.newRun(), 'all');
    expect(world.finished).toEqual([]);
    expect(await statuses(world)).toEqual(['succeeded']);
  });
});

describe('a run', () => {
  test('that was given up while it waited goes on', async () => {
    const world = pollWorld();
    world.dms.rows = rows(5);
    const run = world.newRun();
    await world.page(run, 0);
    world.clock.move(2 * 3_600_000);
    await world.settle();
    expect((await world.run(run)).status).toBe('failed');
    expect(await world.page(run, 1)).toEqual(done);
    expect(await statuses(world)).toEqual(['succeeded']);
  });

  test('that takes long says how far it is, and is not given up', async () => {
    const world = pollWorld();
    world.dms.rows = rows(60);
    const run = world.newRun();
    for (let page = 0; page < 10; page++) {
      await world.page(run, page);
      world.clock.move(20 * 60_000);
      await world.settle();
      expect((await world.run(run)).status).toBe('running');
    }
    expect((await world.run(run)).progress).toMatchObject({ rows: 30, sent: 30 });
  });

  test('that was read but not sealed is sealed by the next one', async () => {
    const world = pollWorld();
    world.dms.rows = rows(2);
    const run = world.newRun();
    world.tables.fail('runs.replace');
    expect(await world.page(run, 0)).toMatchObject({ kind: 'failed', code: 'NETWORK_ERROR' });
    world.tables.fail(undefined);
    await world.read();
    await world.settle();
    expect((await world.run(run)).status).toBe('succeeded');
  });
});
