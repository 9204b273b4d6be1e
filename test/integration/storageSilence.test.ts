import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { openBlobs } from '../../shared/store/blobs.ts';
import { openShare } from '../../shared/store/shares.ts';
import { until } from '../helpers/poll.ts';

/** Takes requests, and says nothing. */
let server: Server;
let asked: number;
let connection: string;
beforeEach(async () => {
  asked = 0;
  server = createServer((request) => {
    asked++;
    request.resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dev`;
  const key = Buffer.from('key').toString('base64');
  connection = `DefaultEndpointsProtocol=http;AccountName=dev;AccountKey=${key};BlobEndpoint=${endpoint};FileEndpoint=${endpoint}`;
  jest.useFakeTimers({
    doNotFake: [
      'Date',
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
    ],
  });
  jest.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const late = new AbortController();
    setTimeout(() => late.abort(), ms);
    return late.signal;
  });
});
afterEach(async () => {
  jest.restoreAllMocks();
  jest.useRealTimers();
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

const share = () => openShare({ name: 'dealers', connectionString: connection });
const drops = () =>
  openBlobs({ kind: 'connectionString', connectionString: connection, insecure: true }).large('drops');
async function* content(pieces: number) {
  for (let piece = 0; piece < pieces; piece++) yield Buffer.alloc(1024 * 1024);
}

test.each<[string, () => Promise<unknown>]>([
  ['a share that is listed', () => Array.fromAsync(share().list(() => undefined))],
  ['drops that are listed', () => Array.fromAsync(drops().list())],
  ['drops that are removed', () => drops().removeUnder('acme/')],
  ['a small drop that is written', () => drops().replace('acme/a.csv', content(1), {})],
  ['a large drop that is written', () => drops().replace('acme/a.csv', content(30), {})],
])('%s: a service that takes the request and never answers is given up', async (_, call) => {
  let ended: unknown;
  call().catch((error: unknown) => {
    ended = error;
  });
  await until('the request', () => asked > 0);
  await until(
    'its end',
    () => {
      jest.advanceTimersByTime(60_000);
      return ended !== undefined;
    },
    10_000,
  );
  expect(ended).toMatchObject({ code: 'NETWORK_ERROR' });
});
