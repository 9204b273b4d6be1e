import { describe, expect, test } from '@jest/globals';
import type { PulledPage } from '../../shared/connectors/connector.ts';
import { AdpError } from '../../shared/errors.ts';
import { newRunId, type RunId } from '../../shared/model/run.ts';
import { createReadAhead } from '../../shared/sync/poll/readAhead.ts';
import { type DmsRow, type PollWorld, patientAhead, pollWorld, sourceOf } from '../helpers/pollWorld.ts';

const row = (n: number, text: unknown = `part ${n}`): DmsRow => ({ no: `P${n}`, at: n, text });
const rows = (count: number) => Array.from({ length: count }, (_, n) => row(n));
const place = { dealerId: 'acme', sourceId: 'dms', entity: 'part' } as const;

function expected({ dms }: PollWorld): Map<string, unknown> {
  return new Map(dms.rows.map(({ no, text }) => [`:${no}`, text]));
}

async function segmentsOf(world: PollWorld, run: RunId) {
  return (await world.run(run)).sealed?.segments;
}

describe('the next page', () => {
  test('is asked for while this one is delivered, and once', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    const run = world.newRun();
    const { send } = world.deps;
    const askedBefore: number[] = [];
    Object.assign(world.deps, {
      send: (...args: Parameters<typeof send>) => {
        askedBefore.push(world.dms.asked.length);
        return send(...args);
      },
    });
    await world.read(run);
    expect(world.dms.asked).toEqual(['begin changes -', 'pull null', 'pull [2,"P2"]', 'pull [5,"P5"]']);
    expect(askedBefore).toEqual([3, 4, 4]);
    expect(world.held()).toEqual(expected(world));
  });

  test('is claimed with the record of this one: one attempt, one write a page', async () => {
    const world = pollWorld();
    world.dms.rows = rows(30);
    const run = world.newRun();
    await world.page(run, 0);
    const calls: number[] = [];
    for (let page = 1; page < 9; page++) {
      const before = world.life.calls;
      await world.page(run, page);
      calls.push(world.life.calls - before);
    }
    // The state is read, the page sent, accepted and recorded.
    expect(calls).toEqual(calls.map(() => 4));
    await world.read(run);
    expect(await segmentsOf(world, run)).toEqual([{ attempt: 1, messages: 20 }]);
  });

  test('is not asked for where the source sets a limit, or asks for a pause', async () => {
    for (const limits of [{ requests_per_minute: 600 }, { requests_per_hour: 600 }, { rows_per_second: 500 }]) {
      const world = pollWorld();
      world.source = sourceOf(world.dms, {}, { limits });
      world.dms.rows = rows(8);
      await world.page(world.newRun(), 0);
      expect(world.dms.asked).toEqual(['begin changes -', 'pull null']);
    }
    const world = pollWorld();
    world.dms.rows = rows(8);
    world.dms.more = { pauseMs: 1_000 };
    await world.page(world.newRun(), 0);
    expect(world.dms.asked).toEqual(['begin changes -', 'pull null']);
  });

  test('that could not be read ahead is asked for again in its turn', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    world.dms.failures = [undefined, undefined, new AdpError('NETWORK_ERROR', 'Nobody answers.')];
    const run = world.newRun();
    await world.read(run);
    expect(world.dms.asked.slice(2)).toEqual(['pull [2,"P2"]', 'pull [2,"P2"]', 'pull [5,"P5"]']);
    expect(world.held()).toEqual(expected(world));
  });

  test('for which the source wants to be left alone is not asked for at once', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    world.dms.failures = [undefined, undefined, new AdpError('RATE_LIMITED', 'Too fast.', { retryAfterMs: 7_000 })];
    const run = world.newRun();
    await world.page(run, 0);
    expect(await world.page(run, 1)).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 7_000 });
    expect(world.dms.asked).toHaveLength(3);
  });

  test('of a page that was not delivered is given up', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    const run = world.newRun();
    const { send } = world.deps;
    Object.assign(world.deps, { send: () => Promise.reject(new AdpError('NETWORK_ERROR', 'The queue is down.')) });
    expect(await world.page(run, 0)).toMatchObject({ kind: 'failed' });
    expect(
      world.ahead.begin('acme/dms/part/changes', { runId: run, key: '' }, () => new Promise(() => undefined)),
    ).toBe(true);
    world.ahead = patientAhead();
    Object.assign(world.deps, { send });
    world.dms.rows = world.dms.rows.map((each) => ({ ...each, text: `now ${each.no}` }));
    await world.read(run);
    expect(world.held()).toEqual(expected(world));
  });
});

describe('a page that was read ahead', () => {
  test('of a read that was reset is not taken for one of the next, even of the same run', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    const run = world.newRun();
    await world.page(run, 0);
    await world.deps.cursors.reset(place);
    world.dms.rows = world.dms.rows.map((each) => ({ ...each, text: `now ${each.no}` }));
    // An activity that is called again, since its host died before it could say that it was done.
    expect(await world.page(run, 0)).toEqual({ kind: 'more' });
    await world.read(run);
    expect((await world.run(run)).sealed?.counts.read).toBe(8);
    const last = world.delivered.slice(-4).flatMap(({ changes }) => changes);
    expect(last.every((change) => change.op === 'upsert' && String(change.data.description).startsWith('now'))).toBe(
      true,
    );
    expect(world.held()).toEqual(expected(world));
  });

  test('of a run that is given up is not taken by the next one, which goes on at the same place', async () => {
    const world = pollWorld();
    world.dms.rows = rows(9);
    await world.page(world.newRun(), 0);
    world.dms.rows = world.dms.rows.map((each, n) => (n < 3 ? each : { ...each, text: `now ${n}` }));
    const second = world.newRun();
    expect(await world.read(second)).toMatchObject({ kind: 'done', counts: { read: 6 } });
    expect(world.held()).toEqual(expected(world));
  });

  test('under another configuration is not taken', async () => {
    const world = pollWorld();
    world.dms.rows = rows(8);
    const run = world.newRun();
    await world.page(run, 0);
    world.source = { ...world.source, etag: '2' };
    await world.page(run, 1);
    expect(world.dms.asked.slice(2, 4)).toEqual(['pull [2,"P2"]', 'pull [2,"P2"]']);
  });

  test('by one process is lost to another, which claims it anew; the first one reads ahead for that run no more', async () => {
    const world = pollWorld();
    world.dms.rows = rows(21);
    const run = world.newRun();
    const [here, elsewhere] = [world.ahead, patientAhead()];
    await world.page(run, 0);
    world.ahead = elsewhere;
    await world.page(run, 1);
    world.ahead = here;
    await world.page(run, 2);
    const asked = world.dms.asked.length;
    await world.page(run, 3);
    expect(world.dms.asked).toHaveLength(asked + 1);
    await world.read(run);
    expect(await segmentsOf(world, run)).toEqual([
      { attempt: 1, messages: 2 },
      { attempt: 2, messages: 2 },
      { attempt: 3, messages: 10 },
    ]);
    await world.settle();
    expect((await world.run(run)).status).toBe('succeeded');
    expect(world.held()).toEqual(expected(world));
  });
});

describe('what is read ahead', () => {
  const runId = newRunId('acme', new Date(0), '0000000000');
  const page = (key: string) => ({ runId, key });
  const pulled: PulledPage = { rows: [] };

  function manual() {
    const waiting: (() => void)[] = [];
    const ahead = createReadAhead({
      after: (_ms, call) => {
        waiting.push(call);
        return () => void waiting.splice(waiting.indexOf(call), 1);
      },
    });
    const fire = () => {
      for (const call of waiting.splice(0)) call();
    };
    return { ahead, waiting, fire };
  }

  /** Answers when it is told to, or throws when it is aborted. */
  function hanging() {
    const { promise, resolve, reject } = Promise.withResolvers<PulledPage>();
    const state = { aborted: false };
    const pull = (signal: AbortSignal) => {
      signal.addEventListener('abort', () => {
        state.aborted = true;
        reject(signal.reason);
      });
      return promise;
    };
    return { pull, resolve, state };
  }

  test('is given up and cancelled at the source where its lane does not come for it', async () => {
    const { ahead, fire } = manual();
    const { pull, state } = hanging();
    expect(ahead.begin('lane', page('1'), pull)).toBe(true);
    fire();
    expect(state.aborted).toBe(false);
    ahead.expect('lane', undefined);
    fire();
    expect(state.aborted).toBe(true);
    expect(await ahead.take('lane', page('1'), AbortSignal.timeout(60_000))).toBeUndefined();
    expect(ahead.begin('lane', page('2'), async () => pulled)).toBe(false);
    expect(
      ahead.begin('lane', { ...page('1'), runId: newRunId('acme', new Date(1), '0000000000') }, async () => pulled),
    ).toBe(true);
  });

  test('is given once, and no timer outlives it', async () => {
    const { ahead, waiting } = manual();
    ahead.begin('lane', page('1'), async () => pulled);
    ahead.expect('lane', 'etag');
    const signal = AbortSignal.timeout(60_000);
    expect(await ahead.take('lane', page('1'), signal)).toEqual({ pulled, claim: 'etag' });
    expect(waiting).toEqual([]);
    expect(await ahead.take('lane', page('1'), signal)).toBeUndefined();
  });

  test('ends with whoever took it', async () => {
    const { ahead } = manual();
    const { pull, state } = hanging();
    ahead.begin('lane', page('1'), pull);
    const mine = new AbortController();
    const taking = ahead.take('lane', page('1'), mine.signal);
    mine.abort(new Error('Too slow.'));
    await expect(taking).rejects.toThrow('Too slow.');
    expect(state.aborted).toBe(true);
  });

  test('is bounded: so many lanes at a time', () => {
    const { ahead } = manual();
    const begun = Array.from({ length: 20 }, (_, n) => ahead.begin(`lane ${n}`, page('1'), async () => pulled));
    expect(begun.filter(Boolean)).toHaveLength(8);
  });

  test('is asked for no more once it was dropped', async () => {
    const { ahead } = manual();
    const { pull, state } = hanging();
    ahead.begin('lane', page('1'), pull);
    await ahead.drop('lane');
    expect(state.aborted).toBe(true);
    expect(ahead.begin('lane', page('1'), async () => pulled)).toBe(true);
  });
});
