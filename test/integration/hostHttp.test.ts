import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request as sendRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildApp, type RunningHost, runHost, startHost, temporaryFolder } from '../helpers/host.ts';
import { until } from '../helpers/poll.ts';

let host: RunningHost;
let app: string;

beforeAll(async () => {
  app = await buildApp('http.ts');
  host = await startHost(app, await temporaryFolder('host'), { env: { FIXTURE: 'from the environment' } });
});
afterAll(async () => {
  await host.stop();
});

const call = (path: string, init?: RequestInit) => fetch(`${host.baseUrl}${path}`, init);

describe('routes', () => {
  test('parameters, query, headers, method, address and body reach the handler', async () => {
    const answer = await call('/api/items/5/x%20y?q=1', {
      method: 'POST',
      headers: { 'x-test': 'a, b' },
      body: 'hello',
    });
    expect(await answer.json()).toEqual({
      method: 'POST',
      url: `${host.baseUrl}/api/items/5/x%20y?q=1`,
      params: { id: '5', part: 'x y' },
      query: { q: '1' },
      header: 'a, b',
      body: 'hello',
    });
  });

  test('an optional parameter may be left out, and a body may come with DELETE', async () => {
    const answer = await call('/api/ITEMS/5', { method: 'DELETE', body: 'gone' });
    expect(await answer.json()).toMatchObject({ params: { id: '5' }, body: 'gone', method: 'DELETE' });
  });

  test('a literal beats a parameter, and a parameter must keep its constraint', async () => {
    expect(await (await call('/api/items/special')).text()).toBe('literal');
    expect((await call('/api/items/abc')).status).toBe(404);
  });

  test('a catch-all takes the rest, and leaves an escaped slash as it is', async () => {
    expect(await (await call('/api/files/a/b%2Fc/%E4%BD%A0')).json()).toEqual({ path: 'a/b%2Fc/你' });
  });

  test('no route is 404, another method 405 with Allow', async () => {
    expect((await call('/api/nowhere')).status).toBe(404);
    expect((await call('/nowhere')).status).toBe(404);
    const wrong = await call('/api/items/5', { method: 'PUT', body: 'x' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, POST, DELETE']);
  });

  test('HEAD has the headers and no body', async () => {
    const answer = await call('/api/items/special', { method: 'HEAD' });
    expect([answer.status, answer.headers.get('x-special'), await answer.text()]).toEqual([200, 'yes', '']);
  });

  test('a connection may stay unused for as long as in Azure', async () => {
    expect((await call('/api/items/special')).headers.get('keep-alive')).toBe('timeout=130');
  });

  test('headers of the answer arrive, each cookie in one of its own', async () => {
    const answer = await call('/api/items/special');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.has('x-ms-invocation-id')).toBe(false);
  });

  test('what no request could be made of is 400, and the host goes on', async () => {
    const { hostname, port } = new URL(host.baseUrl);
    for (const [target, name] of [
      ['/api/items/5', 'a b'],
      ['/api/items/5', 'user:secret@elsewhere'],
      ['*', 'localhost'],
    ]) {
      const socket = connect(Number(port), hostname);
      socket.write(`GET ${target} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
      const [first] = (await once(socket, 'data')) as [Buffer];
      expect(first.toString()).toMatch(/^HTTP\/1.1 400 /);
      socket.destroy();
    }
    expect((await call('/api/items/5/%zz')).status).toBe(200);
    expect((await call('/api/items/5')).status).toBe(200);
  });
});

describe('streams', () => {
  test('an answer arrives while it is made', async () => {
    const answer = await call('/api/ticks');
    const chunks: string[] = [];
    for await (const chunk of answer.body ?? []) {
      chunks.push(Buffer.from(chunk).toString());
      // Only then is the next one made.
      await until('it is waited for', async () => await (await call('/api/heard', { method: 'POST' })).json());
    }
    expect(chunks).toEqual(['tick0;', 'tick1;', 'tick2;']);
  });

  test('a handler sees a body before it is complete, and answers meanwhile', async () => {
    const exchange = sendRequest(`${host.baseUrl}/api/echo`, { method: 'POST' });
    exchange.write('first');
    const [answer] = await once(exchange, 'response');
    const [early] = await once(answer, 'data');
    expect(String(early)).toBe('first');
    exchange.end('second');
    const [late] = await once(answer, 'data');
    expect(String(late)).toBe('second');
  });

  test('32 MB pass through whole', async () => {
    const body = Buffer.alloc(32 * 1024 * 1024, 'x');
    const answer = await call('/api/length', { method: 'POST', body });
    expect(await answer.json()).toEqual({ length: body.length });
  });

  test('a handler may answer without reading the body; the connection stays usable', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, 'x');
    for (let round = 0; round < 3; round++) {
      const answer = await call('/api/unread', { method: 'POST', body });
      expect([answer.status, await answer.text()]).toEqual([413, 'too much']);
    }
  });

  test('a client that goes away in the middle of its body breaks it off for the handler, and nothing else', async () => {
    const begun = host.lines('length begins').length;
    const exchange = sendRequest(`${host.baseUrl}/api/length`, { method: 'POST', headers: { 'content-length': 1000 } });
    exchange.on('error', () => undefined);
    exchange.write('some');
    await until('the handler reads it', () => host.lines('length begins').length > begun);
    exchange.destroy();
    await until('the handler hears of it', () => host.lines('body broke off after some bytes').length > 0);
    await until('the host says so', () => host.lines('length: The client went away').length > 0);
    expect((await call('/api/items/5')).status).toBe(200);
  });

  test('a client that leaves at once leaves nothing behind', async () => {
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const exchange = sendRequest(`${host.baseUrl}/api/length`, { method: 'POST' });
        exchange.on('error', () => undefined);
        exchange.flushHeaders();
        await once(exchange, 'socket');
        exchange.destroy();
      }),
    );
    expect((await call('/api/items/5')).status).toBe(200);
  });

  test('a hundred requests at once are all answered, each with its own', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const answer = await call(`/api/items/${index}`, { method: 'POST', body: `body ${index}` });
        return (await answer.json()) as { params: { id: string }; body: string };
      }),
    );
    answers.forEach(({ params, body }, index) => {
      expect([params.id, body]).toEqual([String(index), `body ${index}`]);
    });
  });
});

describe('failures', () => {
  test('an exception is a 500 without a word of it, and is logged with its function', async () => {
    const answer = await call('/api/boom');
    expect([answer.status, await answer.text()]).toEqual([500, '']);
    const [line] = await until(
      'the log',
      () => host.lines('boom as expected').length > 0 && host.lines('boom as expected'),
    );
    expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z error boom: Error: boom as expected\\n/);
  });

  test('an answer that breaks in the middle is cut off, not ended', async () => {
    const answer = await call('/api/breaks');
    await expect(answer.text()).rejects.toThrow();
  });

  test('a promise that a handler forgot is logged, and the host lives', async () => {
    expect(await (await call('/api/forgets')).text()).toBe('fine');
    await until('the log', () => host.lines('forgotten as expected').length > 0);
    expect((await call('/api/empty')).status).toBe(204);
  });

  test('hooks run', async () => {
    await call('/api/empty');
    await until('the hook', () => host.lines('empty: a hook ran').length > 0);
  });
});

describe('the process', () => {
  test('local.settings.json fills in what the environment leaves out', async () => {
    const dataDir = await temporaryFolder('host');
    await writeSettings(dataDir, { FIXTURE: 'from the file', FIXTURE_OTHER: 'also' });
    const other = await startHost(app, dataDir, { env: { FIXTURE: 'from the environment' } });
    const answer = await fetch(`${other.baseUrl}/api/setting`);
    expect(await answer.json()).toEqual({ fixture: 'from the environment', other: 'also' });
    await other.stop();
  });

  test('SIGTERM lets what runs finish, takes nothing new, and ends with 0', async () => {
    const other = await startHost(app, await temporaryFolder('host'));
    const slow = fetch(`${other.baseUrl}/api/slow?ms=700`);
    await until('it runs', () => other.lines('slow began').length > 0);
    const end = other.stop('SIGTERM');
    const isRefused = () =>
      fetch(`${other.baseUrl}/api/empty`).then(
        () => false,
        () => true,
      );
    await until('it takes nothing new', isRefused);
    expect(await (await slow).text()).toBe('slow');
    expect(await end).toBe(0);
  });

  test('it ends with its parent', async () => {
    const other = await startHost(app, await temporaryFolder('host'));
    other.process.disconnect();
    expect(await other.ended).toBe(1);
  });

  test('a handler that runs longer than functionTimeout is a 500', async () => {
    const impatient = await buildApp('http.ts', { functionTimeout: '00:00:01' });
    const other = await startHost(impatient, await temporaryFolder('host'));
    expect((await fetch(`${other.baseUrl}/api/slow?ms=3000`)).status).toBe(500);
    await until('the log', () => other.lines('ran longer than functionTimeout').length > 0);
    // On a busy machine even this may be over that second.
    await until('a quick one', async () => (await fetch(`${other.baseUrl}/api/slow?ms=10`)).status === 200);
    await other.stop('SIGKILL');
  });

  test('a port in use ends it with a sentence', async () => {
    const { port } = new URL(host.baseUrl);
    const other = runHost(app, await temporaryFolder('host'), {}, Number(port));
    expect(await other.ended).toBe(1);
    expect(other.output()).toContain(`Port ${port} is in use`);
  });
});

async function writeSettings(dir: string, values: Record<string, string>): Promise<void> {
  await writeFile(`${dir}/local.settings.json`, JSON.stringify({ IsEncrypted: false, Values: values }));
}
