import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { buildApp, type RunningHost, startHost, temporaryFolder } from '../helpers/host.ts';
import { until } from '../helpers/poll.ts';

let app: string;

beforeAll(async () => {
  app = await buildApp('timers.ts');
});

/** Half a day away, so that it is never due while a test runs. */
const onceADay = `0 0 ${(new Date().getUTCHours() + 12) % 24} * * *`;
const start = (dataDir: string): Promise<RunningHost> =>
  startHost(app, dataDir, { env: { EVERY_SECOND: '* * * * * *', ONCE_A_DAY: onceADay } });

async function folderWithNightlyDue(last: Date): Promise<string> {
  const dataDir = await temporaryFolder('host');
  await mkdir(join(dataDir, 'timers'));
  await writeFile(join(dataDir, 'timers', 'nightly'), last.toISOString());
  return dataDir;
}

describe('timers', () => {
  test('run when they are due, with the schedule from a setting, and go on after a failure', async () => {
    const host = await start(await temporaryFolder('host'));
    const inTime = 'everySecond: ran, past due: false, last is a string';
    await until('three runs in time', () => host.lines(inTime).length >= 3);
    await until('two failures', () => host.lines('failing: Error: a timer failed as expected').length >= 2);
    await host.stop();

    // Once for each second: a busy machine may leave some out, and run late for others, but for none twice.
    const seconds = host.lines('everySecond: ran').map((line) => / last is a string: (.*)\.\d{3}Z$/.exec(line)?.[1]);
    expect(seconds).toEqual([...new Set(seconds)].sort());
  });

  test('that were missed while the host was down run once, as past due, and not again', async () => {
    const threeDaysAgo = new Date(Date.now() - 3 * 86_400_000);
    const dataDir = await folderWithNightlyDue(threeDaysAgo);

    const first = await start(dataDir);
    await until('the catch-up', () => first.lines('nightly: ran, past due: true').length > 0);
    await until('it is remembered', async () => {
      return (await readFile(join(dataDir, 'timers', 'nightly'), 'utf8')) > threeDaysAgo.toISOString();
    });
    await first.stop('SIGKILL');

    const second = await start(dataDir);
    await until('a whole second', () => second.lines('everySecond: ran').length >= 2);
    await second.stop();
    expect(first.lines('nightly: ran')).toHaveLength(1);
    expect(second.lines('nightly: ran')).toHaveLength(0);
  });

  test('that never ran do not run at the first start', async () => {
    const host = await start(await temporaryFolder('host'));
    await until('a whole second', () => host.lines('everySecond: ran').length >= 2);
    await host.stop();
    expect(host.lines('nightly: ran')).toHaveLength(0);
  });
});
