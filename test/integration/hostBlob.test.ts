import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parsePathPattern } from '../../local/host/blob/pathPattern.ts';
import { appOf, buildApp, type RunningHost, runHost, startHost, temporaryFolder } from '../helpers/host.ts';
import { until } from '../helpers/poll.ts';
import { type RunningStorage, startStorage } from '../helpers/storage.ts';

let storage: RunningStorage;
let drops: ContainerClient;
let app: string;
let dataDir: string;
let host: RunningHost;

beforeAll(async () => {
  storage = await startStorage();
  drops = BlobServiceClient.fromConnectionString(storage.connectionString).getContainerClient('drops');
  app = await buildApp('blobs.ts');
  dataDir = await temporaryFolder('host');
  host = await start();
});
afterAll(async () => {
  await host.stop();
  await storage.stop();
});

const start = () => startHost(app, dataDir, { env: { AzureWebJobsStorage: storage.connectionString } });

async function upload(name: string, text: string, metadata: Record<string, string> = {}): Promise<string> {
  const { etag } = await drops.getBlockBlobClient(name).upload(text, Buffer.byteLength(text), { metadata });
  return etag ?? '';
}

interface Said {
  readonly dealerId: string;
  readonly name: string;
  readonly [more: string]: unknown;
}

function said(name: string): Said[] {
  const lines = host.lines(' information arrived: {').map((line): Said => JSON.parse(line.slice(line.indexOf('{'))));
  return lines.filter((line) => line.name === name);
}

test('a blob arrives whole, with what Functions says of it', async () => {
  const etag = await upload('acme/one.csv', 'a,b\n1,2\n', { mark: 'x' });
  await until('it arrives', () => said('one.csv').length > 0);
  expect(said('one.csv')).toEqual([
    {
      dealerId: 'acme',
      name: 'one.csv',
      blobTrigger: 'drops/acme/one.csv',
      properties: expect.objectContaining({ eTag: etag, contentLength: 8 }) as unknown,
      metadata: { mark: 'x' },
      text: 'a,b\n1,2\n',
    },
  ]);
});

test('a blob in a folder deeper down arrives, one without a folder does not', async () => {
  await upload('stray.csv', 'x');
  await upload('acme/2026/nov/deep.csv', 'x');
  await until('it arrives', () => said('2026/nov/deep.csv').length > 0);
  expect(said('2026/nov/deep.csv')[0]?.dealerId).toBe('acme');
  expect(host.output()).not.toContain('stray.csv');
});

test('a blob that is replaced arrives again, also after a restart; one that is not does not', async () => {
  await upload('acme/two.csv', 'first');
  await upload('acme/same.csv', 'same');
  await until('both arrive', () => said('two.csv').length > 0 && said('same.csv').length > 0);
  await upload('acme/two.csv', 'second');
  await until('it arrives again', () => said('two.csv').some(({ text }) => text === 'second'));

  await host.stop('SIGKILL');
  await upload('acme/two.csv', 'third');
  host = await start();
  await until('it arrives once more', () => said('two.csv').length > 0);
  expect(said('two.csv').map(({ text }) => text)).toEqual(['third']);
  expect(said('same.csv')).toEqual([]);
});

test('a blob whose function fails is tried again', async () => {
  await upload('acme/flaky.csv', 'x');
  await until('it succeeds at last', () => said('flaky.csv').length === 3);
  await upload('acme/after-flaky.csv', 'x');
  await until('the next one arrives', () => said('after-flaky.csv').length === 1);
  expect(said('flaky.csv')).toHaveLength(3);
});

test('a blob whose function fails five times goes into the poison queue, and is not tried again', async () => {
  const etag = await upload('acme/bad.csv', 'x');
  await until('five tries', () => said('bad.csv').length === 5);
  await upload('acme/after-bad.csv', 'x');
  await until('the next one arrives', () => said('after-bad.csv').length === 1);
  expect(said('bad.csv')).toHaveLength(5);
  expect(host.output()).not.toContain('did not get into the poison queue');
  expect(await peekPoison()).toEqual([
    {
      Type: 'BlobTrigger',
      FunctionId: 'Host.Functions.arrived',
      BlobType: 'BlockBlob',
      ContainerName: 'drops',
      BlobName: 'acme/bad.csv',
      ETag: etag,
    },
  ]);
});

test('an odd path is refused at the start', async () => {
  const code = `app.storageBlob('odd', { path: 'drops/{a b}', connection: 'AzureWebJobsStorage', handler: () => {} });`;
  const odd = runHost(await appOf(code), await temporaryFolder('host'), {
    env: { AzureWebJobsStorage: storage.connectionString },
  });
  expect(await odd.ended).toBe(1);
  expect(odd.output()).toContain('an expression in "drops/{a b}" must be a name in braces');
});

test('expressions take what stands between slashes, the last one the rest', () => {
  const { container, prefix, match } = parsePathPattern('drops/in-{dealer}/{name}.csv', 'x');
  expect([container, prefix]).toEqual(['drops', 'in-']);
  expect({ ...match('in-acme/a/b.csv') }).toEqual({ dealer: 'acme', name: 'a/b' });
  expect(match('in-acme/b.json')).toBeUndefined();
  expect(match('acme/b.csv')).toBeUndefined();
});

/** The messages of the poison queue, read through Azurite's REST API with an account SAS made by the blob client. */
async function peekPoison(): Promise<unknown[]> {
  const { AccountSASPermissions, generateAccountSASQueryParameters, StorageSharedKeyCredential } = await import(
    '@azure/storage-blob'
  );
  const { credential } = BlobServiceClient.fromConnectionString(storage.connectionString);
  if (!(credential instanceof StorageSharedKeyCredential)) throw new Error('The emulator has a key.');
  const sas = generateAccountSASQueryParameters(
    {
      services: 'q',
      resourceTypes: 'o',
      permissions: AccountSASPermissions.parse('rp'),
      expiresOn: new Date(Date.now() + 60_000),
    },
    credential,
  );
  const address = /QueueEndpoint=([^;]+)/.exec(storage.connectionString)?.[1];
  const response = await fetch(`${address}/webjobs-blobtrigger-poison/messages?peekonly=true&numofmessages=32&${sas}`);
  const found = (await response.text()).matchAll(/<MessageText>([^<]+)<\/MessageText>/g);
  return Array.from(found, ([, text = '']) => JSON.parse(Buffer.from(text, 'base64').toString()));
}
