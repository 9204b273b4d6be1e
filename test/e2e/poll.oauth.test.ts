import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type DmsApi, startDmsApi } from '../../examples/dmsApi/dmsApi.ts';
import { sampleData } from '../../examples/dmsApi/sampleData.ts';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { run } from '../helpers/process.ts';

const clientSecret = 'cs-5f8e2c91-never-to-be-seen';
const first = 'rt_first-5f8e2c91-never-to-be-seen';
const rows = 1_000;

let hub: Hub;
let api: DmsApi;

beforeAll(async () => {
  api = await startDmsApi({
    resources: sampleData(rows),
    access: { kind: 'oauth2', clientId: 'hub', clientSecret, refreshToken: first, lifeSeconds: 3_600 },
  });
  hub = await startHub();
  await hub.dealer('acme');
  await setSecret('acme-dms', {
    kind: 'oauth2_refresh_token',
    token_url: `${api.url}/oauth/token`,
    client_id: 'hub',
    client_secret: clientSecret,
    refresh_token: first,
  });
  const saved = await hub.call('PUT', 'admin/dealers/acme/sources/dms', {
    body: {
      connector: 'rest',
      credential: 'acme-dms',
      settings: { base_url: api.url, allow_http: true, networks: ['127.0.0.0/8'] },
      entities: {
        part: {
          mapping: { part_number: 'part_no', description: 'description' },
          modified: 'updated_at',
          cursor: { kind: 'timestamp', overlap_seconds: 0 },
          settings: {
            path: '/link/parts',
            pagination: { kind: 'link_header', size: 200, size_param: 'per_page' },
            incremental: { param: 'updated_since' },
          },
        },
      },
    },
  });
  expect([saved.status, saved.body]).toEqual([201, expect.anything()]);
});
afterAll(async () => {
  await hub?.end();
  await api?.close();
});

async function setSecret(name: string, value: object): Promise<void> {
  const program = run(resolve('cli/main.ts'), ['secrets', 'set', name], { env: { ...hub.settings } });
  program.process.stdin?.end(JSON.stringify(value));
  expect([await program.ended, program.output()]).toEqual([0, expect.stringContaining(name)]);
}

async function polled() {
  const before = new Set<string>(
    (await hub.call('GET', 'dealers/acme/runs')).body.items.map(({ run_id }: { run_id: string }) => run_id),
  );
  let id = '';
  // The poll before may still be about to end: then its runs are answered.
  await until('a new run', async () => {
    const reply = await hub.call('POST', 'admin/dealers/acme/sources/dms/trigger');
    id = reply.body.runs?.[0] ?? '';
    return reply.status === 202 && !before.has(id);
  });
  return await hub.closed(id);
}

const tokenRequests = () => api.requests.filter(({ path }) => path === '/oauth/token');

test('an API whose refresh tokens are good for one use is polled for as long as it likes', async () => {
  api.faults.add({ fault: { kind: 'status', status: 500 }, path: '/link', after: 1 });
  api.faults.add({ fault: { kind: 'truncated' }, path: '/link', after: 2 });
  expect(await polled()).toMatchObject({ status: 'succeeded', receipt: { read: rows, applied: { inserted: rows } } });
  expect(tokenRequests()).toHaveLength(1);
  expect(api.access.refreshToken).not.toBe(first);

  api.access.expireTokens();
  api.resource('parts').put({ part_no: 'P-000007', description: 'changed' });
  expect(await polled()).toMatchObject({ status: 'succeeded', receipt: { applied: { updated: 1 } } });
  expect(tokenRequests()).toHaveLength(2);

  // Another process knows nothing but what is in Key Vault.
  await hub.host.kill('SIGKILL');
  await hub.host.start();
  api.resource('parts').put({ part_no: 'P-000008', description: 'changed' });
  expect(await polled()).toMatchObject({ status: 'succeeded', receipt: { applied: { updated: 1 } } });
  expect(tokenRequests()).toHaveLength(2);
  api.access.expireTokens();
  expect(await polled()).toMatchObject({ status: 'succeeded' });
  expect(tokenRequests().map(({ status }) => status)).toEqual([200, 200, 200]);
});

test('a redirect to where clouds give away identities parks the source, and says so', async () => {
  api.faults.add({ fault: { kind: 'redirect', to: 'http://169.254.169.254/latest/meta-data/' }, path: '/link' });
  expect(await polled()).toMatchObject({
    status: 'failed',
    errors: [{ code: 'CONFIG_ERROR', detail: expect.stringContaining('169.254.169.254') }],
  });
});

test('credentials are in Key Vault, and nowhere else on the disk', async () => {
  // What runs replaces files while they are looked through.
  await hub.stop();
  const shown = api.requests.map(({ headers }) => headers.authorization?.replace(/^(?:Bearer|Basic) /, ''));
  const secrets = [clientSecret, first, api.access.refreshToken, ...shown].filter((text) => text !== undefined);
  const words = [...new Set(secrets)];
  expect(words.length).toBeGreaterThan(5);
  const files = (await readdir(hub.dataDir, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
  let inVault = 0;
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const text = (await readFile(path)).toString('latin1');
    const found = words.filter((word) => text.includes(word));
    if (/key-?vault/i.test(path) && !path.endsWith('.log')) inVault += found.length;
    else expect([path, found]).toEqual([path, []]);
  }
  expect(inVault).toBeGreaterThan(0);
});
