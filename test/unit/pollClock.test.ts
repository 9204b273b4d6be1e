import { describe, expect, test } from '@jest/globals';
import type { Connector, Read } from '../../shared/connectors/connector.ts';
import { type PollWorld, pollWorld } from '../helpers/pollWorld.ts';

/** A world whose source says this besides, each time that a read begins. */
function worldThatTells(tells: () => Partial<Read>): PollWorld {
  const world = pollWorld();
  const { connector } = world.source;
  const telling: Connector = {
    ...connector,
    async open(source, tools) {
      const connection = await connector.open(source, tools);
      return { ...connection, begin: async (...asked) => ({ ...(await connection.begin(...asked)), ...tells() }) };
    },
  };
  world.source = { ...world.source, connector: telling };
  return world;
}

/** The part A as it is written at that time of the source's clock, the `at`th change. */
const written = (text: string, at: number, changed: string) => [
  { no: 'A', text, at, changed: `2026-01-31T${changed}:00Z` },
];

describe('a row that was changed after the clock of its source was set back', () => {
  test('is newer than what is held, once the source tells of its clock, and so is what comes after it', async () => {
    let isSetBack = false;
    const world = worldThatTells(() => (isSetBack ? { isClockSetBack: true } : {}));
    world.dms.rows = written('before', 1, '11:50');
    await world.read();
    world.dms.rows = written('unseen', 2, '11:41');
    await world.read();
    expect(world.held().get(':A')).toBe('before');

    isSetBack = true;
    world.dms.rows = written('after', 3, '11:42');
    await world.read();
    expect(world.held().get(':A')).toBe('after');
    isSetBack = false;
    world.dms.rows = written('later', 4, '11:43');
    await world.read();
    expect(world.held().get(':A')).toBe('later');
    await world.settle();
    for (const { status } of await world.runs()) expect(status).toBe('succeeded');
  });

  test('is so too where the process dies at any of its calls', async () => {
    const polls = async (dieAt: number, after: boolean) => {
      const world = worldThatTells(() => ({ isClockSetBack: true }));
      world.dms.rows = written('before', 1, '11:50');
      await world.read();
      world.dms.rows = written('after', 2, '11:42');
      world.life.dieAt(dieAt, after);
      await world.read();
      return { calls: world.life.calls, text: world.held().get(':A') };
    };
    const { calls } = await polls(Number.POSITIVE_INFINITY, false);
    expect(calls).toBeGreaterThan(5);
    for (let at = 1; at <= calls; at++) {
      for (const after of [false, true]) {
        expect({ at, after, text: (await polls(at, after)).text }).toEqual({ at, after, text: 'after' });
      }
    }
  });
});
