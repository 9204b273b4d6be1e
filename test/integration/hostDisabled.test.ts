import { expect, test } from '@jest/globals';
import { appOf, startHost, temporaryFolder } from '../helpers/host.ts';

test('a function that AzureWebJobs.NAME.Disabled turns off is not run; the others are', async () => {
  const http = (name: string) => `app.http('${name}', { authLevel: 'anonymous', handler: async () => ({}) });`;
  const app = await appOf(`app.setup({ enableHttpStream: true }); ${['on', 'off', 'kept'].map(http).join(' ')}`);
  const env = { 'AzureWebJobs.off.Disabled': 'true', 'AzureWebJobs.kept.Disabled': 'false' };
  const host = await startHost(app, await temporaryFolder('host'), { env });
  try {
    const statuses = await Promise.all(
      ['on', 'off', 'kept'].map(async (name) => (await fetch(`${host.baseUrl}/api/${name}`)).status),
    );
    expect(statuses).toEqual([200, 404, 200]);
  } finally {
    await host.stop();
  }
});
