import { expect, test } from '@jest/globals';
import { pollWorld } from '../helpers/pollWorld.ts';

const rows = Array.from({ length: 4 }, (_, n) => ({ no: `P${n}`, at: n }));

test.each(['all', 'keys'] as const)(
  'a complete read (%s) that brings fewer rows than the source says is handed over as such, and its cursor stays',
  async (mode) => {
    const world = pollWorld();
    world.dms.rows = rows;
    world.dms.more = { total: 5 };
    expect(await world.read(world.newRun(), mode)).toMatchObject({ kind: 'done' });
    const [short] = world.finished;
    expect(short?.end).toMatchObject({ rows: 4, suspicion: expect.stringContaining('5 rows, but gave 4') });
    expect((await world.state(mode)).state.cursor).toBeUndefined();
    world.dms.more = { total: 4 };
    await world.read(world.newRun(), mode);
    expect(world.finished[1]?.end).not.toHaveProperty('suspicion');
    expect((await world.state(mode)).state.cursor).toEqual(expect.any(String));
  },
);
