import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildDurableApp, type DurableHost, startDurableHost } from '../helpers/durable.ts';

let durable: DurableHost;

beforeAll(async () => {
  durable = await startDurableHost(
    await buildDurableApp({ extensions: { durableTask: { hubName: 'adp', maxConcurrentActivityFunctions: 5 } } }),
  );
});

afterAll(async () => {
  await durable.host.stop();
});

/** The output of a new orchestration. */
async function outcome(name: string, id: string, input?: unknown): Promise<unknown> {
  await durable.start(name, id, input);
  return (await durable.reaches(id, 'Completed')).output;
}

/** The reason why a new orchestration failed. */
async function failure(name: string, id: string, input?: unknown): Promise<unknown> {
  await durable.start(name, id, input);
  return (await durable.reaches(id, 'Failed')).output;
}

describe('an orchestration', () => {
  test('calls activities one after the other, and tells how far it is', async () => {
    expect(await outcome('chain', 'chain', [1, 2, 3])).toEqual([1, 4, 9]);
    const { name, input, customStatus } = await durable.status('chain');
    expect({ name, input, customStatus }).toEqual({ name: 'chain', input: [1, 2, 3], customStatus: { done: 3 } });
  });

  test('calls many activities at once, of which only so many run at a time', async () => {
    const started = Date.now();
    expect(await outcome('fanOut', 'fan-out', { count: 30, ms: 100 })).toBe(8555);
    // 30 activities of 100 ms, five at a time.
    expect(Date.now() - started).toBeGreaterThanOrEqual(590);
  });

  test('calls other orchestrations, by a name or without one, and hears of their results and failures', async () => {
    expect(await outcome('parent', 'parent')).toEqual({
      results: [[4, 9], [16]],
      reasons: [expect.stringContaining("Orchestrator function 'failing' failed: as expected")],
    });
    expect((await durable.status('parent-child')).output).toEqual([4, 9]);
  });

  test('knows its parent, and may not begin a child that is there already', async () => {
    await durable.start('callsNamedChild', 'first', { id: 'shared' });
    await durable.reaches('shared', 'Running');
    expect(await outcome('callsNamedChild', 'second', { id: 'shared' })).toEqual({
      caught: expect.stringContaining('"shared" and the status Running is there already'),
    });
    await durable.client('raiseEvent', 'shared', 'go', null);
    expect((await durable.reaches('first', 'Completed')).output).toEqual({ result: 'first' });
  });

  test('waits for an event, of which a deadline is cancelled', async () => {
    await durable.start('waits', 'event', { ms: 3_600_000 });
    await durable.reaches('event', 'Running');
    await durable.client('raiseEvent', 'event', 'other', 1);
    await durable.client('raiseEvent', 'event', 'go', { by: 'hand' });
    expect((await durable.reaches('event', 'Completed')).output).toEqual({ event: { by: 'hand' }, square: 9 });
  });

  test('takes an event that came before it was waited for', async () => {
    await durable.start('counter', 'early', { left: 3, sum: 0 });
    for (const value of [1, 2, 3]) await durable.client('raiseEvent', 'early', 'add', { value });
    expect((await durable.reaches('early', 'Completed')).output).toEqual({ sum: 6 });
  });

  test('waits for an event only until its deadline', async () => {
    expect(await outcome('waits', 'deadline', { ms: 100 })).toEqual({ timedOut: true });
  });

  test('continues as new with activities and children, under the same id', async () => {
    expect(await outcome('eternal', 'eternal', { left: 5, sum: 0 })).toBe(110);
  });

  test('sees its clock go on by what it slept', async () => {
    const started = Date.now();
    const { sleptMs } = Object(await outcome('sleeps', 'sleeps', { ms: 300 }));
    expect(sleptMs).toBeGreaterThanOrEqual(300);
    expect(sleptMs).toBeLessThanOrEqual(Date.now() - started);
  });

  test('hands on inputs as they are', async () => {
    expect(await outcome('inputs', 'inputs', 'a text')).toMatchObject({
      input: 'a text',
      echoes: ['text', '123', 7, null, { a: [1, 'x'] }],
    });
  });

  test('tries again, later each time, and in the end gives up', async () => {
    const result = Object(await outcome('retries', 'retries'));
    expect(result).toMatchObject({ flaky: 3, flakyChild: 2, after: 25 });
    expect(result.caught).toContain("Activity function 'flaky' failed: try 2 failed as expected");
    // 100 and 200 ms.
    expect(result.tookMs).toBeGreaterThanOrEqual(300);
  });

  test('goes on after one of several tasks has failed', async () => {
    expect(await outcome('failsInAll', 'fails-in-all')).toEqual({
      caught: expect.stringContaining('try 1 failed as expected'),
      square: 16,
    });
  });

  // The trap is the library's: Azure fails it, too, and it must not work here.
  test('fails where it cancels a timer that raced an activity with retries', async () => {
    expect(await failure('racesRetries', 'races-retries')).toContain('Non-deterministic orchestrator: as task 2');
  });

  test('fails with what it threw', async () => {
    const reason = "Orchestrator function 'failing' failed: bad day";
    expect(await failure('failing', 'fails', { why: 'bad day' })).toBe(reason);
  });

  test('fails where it calls an activity that is not there', async () => {
    expect(await failure('callsNobody', 'nobody')).toContain("The function 'nobody' doesn't exist");
  });

  test.each([
    ['callEntity', "doesn't support callEntity"],
    ['signalEntity', "doesn't support signalEntity"],
    ['lock', "doesn't support lock"],
    ['callHttp', "doesn't support callHttp"],
    ['inAll', "doesn't support callEntity"],
    ['retryTimeout', 'retryTimeoutInMilliseconds'],
  ])('fails where it uses what is not supported: %s', async (what, message) => {
    expect(await failure('unsupported', `unsupported-${what}`, { what })).toContain(message);
  });
});
