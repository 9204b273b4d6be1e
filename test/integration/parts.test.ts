// The programs of the local stack, each forked by a process that goes at once.
import { join, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import { appOf, temporaryFolder } from '../helpers/host.ts';
import { until } from '../helpers/poll.ts';
import { run } from '../helpers/process.ts';

const http = `app.setup({ enableHttpStream: true }); app.http('f', { authLevel: 'anonymous', handler: async () => ({}) });`;
const anyPort = (...names: string[]) => names.flatMap((name) => [`--${name}`, '0']);

test.each<[string, (folder: string) => Promise<string[]>]>([
  ['host', async () => ['--app', await appOf(http), ...anyPort('port')]],
  ['storage', async () => anyPort('blob-port', 'queue-port', 'table-port')],
  ['serviceBus', async () => anyPort('port')],
  ['cosmos', async () => anyPort('port')],
  ['keyVault', async (folder) => ['--certificates', folder, ...anyPort('port', 'identity-port')]],
])('%s ends where its parent has gone before it was ready', async (name, args) => {
  const folder = await temporaryFolder('part');
  const main = resolve('local', name, 'main.ts');
  const program = run(main, ['--data-dir', join(folder, 'data'), ...(await args(folder))], {
    env: { IDENTITY_HEADER: 'only-for-tests' },
  });
  program.process.disconnect();
  let hasEnded = false;
  void program.ended.then(() => {
    hasEnded = true;
  });
  try {
    await until(
      () => `its end:\n${program.output()}`,
      () => hasEnded,
    );
  } finally {
    await program.stop('SIGKILL');
  }
  expect(program.process.signalCode).toBeNull();
});
