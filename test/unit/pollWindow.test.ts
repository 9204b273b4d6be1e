import { describe, expect, test } from '@jest/globals';
import { pollPages } from '../../shared/sync/poll/pollPages.ts';
import { type DmsRow, noAhead, type PollWorld, pollWorld, sourceOf } from '../helpers/pollWorld.ts';

const hour = 3_600_000;
const rows = (count: number): DmsRow[] =>
  Array.from({ length: count }, (_, n) => ({ no: `P${n}`, at: n, text: `part ${n}` }));

/** It is noon; the window closes at one o'clock. */
function guarded(hasKeyOrder = true): PollWorld {
  const world = pollWorld();
  world.dms.rows = rows(9);
  world.dms.hasKeyOrder = hasKeyOrder;
  world.source = sourceOf(world.dms, {}, { schedule: { windows: [{ from: '11:00', to: '13:00' }] } });
  return world;
}

/** The window closes while the second page is read. */
function closeWithSecondPage(world: PollWorld): void {
  world.dms.onPull = async () => {
    if (world.dms.asked.filter((asked) => asked.startsWith('pull')).length === 2) world.clock.move(hour);
  };
}

describe('a window that closes', () => {
  test('ends a first read after the page that was being read; the next run goes on with it', async () => {
    const world = guarded();
    closeWithSecondPage(world);
    const first = world.newRun();
    const { counts } = (await world.read(first)) as { counts: { read: number } };
    expect(counts.read).toBeGreaterThan(0);
    expect(counts.read).toBeLessThan(9);
    await world.settle();
    expect(await world.run(first)).toMatchObject({
      status: 'succeeded',
      notes: [expect.stringContaining('schedule.windows')],
    });

    const asked = world.dms.asked.length;
    expect(await world.read()).toMatchObject({ kind: 'done', counts: { read: 0 } });
    expect(world.dms.asked).toHaveLength(asked);

    world.clock.move(22 * hour);
    expect(await world.read()).toMatchObject({ kind: 'done', counts: { read: 9 - counts.read } });
    expect(world.held().size).toBe(9);
    expect(world.dms.asked.filter((each) => each.startsWith('begin'))).toHaveLength(1);
  });

  test('ends a read of changes where its cursor is', async () => {
    const world = guarded(false);
    closeWithSecondPage(world);
    const { counts } = (await world.read()) as { counts: { read: number } };
    world.clock.move(22 * hour);
    // With the last row again: others may have the same time.
    expect(await world.read()).toMatchObject({ counts: { read: 9 - counts.read + 1 } });
    expect(world.held().size).toBe(9);
  });

  test.each(['all', 'keys'] as const)('fails a complete read (%s): a part of it tells nothing', async (mode) => {
    const world = guarded();
    closeWithSecondPage(world);
    expect(await world.read(world.newRun(), mode)).toMatchObject({
      kind: 'failed',
      code: 'CONFLICT',
      detail: expect.stringMatching(/windows.*trigger it/),
    });
    expect(world.finished).toEqual([]);
  });

  test('does not stop what somebody asked for', async () => {
    const world = guarded();
    world.clock.move(5 * hour);
    const request = { dealerId: 'acme', sourceId: 'dms', entity: 'part', mode: 'changes', anytime: true } as const;
    const runId = world.newRun();
    let read = 0;
    for (let page = 0; ; page++) {
      const outcome = await pollPages({ ...request, runId, page }, world.deps, new AbortController().signal, 0);
      if (outcome.kind === 'done') read = outcome.counts.read;
      if (outcome.kind !== 'more') break;
    }
    expect(read).toBe(9);
  });

  test.each([0, 1])('ends it for an activity that was held up within page %s as well', async (page) => {
    const world = guarded();
    const late = world.newRun();
    world.ahead = noAhead;
    for (let before = 0; before < page; before++) await world.page(late, before);
    const { promise: atGate, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    world.dms.onPull = async () => {
      arrive();
      await gate;
    };
    const heldUp = world.page(late, page);
    await atGate;

    // It is believed lost, and begun anew after the window; then the window is open again.
    world.clock.move(hour);
    const ended = await world.page(late, page);
    expect(ended).toMatchObject({ kind: 'done' });
    world.clock.move(22 * hour);
    open();
    expect(await heldUp).toMatchObject({ kind: 'wait' });
    const asked = world.dms.asked.length;
    expect(await world.page(late, page)).toEqual(ended);
    expect(world.dms.asked).toHaveLength(asked);

    await world.read();
    await world.settle();
    expect(world.held().size).toBe(9);
    const read = (await world.runs()).map(({ sealed }) => sealed?.counts.read ?? 0);
    expect(read.reduce((sum, rows) => sum + rows, 0)).toBe(9);
  });

  test('closes it for a process that dies while it says so', async () => {
    const world = guarded();
    closeWithSecondPage(world);
    const first = world.newRun();
    await world.read(first);
    expect(await world.read(first)).toMatchObject({ kind: 'done' });
    expect(world.held().size).toBeLessThan(9);
  });
});
