import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { buildDurableApp, type DurableHost, type Status, startDurableHost } from '../helpers/durable.ts';
import { temporaryFolder } from '../helpers/host.ts';
import { until } from '../helpers/poll.ts';
import { seed } from '../helpers/seed.ts';

let app: string;

beforeAll(async () => {
  app = await buildDurableApp();
});

/** The same numbers for the same seed (mulberry32). */
function random(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function killed(durable: DurableHost): Promise<void> {
  await durable.host.stop('SIGKILL');
}

test(`orchestrations of fifty activities end right, however often the host is killed (SEED=${seed})`, async () => {
  const next = random(seed);
  const dataDir = await temporaryFolder('durable');
  const waves = Array.from({ length: 10 }, (_, index) => ({ id: `waves-${index}`, width: 1 + index * 3 }));
  const counts: string[] = [];
  let durable = await startDurableHost(app, dataDir);
  for (const { id, width } of waves) await durable.start('waves', id, { count: 50, width });
  const startCount = async () => {
    const id = `fan-${counts.length}`;
    await durable.start('fanOut', id, { count: 50, ms: 200 });
    counts.push(id);
  };
  while (counts.length < 10) await startCount();

  const open = async () =>
    (await durable.client<Status[]>('getStatusAll')).filter(({ runtimeStatus }) => runtimeStatus !== 'Completed');
  let kills = 0;
  let killedWhileOpen = 0;
  while (kills < 8 || killedWhileOpen < 3) {
    await sleep(next() * 250);
    if ((await open()).length > 0) killedWhileOpen += 1;
    // Where all have ended before it was killed so often, there is more to do.
    else await startCount();
    await killed(durable);
    kills += 1;
    durable = await startDurableHost(app, dataDir);
  }
  for (const id of [...waves.map(({ id }) => id), ...counts]) await durable.reaches(id, 'Completed');

  // The sum of the squares of 0 to 49.
  for (const { id } of waves) expect((await durable.status(id)).output).toEqual({ sum: 40_425, checked: 2500 });
  for (const id of counts) expect((await durable.status(id)).output).toBe(40_425);
  await durable.host.stop();
});

describe('what survives the end of the host', () => {
  /** When the timers of an instance are due, as its history has it: of each once when it is created, and once when it fires. */
  const dueTimes = async (durable: DurableHost, id: string) => {
    const query = { showHistory: true };
    const all = await durable.client<(Status & { historyEvents: { FireAt?: string }[] })[]>('getStatusBy', query);
    const found = all.find(({ instanceId }) => instanceId === id);
    return found?.historyEvents.flatMap(({ FireAt }) => FireAt ?? []) ?? [];
  };

  test('a timer fires when it is due, or at once if that was meanwhile', async () => {
    const dataDir = await temporaryFolder('durable');
    const first = await startDurableHost(app, dataDir);
    /** A timer that is seen before it fires, however long it takes to look. */
    const setTimer = async () => {
      for (let ms = 2_500; ; ms *= 2) {
        const id = `long-${ms}`;
        await first.start('sleeps', id, { ms });
        const [due, fired] = await until('it has a timer', async () => {
          const times = await dueTimes(first, id);
          return times.length > 0 && times;
        });
        if (fired === undefined) return { id, ms, due };
      }
    };
    await first.start('sleeps', 'short', { ms: 200 });
    const long = await setTimer();
    await killed(first);
    await sleep(250);

    const second = await startDurableHost(app, dataDir);
    await second.reaches('short', 'Completed');
    const { sleptMs } = Object((await second.reaches(long.id, 'Completed')).output);
    expect(sleptMs).toBeGreaterThanOrEqual(long.ms);
    // It did not begin anew with the second host: what fired was due when it always was.
    expect(await dueTimes(second, long.id)).toEqual([long.due, long.due]);
    await second.host.stop();
  });

  test('an event that was accepted, a suspension, an open child, and the key of the webhooks', async () => {
    const dataDir = await temporaryFolder('durable');
    const first = await startDurableHost(app, dataDir);
    const { statusQueryGetUri = '' } = await first.start('waits', 'suspended', { ms: 3_600_000 });
    await first.reaches('suspended', 'Running');
    await first.client('suspend', 'suspended', 'x');
    await first.client('raiseEvent', 'suspended', 'go', 'kept');
    await first.start('callsNamedChild', 'parent', { id: 'child' });
    await first.reaches('child', 'Running');
    await killed(first);

    const second = await startDurableHost(app, dataDir);
    expect((await second.status('suspended')).runtimeStatus).toBe('Suspended');
    const { pathname, search } = new URL(statusQueryGetUri);
    expect((await fetch(second.host.baseUrl + pathname + search)).status).toBe(202);
    await second.client('resume', 'suspended', 'x');
    expect((await second.reaches('suspended', 'Completed')).output).toEqual({ event: 'kept', square: 9 });
    await second.client('raiseEvent', 'child', 'go', null);
    expect((await second.reaches('parent', 'Completed')).output).toEqual({ result: 'parent' });
    await second.host.stop();
  });

  test('what a stop in good order finds under way', async () => {
    const dataDir = await temporaryFolder('durable');
    const first = await startDurableHost(app, dataDir);
    const ids: string[] = [];
    const isUnderWay = async () => {
      const id = `stopped-${ids.length}`;
      await first.start('fanOut', id, { count: 40, ms: 500 });
      ids.push(id);
      const begun = await until('it has begun', async () => {
        const { runtimeStatus } = await first.status(id);
        return runtimeStatus !== 'Pending' && runtimeStatus;
      });
      return begun === 'Running';
    };
    // On a slow machine one may end before anyone has looked.
    await until('one is seen while it is under way', isUnderWay);
    expect(await first.host.stop()).toBe(0);
    const second = await startDurableHost(app, dataDir);
    for (const id of ids) expect((await second.reaches(id, 'Completed')).output).toBe(20_540);
    await second.host.stop();
  });
});

test('an orchestrator that does something else when it is replayed fails, and says what', async () => {
  const dataDir = await temporaryFolder('durable');
  const first = await startDurableHost(app, dataDir);
  await first.start('drifts', 'drifts');
  await until('its activity has run', async () => {
    const query = await first.client<{ historyEvents: { EventType: string }[] }[]>('getStatusBy', {
      showHistory: true,
    });
    return query[0]?.historyEvents.some(({ EventType }) => EventType === 'TaskCompleted');
  });
  await first.host.stop();

  const second = await startDurableHost(app, dataDir, { DRIFT: 'yes' });
  await second.client('raiseEvent', 'drifts', 'go', null);
  expect((await second.reaches('drifts', 'Failed')).output).toContain(
    'as task 0 it once began the activity "echo", but now the activity "square"',
  );
  await until('the log', () => second.host.lines('Non-deterministic orchestrator').length > 0);
  await second.host.stop();
});
