import { describe, expect, test } from '@jest/globals';
import { appOf, runHost, temporaryFolder } from '../helpers/host.ts';

const http = `app.setup({ enableHttpStream: true }); app.http('f', { authLevel: 'anonymous', handler: async () => ({}) });`;

/** What a host says that refuses to start. */
async function refusal(code: string, hostJson: object = {}, env: Record<string, string> = {}): Promise<string> {
  const program = runHost(await appOf(code, hostJson), await temporaryFolder('host'), { env });
  const end = await program.ended;
  if (end !== 1) throw new Error(`It ended with ${String(end)}:\n${program.output()}`);
  return program.output();
}

// Whatever the host doesn't support must stop the start: ignored, it would look as if it worked until it runs in Azure.
describe('the host refuses to start, naming function and binding', () => {
  test.each([
    [
      'an unknown trigger',
      `app.cosmosDB('feed', { connection: 'C', databaseName: 'd', containerName: 'c', handler: () => {} });`,
      /"feed".*"cosmosDBTrigger".*httpTrigger, timerTrigger, serviceBusTrigger/,
    ],
    [
      'an unknown input binding',
      `app.setup({ enableHttpStream: true }); app.http('f', { authLevel: 'anonymous', extraInputs: [input.storageBlob({ path: 'a/b', connection: 'C' })], handler: async () => ({}) });`,
      /"f".*input binding "blob"/,
    ],
    [
      'an unknown output binding',
      `app.timer('t', { schedule: '0 0 3 * * *', return: output.serviceBusQueue({ queueName: 'q', connection: 'C' }), handler: () => {} });`,
      /"t".*output binding "serviceBus"/,
    ],
    [
      'a retry policy',
      `app.timer('t', { schedule: '0 0 3 * * *', retry: { strategy: 'fixedDelay', maxRetryCount: 1, delayInterval: 1 }, handler: () => {} });`,
      /"t".*retry/,
    ],
    [
      'function keys',
      `app.setup({ enableHttpStream: true }); app.http('f', { authLevel: 'function', handler: async () => ({}) });`,
      /"f".*authLevel "anonymous"/,
    ],
    [
      'HTTP without streaming',
      `app.http('f', { authLevel: 'anonymous', handler: async () => ({}) });`,
      /enableHttpStream/,
    ],
    [
      'a route that it does not understand',
      `app.setup({ enableHttpStream: true }); app.http('f', { route: 'a/{b:regex(x)}', authLevel: 'anonymous', handler: async () => ({}) });`,
      /"f".*\{b:regex\(x\)\}/,
    ],
    ['cron with five fields', `app.timer('t', { schedule: '*/5 * * * *', handler: () => {} });`, /"t".*six fields/],
    ['a setting that is missing', `app.timer('t', { schedule: '%CRON%', handler: () => {} });`, /"t".*"CRON".*missing/],
    [
      'sessions',
      `app.serviceBusQueue('q', { connection: 'C', queueName: 'q', isSessionsEnabled: true, handler: () => {} });`,
      /"q".*"isSessionsEnabled"/,
    ],
    [
      'a queue without a connection',
      `app.serviceBusQueue('q', { connection: 'C', queueName: 'q', handler: () => {} });`,
      /"q".*setting "C".*missing/,
    ],
  ])('%s', async (_, code, message) => {
    expect(await refusal(code)).toMatch(message);
  });

  test('an identity-based connection', async () => {
    const code = `app.serviceBusQueue('q', { connection: 'C', queueName: 'q', handler: () => {} });`;
    const env = { C__fullyQualifiedNamespace: 'x.servicebus.windows.net' };
    expect(await refusal(code, {}, env)).toMatch(/"q".*"C__fullyQualifiedNamespace".*connection string/);
  });
});

describe('the host refuses in host.json', () => {
  test.each([
    ['a section of a trigger that it does not have', { extensions: { eventHubs: {} } }, /"eventHubs"/],
    [
      'an unknown setting of durable',
      { extensions: { durableTask: { extendedSessionsEnabled: true } } },
      /extendedSess/,
    ],
    ['an unknown setting', { extensions: { serviceBus: { maxConcurrentSessions: 2 } } }, /"maxConcurrentSessions"/],
    ['a wrong type', { extensions: { serviceBus: { maxConcurrentCalls: '16' } } }, /"maxConcurrentCalls".*number/],
    ['a wrong duration', { functionTimeout: '5 minutes' }, /"functionTimeout".*00:05:00/],
    ['a version that it does not know', { version: '1.0' }, /"version"/],
    ['what it has never heard of', { surprise: true }, /"surprise"/],
  ])('%s', async (_, hostJson, message) => {
    expect(await refusal(http, hostJson)).toMatch(message);
  });
});

test('an app that was never built is refused in a sentence', async () => {
  const program = runHost(await temporaryFolder('nothing'), await temporaryFolder('host'));
  expect(await program.ended).toBe(1);
  expect(program.output()).toMatch(/npm run build/);
});

test('an app that fails while it loads is refused with its error', async () => {
  expect(await refusal(`throw new Error('bad app');`)).toMatch(/main.cjs could not be loaded.*bad app/);
});
