import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { until } from '../helpers/poll.ts';

let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(path.join(os.tmpdir(), 'adp-demo-test-'));
});
afterEach(() => rm(temporary, { recursive: true, force: true }));

interface Demo {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

/** The demo as a process group of its own, as a terminal would start it; its temporary folders are ours to look at. */
function startDemo(...argv: string[]): Demo {
  const child = spawn(process.execPath, ['examples/demo.ts', ...argv], {
    detached: true,
    env: { ...process.env, TMPDIR: temporary, NODE_OPTIONS: '' },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return { child, output: () => text, ended: new Promise((resolve) => child.once('close', resolve)) };
}

/** Leftovers of the demo itself: Node keeps a compile cache there, which is not its doing. */
async function leftovers(): Promise<string[]> {
  return (await readdir(temporary)).filter((name) => name.startsWith('adp-'));
}

test('brings everything in, proves it, and leaves nothing', async () => {
  const { output, ended } = startDemo();
  expect({ code: await ended, output: output() }).toMatchObject({ code: 0 });
  expect(output()).toMatch(/together +24,600 +24,597 +0 +0 +0 +3 +24,597/);
  expect(output()).toMatch(/cascade-cycles +part_stock +101 +0 +40 +60 +1 +0 +389/);
  expect(output()).toMatch(/nordic-velo_customer\.parquet +19,820 +19,820 +0 +0 +0 +0 +0 +19,820 /);
  expect(output()).toMatch(/nordic-velo_part_stock\.csv +1,056 +12 +53 +25 +990 +1 +0 +1,055 /);
  expect(output()).toMatch(/nordic-velo_part_stock\.csv +600 +0 +0 +0 +599 +1 +456 +1,055 /);
  expect(output()).toMatch(/→ 456 held +suspect/);
  expect(output()).toMatch(/npx adp approve nordic-velo\./);
  // Of the systems that are polled: everything, and then what moved and nothing else.
  expect(output()).toMatch(/alta-cycles +part_stock +1,069 +1,069 +0 +0 +0 +0 +1,069/);
  expect(output()).toMatch(/alta-cycles +part +505 +2 +3 +500 +1 +0 +505/);
  expect(output()).toMatch(/alta-cycles +part_stock +7 +1 +6 +0 +0 +0 +1,070/);
  expect(output()).toMatch(/alta-cycles +supplier +9 +0 +2 +7 +0 +0 +104/);
  expect(output()).toMatch(/alta-cycles +part_stock +1,067 +0 +0 +1,067 +3 +0 +1,067/);
  expect(output()).toMatch(/velo-lumiere +purchase_order +1,854 +1,854 +0 +0 +0 +0 +1,854/);
  expect(output()).toMatch(/velo-lumiere +purchase_order +13 +2 +4 +6 +1 +0 +1,855/);
  expect(output()).toMatch(/velo-lumiere +part_price +0 +0 +0 +0 +0 +0 +395/);
  expect(output()).toMatch(/velo-lumiere +supplier +2 +0 +1 +0 +1 +0 +103/);
  expect(output()).toMatch(/npx adp status alta-cycles counter: last success 20/);
  expect(output()).toContain('✓ Every receipt balances, and the store holds just what was sent');
  expect(output()).not.toContain('✗');
  expect(output()).not.toContain('\u001b');
  expect(await leftovers()).toEqual([]);
});

test('can be kept', async () => {
  const { output, ended } = startDemo('--keep');
  expect({ code: await ended, output: output() }).toMatchObject({ code: 0 });
  const [kept, ...more] = await leftovers();
  expect(more).toEqual([]);
  const folder = path.join(temporary, kept ?? '');
  expect(output()).toContain(`npm start -- --data-dir ${folder}`);
  expect((await readdir(path.join(folder, 'exports'))).sort()).toEqual([
    'cascade-cycles',
    'nordic-velo',
    'prairie-bikes',
    'radhaus-nord',
  ]);
});

test.each(['Starting a hub', 'customer.csv.gz', 'Night 1', 'A day at the counter'])(
  'is interrupted after "%s" and leaves nothing behind',
  async (moment) => {
    const { child, output, ended } = startDemo();
    await until(moment, () => output().includes(moment), 240_000);
    const group = -(child.pid ?? 0);
    process.kill(group, 'SIGINT');
    expect({ code: await ended, output: output() }).toMatchObject({ code: 130 });
    expect(await leftovers()).toEqual([]);
    await until('no process of it is left', () => isGone(group));
  },
);

/** True when no process of the group is there any more. */
function isGone(group: number): boolean {
  try {
    process.kill(group, 0);
    return false;
  } catch {
    return true;
  }
}
