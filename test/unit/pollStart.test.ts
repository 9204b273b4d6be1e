import { describe, expect, test } from '@jest/globals';
import { AdpError } from '../../shared/errors.ts';
import { newRunId } from '../../shared/model/run.ts';
import type { Failure } from '../../shared/resilience/retry.ts';
import { forgetPollRows } from '../../shared/store/pollRows.ts';
import { statusesIn } from '../../shared/store/statuses.ts';
import { describeStatus } from '../../shared/sync/poll/describeStatus.ts';
import { endPoll, failRead } from '../../shared/sync/poll/endPoll.ts';
import type { PolledSource } from '../../shared/sync/poll/polledSource.ts';
import { instanceIdOf, type PollInput, type PollStarter } from '../../shared/sync/poll/pollStart.ts';
import type { Seen } from '../../shared/sync/poll/seenOf.ts';
import type { EndedRead } from '../../shared/sync/poll/sourceStatus.ts';
import { type StartDueDeps, startDue } from '../../shared/sync/poll/startDue.ts';
import { triggerPoll } from '../../shared/sync/poll/triggerPoll.ts';
import { pollWorld, sourceOf } from '../helpers/pollWorld.ts';

const every = { schedule: { cron: '*/10 * * * *' } };

/** Sources that are due by the clock, and what was started. */
function startWorld(...sources: PolledSource[]) {
  const world = pollWorld();
  // A minute past noon.
  world.clock.move(60_000);
  const statuses = statusesIn(world.tables.open);
  const started: PollInput[] = [];
  const running = new Map<string, PollInput>();
  const failures: unknown[] = [];
  const gone = new Set<string>();
  const starter: PollStarter = {
    async find(id) {
      const input = running.get(id);
      return input === undefined ? undefined : { kind: 'running', input };
    },
    async start(id, input) {
      const other = await starter.find(id);
      if (other !== undefined) return other;
      running.set(id, input);
      started.push(input);
      return { kind: 'started' };
    },
  };
  const all = sources.length === 0 ? [sourceOf(world.dms, {}, every)] : sources;
  const deps: StartDueDeps = {
    dealers: async function* () {
      for (const id of new Set(all.map(({ dealerId }) => dealerId))) yield { id };
    },
    sourcesOf: async function* ({ id }) {
      yield* all.filter(({ dealerId }) => dealerId === id);
    },
    statuses,
    breakers: world.deps.breakers,
    secrets: world.deps.secrets,
    clock: world.clock,
    random: world.deps.random,
    onFailure: (_dealer, _source, error) => void failures.push(error),
  };
  return {
    ...world,
    statuses,
    started,
    running,
    failures,
    gone,
    starter,
    startDeps: deps,
    triggerDeps: { ...world.deps, statuses, wait: async () => running.clear() },
    minutes(count: number) {
      world.clock.move(count * 60_000);
    },
    tick: () => startDue(starter, deps),
    async end(failure?: Failure & { readonly seen?: Seen }) {
      const [input] = running.values();
      if (input === undefined) throw new Error('Nothing runs.');
      running.clear();
      const ended: EndedRead[] = input.reads.map((read) =>
        failure === undefined ? { ...read, kind: 'done', counts: zero } : { ...read, kind: 'failed', ...failure },
      );
      const { dealerId, sourceId } = input;
      await endPoll(
        { dealerId, sourceId, ended },
        {
          statuses,
          secrets: world.deps.secrets,
          sourceOf: async () => all.find((one) => one.sourceId === sourceId) ?? world.source,
          isThere: async () => !gone.has(sourceId),
          now: () => new Date(world.clock()),
        },
      );
    },
  };
}

const zero = { read: 0, rejected: 0, repeated: 0, unchanged: 0, upserts: 0, deletes: 0, deleteRows: 0 };
const badLogin: Failure = { code: 'AUTH_FAILED', disposition: 'park', detail: 'Wrong password.' };

describe('a source with a schedule', () => {
  test('is started once each time that it is due', async () => {
    const world = startWorld();
    const counts: number[] = [];
    for (let minute = 0; minute < 31; minute++) {
      counts.push(await world.tick());
      world.running.clear();
      world.minutes(1);
    }
    expect(counts.flatMap((count, minute) => (count > 0 ? [minute] : []))).toEqual([9, 19, 29]);
    expect(world.started[0]).toMatchObject({ reason: 'schedule', reads: [{ entity: 'part', mode: 'changes' }] });
  });

  test('that was saved just before it is due is not left out', async () => {
    const world = startWorld();
    world.minutes(9);
    expect(await world.tick()).toBe(1);
  });

  test('that was begun by a clock that was a year ahead is due again', async () => {
    const world = startWorld();
    await world.tick();
    const year = 365 * 24 * 60;
    world.minutes(year);
    expect(await world.tick()).toBe(1);
    world.running.clear();
    world.minutes(-year);
    const counts: number[] = [];
    for (let minute = 0; minute < 12; minute++) {
      counts.push(await world.tick());
      world.minutes(1);
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
  });

  test('that still runs when it is due again is started once more when it has ended', async () => {
    const world = startWorld();
    await world.tick();
    world.minutes(10);
    expect(await world.tick()).toBe(1);
    world.minutes(10);
    expect(await world.tick()).toBe(0);
    world.minutes(3);
    world.running.clear();
    expect(await world.tick()).toBe(1);
  });

  test('begins a little after it is due, always by the same time', async () => {
    const world = startWorld();
    await world.tick();
    world.minutes(10);
    await world.tick();
    const [{ notBefore = '' } = {}] = world.started;
    expect(Date.parse(notBefore) - world.clock()).toBeGreaterThan(0);
    expect(Date.parse(notBefore) - world.clock()).toBeLessThanOrEqual(30_000);
  });

  test('reads keys and everything on schedules of their own', async () => {
    const world = startWorld(
      sourceOf(pollWorld().dms, { sweep: '15 * * * *', reconcile: '20 * * * *' }, { schedule: { cron: '0 13 * * *' } }),
    );
    await world.tick();
    for (let minute = 0; minute < 70; minute++) {
      world.minutes(1);
      if ((await world.tick()) > 0) world.running.clear();
    }
    expect(world.started.map(({ reads }) => reads.map(({ mode }) => mode))).toEqual([['keys'], ['all'], ['changes']]);
  });

  test('without a way to find changes is read as a whole', async () => {
    const { dms } = pollWorld();
    const [entity] = sourceOf(dms).entities;
    if (entity === undefined) throw new Error('It has one.');
    const query = { ...entity.query, cursor: { ...entity.query.cursor, kind: 'full' as const } };
    const world = startWorld(sourceOf(dms, { query }, every));
    await world.tick();
    world.minutes(10);
    await world.tick();
    expect(world.started[0]?.reads).toMatchObject([{ mode: 'all' }]);
  });

  test('whose breaker is open is left alone', async () => {
    const world = startWorld();
    await world.tick();
    world.minutes(10);
    for (let n = 0; n < 6; n++) await world.deps.breakers.note('acme/dms', { state: 'closed', failures: n }, false);
    expect(await world.tick()).toBe(0);
    world.minutes(1);
    expect(await world.tick()).toBe(1);
  });

  test('that fails to start keeps no other one waiting', async () => {
    const { dms } = pollWorld();
    const world = startWorld(
      sourceOf(dms, {}, { ...every, sourceId: 'broken' }),
      sourceOf(dms, {}, { ...every, dealerId: 'other' }),
    );
    await world.tick();
    world.minutes(10);
    const { start } = world.starter;
    world.starter.start = async (id, input) => {
      if (input.sourceId === 'broken') throw new AdpError('NETWORK_ERROR', 'No.');
      return await start(id, input);
    };
    expect(await world.tick()).toBe(1);
    expect(world.failures).toHaveLength(1);
  });
});

test('the status of one that is disabled says so, and no time when it is due', async () => {
  const world = startWorld(sourceOf(pollWorld().dms, {}, every));
  const [well, disabled] = await Promise.all(
    [true, false].map((isEnabled) => describeStatus(sourceOf(world.dms, {}, every), isEnabled, world.triggerDeps)),
  );
  expect(well).toMatchObject({ enabled: true, next_run: expect.any(String) });
  expect(disabled).toMatchObject({ enabled: false, next_run: null });
});

describe('a source that needs a person', () => {
  async function parked(source?: Partial<PolledSource>) {
    const world = startWorld(sourceOf(pollWorld().dms, {}, { ...every, ...source }));
    await world.tick();
    world.minutes(10);
    await world.tick();
    await world.end(badLogin);
    world.minutes(10);
    return world;
  }

  test('is parked: its schedule does not start it', async () => {
    const world = await parked({ credential: 'login' });
    expect(await world.tick()).toBe(0);
    const shown = await describeStatus(sourceOf(world.dms), true, world.triggerDeps);
    expect(shown).toMatchObject({
      last_success: null,
      last_error: { code: 'AUTH_FAILED', detail: 'Wrong password.', advice: expect.stringContaining('Key Vault') },
      parked: { code: 'AUTH_FAILED' },
      next_run: null,
    });
  });

  test('goes on once its secret has another version', async () => {
    const world = await parked({ credential: 'login' });
    Object.assign(world.deps.secrets, { get: async () => ({ value: 'new', version: '2' }) });
    expect(await world.tick()).toBe(1);
    await world.end();
    expect((await world.statuses.read('acme', 'dms'))?.parked).toBeUndefined();
    expect((await world.statuses.read('acme', 'dms'))?.error).toMatchObject({ code: 'AUTH_FAILED' });
  });

  test('does not go on for a version of its secret that this instance alone takes for the newest', async () => {
    const world = await parked({ credential: 'login' });
    Object.assign(world.deps.secrets, {
      get: async (_name: string, options?: { readonly fresh: boolean }) =>
        options?.fresh === true ? { value: 'bad', version: '1' } : { value: 'older', version: '0' },
    });
    expect(await world.tick()).toBe(0);
  });

  test('goes on once its configuration was changed', async () => {
    const world = await parked();
    Object.assign(world.startDeps, {
      sourcesOf: async function* () {
        yield sourceOf(world.dms, {}, { ...every, etag: '2' });
      },
    });
    expect(await world.tick()).toBe(1);
  });

  test('goes on where it was mended while its poll still went on with other reads', async () => {
    const world = startWorld(sourceOf(pollWorld().dms, {}, { ...every, etag: '2', credential: 'login' }));
    await world.tick();
    for (const [seen, mended] of [
      [{ etag: '1', secretVersion: '1' }, 1],
      [{ etag: '2', secretVersion: '0' }, 1],
      [{ etag: '2', secretVersion: '1' }, 0],
    ] as const) {
      world.minutes(10);
      await world.tick();
      await world.end({ ...badLogin, seen });
      expect((await world.statuses.read('acme', 'dms'))?.parked).toMatchObject(seen);
      world.minutes(10);
      expect(await world.tick()).toBe(mended);
      world.running.clear();
    }
  });

  test('has no status once it is gone', async () => {
    const world = startWorld();
    await world.tick();
    world.minutes(10);
    await world.tick();
    await forgetPollRows(world.tables.open, 'acme', 'dms');
    world.gone.add('dms');
    await world.end(badLogin);
    expect(await world.statuses.read('acme', 'dms')).toBeUndefined();
  });

  test.each<[string, Failure]>([
    ['does not answer', { code: 'NETWORK_ERROR', disposition: 'retry', detail: 'No.' }],
    ['was reset meanwhile', { code: 'CONFLICT', disposition: 'park', detail: 'No.' }],
    ['met a bug', { code: 'INTERNAL', disposition: 'fatal', detail: 'No.' }],
  ])('is not one that %s: it is due again', async (_what, failure) => {
    const world = startWorld();
    await world.tick();
    world.minutes(10);
    await world.tick();
    await world.end(failure);
    world.minutes(10);
    expect(await world.tick()).toBe(1);
  });
});

describe('a trigger', () => {
  const triggered = async (world: ReturnType<typeof startWorld>, starter: PollStarter) => {
    const { kind, runs } = await triggerPoll(world.source, {}, starter, world.triggerDeps);
    expect(kind).toBe('polled');
    return runs;
  };

  test('starts at once, and its runs are open', async () => {
    const world = startWorld();
    const ids = await triggered(world, world.starter);
    expect(ids).toEqual(world.started[0]?.reads.map(({ runId }) => runId));
    expect(world.started[0]?.notBefore).toBeUndefined();
    expect(await world.run(ids[0] ?? world.newRun())).toMatchObject({
      status: 'running',
      door: 'poll',
      entity: 'part',
    });
  });

  test('of a source that is being polled answers what runs, and opens it', async () => {
    const world = startWorld();
    await world.tick();
    world.minutes(10);
    await world.tick();
    const ids = await triggered(world, world.starter);
    expect(ids).toEqual(world.started[0]?.reads.map(({ runId }) => runId));
    expect(await world.runs()).toHaveLength(1);
  });

  test.each([
    ['changes', 'keys', 'busy'],
    ['changes', 'all', 'busy'],
    ['keys', 'changes', 'busy'],
    ['keys', undefined, 'busy'],
    ['changes', undefined, 'polled'],
    ['keys', 'keys', 'polled'],
    ['all', 'keys', 'polled'],
    ['all', 'changes', 'polled'],
  ] as const)('of a source that is being polled for %s, and is asked for %s: it is %s', async (mode, asked, kind) => {
    const world = startWorld();
    const runs = (await triggerPoll(world.source, { mode }, world.starter, world.triggerDeps)).runs;
    const other = await triggerPoll(world.source, asked ? { mode: asked } : {}, world.starter, world.triggerDeps);
    expect(other).toEqual({ kind, runs });
    expect(await world.runs()).toHaveLength(1);
  });

  test('of a poll whose runs are over waits until it has ended, and starts another one', async () => {
    const world = startWorld();
    const [first] = await triggered(world, world.starter);
    await world.read(first);
    const [second] = await triggered(world, world.starter);
    expect(second).not.toBe(first);
    expect(world.started).toHaveLength(2);
  });

  test('that another one was quicker than leaves no run open', async () => {
    const world = startWorld();
    const other: PollInput = {
      dealerId: 'acme',
      sourceId: 'dms',
      reason: 'schedule',
      concurrency: 2,
      reads: [{ entity: 'part', mode: 'changes', runId: world.newRun() }],
    };
    const starter: PollStarter = {
      find: async () => undefined,
      start: async () => ({ kind: 'running', input: other }),
    };
    const ids = await triggered(world, starter);
    expect(ids).toEqual(other.reads.map(({ runId }) => runId));
    expect((await world.runs()).map(({ status }) => status).sort()).toEqual(['running', 'superseded']);
  });

  test('whose answer was lost has started its own runs, and leaves them open', async () => {
    const world = startWorld();
    const starter: PollStarter = {
      find: async () => undefined,
      start: async (_id, input) => ({ kind: 'running', input }),
    };
    const [runId = world.newRun()] = await triggered(world, starter);
    expect((await world.run(runId)).status).toBe('running');
  });

  test('lets one call through an open breaker, and unparks', async () => {
    const world = startWorld();
    await world.tick();
    world.minutes(10);
    await world.tick();
    await world.end(badLogin);
    for (let n = 0; n < 6; n++) await world.deps.breakers.note('acme/dms', { state: 'closed', failures: n }, false);
    expect(await world.deps.breakers.admit('acme/dms')).toMatchObject({ isAdmitted: false });
    await triggerPoll(world.source, {}, world.starter, world.triggerDeps);
    expect((await world.statuses.read('acme', 'dms'))?.parked).toBeUndefined();
    world.dms.rows = [];
    expect(await world.page(world.newRun(), 0)).toMatchObject({ kind: 'done' });
  });

  test('of an entity that the source does not bring is refused', async () => {
    const world = startWorld();
    const trigger = triggerPoll(world.source, { entity: 'unit' }, world.starter, world.triggerDeps);
    await expect(trigger).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
  });
});

describe('a read that is given up', () => {
  test('leaves a failed run that says why', async () => {
    const world = pollWorld();
    const runId = world.newRun();
    const read = {
      dealerId: 'acme',
      sourceId: 'dms',
      entity: 'part',
      mode: 'changes',
      runId,
      failure: badLogin,
    } as const;
    await failRead(read, world.deps);
    await failRead(read, world.deps);
    expect(await world.run(runId)).toMatchObject({
      status: 'failed',
      errors: [{ code: 'AUTH_FAILED', detail: 'Wrong password.' }],
    });
  });

  test('after its run was given up while it waited says why as well', async () => {
    const world = pollWorld();
    world.dms.rows = [
      { no: 'P1', at: 1 },
      { no: 'P2', at: 2 },
      { no: 'P3', at: 3 },
      { no: 'P4', at: 4 },
    ];
    const runId = world.newRun();
    await world.page(runId, 0);
    world.clock.move(2 * 3_600_000);
    await world.settle();
    expect((await world.run(runId)).errors).toMatchObject([{ detail: expect.stringContaining('goes on by itself') }]);
    const limited: Failure = { code: 'RATE_LIMITED', disposition: 'retry', detail: 'Too often.' };
    const read = {
      dealerId: 'acme',
      sourceId: 'dms',
      entity: 'part',
      mode: 'changes',
      runId,
      failure: limited,
    } as const;
    await failRead(read, world.deps);
    await failRead(read, world.deps);
    expect((await world.run(runId)).errors).toEqual([{ code: 'RATE_LIMITED', detail: 'Too often.' }]);
  });

  test('but was read to its end after all stays as it is', async () => {
    const world = pollWorld();
    const runId = world.newRun();
    await world.read(runId);
    await failRead(
      { dealerId: 'acme', sourceId: 'dms', entity: 'part', mode: 'changes', runId, failure: badLogin },
      world.deps,
    );
    expect((await world.run(runId)).status).toBe('succeeded');
  });
});

test('a source has one instance id, which Durable Functions take', () => {
  const long = instanceIdOf('d'.repeat(63), 's'.repeat(63));
  expect(instanceIdOf('acme', 'dms')).toBe('poll-acme.dms');
  expect(long.length).toBeLessThanOrEqual(100);
  expect(instanceIdOf('d'.repeat(63), `${'s'.repeat(62)}t`)).not.toBe(long);
  expect(newRunId('acme', new Date(0), '0000000000')).toMatch(/^acme\./);
});
