import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient, type SecretClientOptions } from '@azure/keyvault-secrets';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TestVault, testVaults, type Vaults } from '../helpers/keyVault.ts';

let vaults: Vaults;
let vault: TestVault;
let client: SecretClient;
const quick = { intervalInMs: 5 };

function clientOf(url: string, options: SecretClientOptions = {}): SecretClient {
  const unproven = { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } };
  return new SecretClient(url, new DefaultAzureCredential(), { ...unproven, ...options });
}

async function collect<T>(list: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

beforeAll(async () => {
  vaults = await testVaults();
  vault = await vaults.start();
  client = clientOf(vault.url);
});
afterAll(() => vaults.stop());

describe('the unmodified SDK', () => {
  test('reads what it has set, the newest version or an older one', async () => {
    const first = await client.setSecret('acme-dms', 'one', { contentType: 'text/plain', tags: { dealer: 'acme' } });
    const second = await client.setSecret('acme-dms', 'two');
    expect((await client.getSecret('acme-dms')).value).toBe('two');
    expect((await client.getSecret('acme-dms')).properties.version).toBe(second.properties.version);
    const older = await client.getSecret('acme-dms', { version: first.properties.version ?? '' });
    expect(older).toMatchObject({ value: 'one', properties: { contentType: 'text/plain', tags: { dealer: 'acme' } } });
    const versions = await collect(client.listPropertiesOfSecretVersions('acme-dms'));
    expect(versions.map(({ version }) => version)).toEqual([first.properties.version, second.properties.version]);
  });

  test('finds a name in any case, and keeps the first one', async () => {
    await client.setSecret('Mixed-Case', 'one');
    await client.setSecret('mixed-case', 'two');
    expect(await client.getSecret('MIXED-CASE')).toMatchObject({ name: 'Mixed-Case', value: 'two' });
  });

  test('lists more than a page, without values', async () => {
    const paged = clientOf((await vaults.start()).url);
    const names = Array.from({ length: 60 }, (_, index) => `s${String(index).padStart(2, '0')}`);
    for (const name of names) await paged.setSecret(name, 'hidden');
    const listed = await collect(paged.listPropertiesOfSecrets());
    expect(listed.map(({ name }) => name)).toEqual(names);
    expect(JSON.stringify(listed)).not.toContain('hidden');
  });

  test('gets no disabled secret, until it is enabled', async () => {
    const { properties } = await client.setSecret('off', 'value', { notBefore: new Date(5_000), enabled: false });
    await expect(client.getSecret('off')).rejects.toMatchObject({ statusCode: 403 });
    await client.updateSecretProperties('off', properties.version ?? '', { enabled: true });
    expect(await client.getSecret('off')).toMatchObject({ value: 'value', properties: { notBefore: new Date(5_000) } });
  });

  test('deletes softly, recovers and purges', async () => {
    await client.setSecret('gone', 'value');
    await (await client.beginDeleteSecret('gone', quick)).pollUntilDone();
    await expect(client.getSecret('gone')).rejects.toMatchObject({ statusCode: 404, code: 'SecretNotFound' });
    await expect(client.setSecret('gone', 'other')).rejects.toMatchObject({ statusCode: 409 });
    expect((await collect(client.listDeletedSecrets())).map(({ name }) => name)).toEqual(['gone']);
    await (await client.beginRecoverDeletedSecret('gone', quick)).pollUntilDone();
    expect((await client.getSecret('gone')).value).toBe('value');

    await (await client.beginDeleteSecret('gone', quick)).pollUntilDone();
    await client.purgeDeletedSecret('gone');
    await expect(client.getDeletedSecret('gone')).rejects.toMatchObject({ statusCode: 404 });
    await client.setSecret('gone', 'anew');
    expect(await collect(client.listPropertiesOfSecretVersions('gone'))).toHaveLength(1);
  });

  test.each([
    ['a secret that is not there', () => client.getSecret('nowhere'), 404],
    ['a version that is not there', () => client.getSecret('acme-dms', { version: 'f'.repeat(32) }), 404],
    ['a value that is too long', () => client.setSecret('long', 'é'.repeat(12_801)), 400],
    ['a name that is none', () => client.setSecret('a_b', 'value'), 400],
    ['what the local vault can not do', () => client.backupSecret('acme-dms'), 501],
  ])('is refused %s', async (_, call, statusCode) => {
    await expect(call()).rejects.toMatchObject({ statusCode });
  });

  test('keeps the longest value and every character of it', async () => {
    const value = 'ž🔑\n"'.repeat(3_200);
    await client.setSecret('long', value);
    expect((await client.getSecret('long')).value).toBe(value);
  });
});

describe('who is let in', () => {
  test('nobody with another token', async () => {
    const forged = { token: '9999999999.AAAA', expiresOnTimestamp: Date.now() + 3_600_000 };
    const stranger = new SecretClient(
      vault.url,
      { getToken: async () => forged },
      { disableChallengeResourceVerification: true },
    );
    await expect(stranger.getSecret('acme-dms')).rejects.toMatchObject({ statusCode: 401 });
  });

  test('nobody gets a token without the identity header, nor one for another resource', async () => {
    const endpoint = `http://127.0.0.1:${vault.server.identityPort}/msi/token?api-version=2019-08-01&resource=`;
    expect((await fetch(`${endpoint}https://vault.azure.net`)).status).toBe(401);
    const headers = { 'x-identity-header': 'only-for-tests' };
    const other = await (await fetch(`${endpoint}https://storage.azure.com`, { headers })).json();
    const wrong = { token: String(Object(other).access_token), expiresOnTimestamp: Date.now() + 3_600_000 };
    const stranger = new SecretClient(
      vault.url,
      { getToken: async () => wrong },
      { disableChallengeResourceVerification: true },
    );
    await expect(stranger.getSecret('acme-dms')).rejects.toMatchObject({ statusCode: 401 });
  });

  test('nor does a path that is none end the server', async () => {
    const endpoint = new URL(process.env.IDENTITY_ENDPOINT ?? '');
    expect((await fetch(`${endpoint.origin}//`)).status).toBe(404);
    expect((await fetch(`${endpoint.origin}/other`)).status).toBe(404);
  });

  test('a client that checks whom it gives its token to gives it to no local vault', async () => {
    const careful = clientOf(vault.url, { disableChallengeResourceVerification: false });
    await expect(careful.getSecret('acme-dms')).rejects.toThrow(/challenge resource/);
  });
});

test('everything on disk is for the owner alone', async () => {
  await client.setSecret('private', 'value');
  expect((await stat(vault.dataDir)).mode & 0o777).toBe(0o700);
  const files = await readdir(vault.dataDir);
  expect(files).toContain('secrets.sqlite');
  for (const file of files) expect([file, (await stat(join(vault.dataDir, file))).mode & 0o777]).toEqual([file, 0o600]);
});
