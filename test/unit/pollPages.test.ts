import { describe, expect, test } from '@jest/globals';
import type { Read } from '../../shared/connectors/connector.ts';
import { AdpError } from '../../shared/errors.ts';
import { type DmsRow, noAhead, type PollWorld, patientAhead, pollWorld, sourceOf } from '../helpers/pollWorld.ts';

const row = (n: number): DmsRow => ({ no: `P${n}`, at: n, text: `part ${n}` });
const rows = (count: number) => Array.from({ length: count }, (_, n) => row(n));
const place = { dealerId: 'acme', sourceId: 'dms', entity: 'part' } as const;
const strideMs = 2_000;

function expected({ dms }: PollWorld): [string, unknown][] {
  return dms.rows.map(({ no, text }): [string, unknown] => [`:${no}`, text]).sort();
}

async function statuses(world: PollWorld): Promise<string[]> {
  await world.settle();
  return (await world.runs()).map(({ status }) => status).reverse();
}

/** The queue accepts the first page, and not the second. */
function refuseSecond(world: PollWorld): void {
  const { send } = world.deps;
  let calls = 0;
  Object.assign(world.deps, {
    send: async (...args: Parameters<typeof send>) => {
      const sent = await send(...args);
      if (++calls !== 2) return sent;
      const accepted = Promise.reject(new AdpError('NETWORK_ERROR', 'The queue is down.'));
      accepted.catch(() => undefined);
      return { ...sent, accepted };
    },
  });
}

describe('an activity', () => {
  test('reads page after page, each recorded by one write, and looks once at state and source', async () => {
    const world = pollWorld();
    world.dms.rows = rows(30);
    let looked = 0;
    const { sourceOf: find } = world.deps;
    Object.assign(world.deps, {
      sourceOf: (dealerId: string, sourceId: string) => {
        looked++;
        return find(dealerId, sourceId);
      },
    });
    const run = world.newRun();
    await world.page(run, 0);
    const before = [world.life.calls, looked] as const;
    expect(await world.pages(run, 1)).toMatchObject({ kind: 'done', counts: { read: 30 } });
    // A read of the state; nine pages, each sent, accepted and recorded; the run is read and sealed.
    expect([world.life.calls - before[0], looked - before[1]]).toEqual([1 + 9 * 3 + 2, 1]);
    expect(await statuses(world)).toEqual(['succeeded']);
    expect([...world.held()].sort()).toEqual(expected(world));
  });

  test('goes on for a while, and says which page is next', async () => {
    const world = pollWorld();
    world.dms.rows = rows(30);
    world.dms.onPull = async () => void world.clock.move(strideMs / 4);
    const run = world.newRun();
    const outcome = await world.pages(run, 0);
    expect(outcome).toEqual({ kind: 'more', pages: expect.any(Number) });
    expect(outcome.pages).toBe((await world.state()).state.reading?.pages);
    expect(outcome.pages).toBeLessThan(10);
    // Called again, since its host died before it could say so.
    expect(await world.pages(run, 0)).toEqual(outcome);
    expect(await world.read(run, 'changes', world.pages)).toMatchObject({ kind: 'done', counts: { read: 30 } });
    expect((await world.run(run)).sealed?.segments).toHaveLength(1);
  });

  test('ends where the clock was set back, which would make its time longer', async () => {
    const world = pollWorld();
    world.dms.rows = rows(30);
    let pulls = 0;
    world.dms.onPull = async () => {
      if (++pulls === 3) world.clock.move(-3_600_000);
    };
    const run = world.newRun();
    const outcome = await world.pages(run, 0);
    expect(outcome).toEqual({ kind: 'more', pages: expect.any(Number) });
    expect(outcome.pages).toBeLessThan(4);
    expect(await world.pages(run, outcome.pages ?? 0)).toMatchObject({ kind: 'done', counts: { read: 30 } });
  });

  test('that fails says what it has done before', async () => {
    const world = pollWorld();
    world.ahead = noAhead;
    world.dms.rows = rows(9);
    world.dms.failures = [undefined, undefined, undefined, new AdpError('NETWORK_ERROR', 'Nobody answers.')];
    const run = world.newRun();
    expect(await world.pages(run, 0)).toMatchObject({ kind: 'failed', code: 'NETWORK_ERROR', pages: 2 });
    expect(await world.pages(run, 2)).toMatchObject({ kind: 'done', counts: { read: 9 } });
  });

  test('maps and sends a page while the one before is on its way, and records neither before the queue has accepted it', async () => {
    const world = pollWorld();
    world.dms.rows = rows(12);
    const { send } = world.deps;
    const accept: (() => void)[] = [];
    Object.assign(world.deps, {
      send: async (...args: Parameters<typeof send>) => {
        const sent = await send(...args);
        return { ...sent, accepted: new Promise<void>((resolve) => accept.push(resolve)) };
      },
    });
    const reading = world.pages(world.newRun(), 0);
    const seen: unknown[] = [];
    for (let page = 0; page < 4; page++) {
      for (let n = 0; n < 50; n++) await new Promise(setImmediate);
      seen.push([accept.length, (await world.state()).state.reading?.pages]);
      accept[page]?.();
    }
    // Two at a time at most: the third one is sent once the first is recorded.
    expect(seen).toEqual([
      [2, 0],
      [3, 1],
      [4, 2],
      [4, 3],
    ]);
    expect(await reading).toMatchObject({ kind: 'done', counts: { read: 12 } });
    expect(await statuses(world)).toEqual(['succeeded']);
  });

  test('records no page after one that the queue refused, and says how far it came', async () => {
    const world = pollWorld();
    world.dms.rows = rows(12);
    refuseSecond(world);
    const run = world.newRun();
    expect(await world.pages(run, 0)).toMatchObject({ kind: 'failed', detail: 'The queue is down.', pages: 1 });
    expect((await world.state()).state.reading).toMatchObject({ pages: 1, counts: { read: 3 } });
    expect(await world.pages(run, 1)).toMatchObject({ kind: 'done', counts: { read: 12 } });
    expect(await statuses(world)).toEqual(['succeeded']);
    expect((await world.run(run)).sealed?.segments).toEqual([
      { attempt: 1, messages: 2 },
      { attempt: 2, messages: 6 },
    ]);
  });

  test('tells why the first of two pages failed, since the second one would not have been', async () => {
    const world = pollWorld();
    world.dms.rows = rows(12).map((each) => (each.no === 'P6' ? { ...each, text: { not: 'a text' } } : each));
    refuseSecond(world);
    Object.assign(world.deps, { quarantine: () => Promise.reject(new AdpError('CONFLICT', 'It is full.')) });
    expect(await world.pages(world.newRun(), 0)).toMatchObject({
      kind: 'failed',
      detail: 'The queue is down.',
      pages: 1,
    });
  });

  test('ends where the source wants a pause, or must not be asked yet', async () => {
    const paced = pollWorld();
    paced.dms.rows = rows(9);
    paced.dms.more = { pauseMs: 700 };
    expect(await paced.pages(paced.newRun(), 0)).toEqual({ kind: 'more', waitMs: 700, pages: 1 });
    const limited = pollWorld();
    limited.source = sourceOf(limited.dms, {}, { limits: { requests_per_minute: 1, burst: 2 } });
    limited.dms.rows = rows(9);
    expect(await limited.pages(limited.newRun(), 0)).toEqual({ kind: 'wait', ms: expect.any(Number), pages: 2 });
    expect(limited.dms.asked.filter((call) => call.startsWith('pull'))).toHaveLength(2);
  });

  test('whose source is reset between two of its pages records no more, and its run ends', async () => {
    const world = pollWorld();
    world.dms.rows = rows(9);
    const run = world.newRun();
    world.dms.onPull = async () => {
      if (world.dms.asked.length === 4) await world.deps.cursors.reset(place);
    };
    expect(await world.pages(run, 0)).toMatchObject({ kind: 'wait', pages: 1 });
    expect((await world.state()).state.reading).toBeUndefined();
    expect(await world.pages(run, 1)).toMatchObject({ kind: 'failed', code: 'CONFLICT' });
    expect(await world.read(undefined, 'changes', world.pages)).toMatchObject({ kind: 'done', counts: { read: 9 } });
    expect([...world.held()].sort()).toEqual(expected(world));
  });

  test('sends nothing that is not claimed, also where another one has begun to read the page ahead', async () => {
    const world = pollWorld();
    world.dms.rows = rows(12);
    // One that does not come for it any more.
    const other = await world.dms.connector.open({} as never, {} as never);
    world.ahead = {
      ...noAhead,
      take: async (_lane, { key }, signal) => {
        const [, page, , place] = JSON.parse(key);
        if (page === 0) return undefined;
        const read: Read = { mode: 'changes', state: { from: -1, to: 11 }, isBackfill: true };
        return { pulled: await other.pull({} as never, read, place, 5_000, signal), claim: undefined };
      },
    };
    const { send } = world.deps;
    const claimed: unknown[] = [];
    Object.assign(world.deps, {
      send: async (...args: Parameters<typeof send>) => {
        for (let n = 0; n < 50; n++) await new Promise(setImmediate);
        claimed.push((await world.state()).state.reading?.isClaimed);
        return await send(...args);
      },
    });
    expect(await world.pages(world.newRun(), 0)).toMatchObject({ kind: 'done', counts: { read: 12 } });
    expect(claimed).toEqual([true, true, true, true]);
    expect(await statuses(world)).toEqual(['succeeded']);
  });

  test('that goes on while another one does the same counts nothing twice', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const world = pollWorld();
      world.dms.rows = rows(20);
      world.dms.onPull = async () => {
        for (let n = 0; n < (seed + world.dms.asked.length) % 5; n++) await new Promise(setImmediate);
      };
      const run = world.newRun();
      await Promise.all([
        world.read(run, 'changes', world.pages),
        world.read(run, 'changes', seed % 2 === 0 ? world.pages : world.page),
      ]);
      expect(await statuses(world)).toEqual(['succeeded']);
      expect((await world.run(run)).sealed?.counts.read).toBe(20);
      expect([...world.held()].sort()).toEqual(expected(world));
    }
  });
});

describe('a process that dies', () => {
  /** Reads 12 rows, of which one changes whenever a page is read, then what has changed. */
  async function polls(dieAt: number, after: boolean): Promise<{ world: PollWorld; calls: number }> {
    const world = pollWorld();
    world.ahead = patientAhead();
    world.dms.rows = rows(12);
    let reads = 0;
    world.dms.onPull = async () => {
      reads++;
      world.clock.move(strideMs / 3);
      world.dms.pageSize = [3, 4, 1, 5][reads % 4] ?? 3;
      world.dms.rows = world.dms.rows.map((each, n) =>
        n === reads % 12 ? { ...each, text: `changed ${reads}`, at: 20 + reads } : each,
      );
    };
    world.life.dieAt(dieAt, after);
    await world.read(undefined, 'changes', world.pages);
    const { calls } = world.life;
    world.life.bear();
    world.dms.onPull = async () => undefined;
    await world.read(undefined, 'changes', world.pages);
    return { world, calls };
  }

  test('within some pages loses nothing at any of its calls, counts nothing twice, and leaves receipts that balance', async () => {
    const { calls } = await polls(Number.POSITIVE_INFINITY, false);
    expect(calls).toBeGreaterThan(12);
    for (let at = 1; at <= calls; at++) {
      for (const after of [false, true]) {
        const { world } = await polls(at, after);
        const found = [await statuses(world), [...world.held()].sort()];
        expect({ at, after, found }).toEqual({ at, after, found: [['succeeded', 'succeeded'], expected(world)] });
        expect(world.failures).toEqual([]);
      }
    }
  });
});
