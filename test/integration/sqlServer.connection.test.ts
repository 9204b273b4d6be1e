import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sql from 'mssql';
import { until } from '../helpers/poll.ts';
import { passwords, startTestSqlServer, type TestSqlServer } from '../helpers/sqlServer.ts';

let server: TestSqlServer;
beforeAll(async () => {
  server = await startTestSqlServer();
});
afterAll(() => server.stop());

async function failureOf(overrides: Partial<sql.config>, where = server): Promise<sql.ConnectionError> {
  try {
    const pool = await where.connect(overrides);
    await pool.close();
  } catch (error) {
    if (error instanceof sql.ConnectionError) return error;
    throw error;
  }
  throw new Error('It let the client in.');
}

const one = async (pool: sql.ConnectionPool) => (await pool.request().query('SELECT 1 AS one')).recordset;

describe('a login', () => {
  test('is encrypted, with the certificate verified, and says what it is for', async () => {
    const pool = await server.connect({ options: { readOnlyIntent: true } });
    expect(await one(pool)).toEqual([{ one: 1 }]);
    expect(server.logins.at(-1)).toEqual({ user: 'reader', database: 'dms', isEncrypted: true, isReadOnly: true });
  });

  test('by address as well as by name, and with a connection string', async () => {
    expect(await one(await server.connect({ server: '127.0.0.1' }))).toEqual([{ one: 1 }]);
    const parts = ['Server=localhost,PORT', 'Database=dms', 'User Id=owner', 'Password="Ow{n};er=1"', 'Encrypt=true'];
    const text = `${parts.join(';').replace('PORT', String(server.port))};TrustServerCertificate=true`;
    const pool = await new sql.ConnectionPool(text).connect();
    expect(await one(pool)).toEqual([{ one: 1 }]);
    await pool.close();
  });

  test('with strict encryption, TLS comes before everything else', async () => {
    // biome-ignore lint/suspicious/noExplicitAny: the types of the driver don't know this mode yet
    const strict: any = { encrypt: 'strict' };
    const pool = await server.connect({ options: strict });
    expect(await one(pool)).toEqual([{ one: 1 }]);
    expect(server.logins.at(-1)?.isEncrypted).toBe(true);
  });

  test('in plain text where the client wants no more', async () => {
    expect(await one(await server.connect({ options: { encrypt: false } }))).toEqual([{ one: 1 }]);
    expect(server.logins.at(-1)?.isEncrypted).toBe(false);
  });

  test.each([
    ['a wrong password', { password: 'nope' }, 'ELOGIN', /Login failed for user 'reader'/],
    ['an unknown user', { user: 'toString', password: passwords.reader }, 'ELOGIN', /Login failed/],
    ['an unknown database', { database: 'constructor' }, 'ELOGIN', /Cannot open database "constructor"/],
  ])('is refused for %s', async (_, overrides, code, message) => {
    const logins = server.logins.length;
    const error = await failureOf(overrides);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(server.logins).toHaveLength(logins);
  });
});

describe('the unmodified driver refuses', () => {
  test('a certificate that nobody vouches for', async () => {
    const stranger = await startTestSqlServer();
    const error = await failureOf({ port: stranger.port });
    expect(error.message).toMatch(/certificate|self-signed|signature/i);
    expect(stranger.logins).toEqual([]);
    await stranger.stop();
  });

  // tedious 19 sent the login in plain text to a server that said that it has no TLS.
  test('a server that says that it has no TLS, before the login', async () => {
    const downgraded = await startTestSqlServer({ tls: false });
    const error = await failureOf({ port: downgraded.port });
    expect(error.message).toMatch(/encrypt/i);
    expect(downgraded.logins).toEqual([]);
    await downgraded.stop();
  });
});

test('a pool shares few connections among many queries', async () => {
  const before = server.connections;
  const pool = await server.connect({ pool: { max: 3 } });
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => pool.request().input('i', index).query('SELECT @i AS i')),
  );
  expect(answers.map(({ recordset }) => recordset[0].i)).toEqual(Array.from({ length: 30 }, (_, index) => index));
  expect(server.connections - before).toBeLessThanOrEqual(3);
});

describe('whatever a client sends', () => {
  const whole = (type: number, body: Uint8Array) => {
    const header = Buffer.from([type, 1, 0, 0, 0, 0, 1, 0]);
    header.writeUInt16BE(body.length + 8, 2);
    return Buffer.concat([header, body]);
  };

  /** A version and the wish for TLS. */
  const prelogin = whole(18, Buffer.from('00000b00060100110001ff14000000000001', 'hex'));

  /** Sends it and ends; resolves when the server is done with the client too. */
  const send = async (bytes: Uint8Array) => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => undefined);
    const closed = once(socket, 'close');
    socket.resume();
    socket.end(bytes);
    await closed;
  };

  test('the server lives on', async () => {
    const body = fc.uint8Array({ maxLength: 300 });
    const type = fc.constantFrom(1, 3, 4, 6, 14, 16, 18, 22);
    const garbage = fc.oneof(
      body,
      fc.tuple(type, body).map(([kind, bytes]) => whole(kind, bytes)),
      body.map((bytes) => Buffer.concat([prelogin, bytes])),
      fc.tuple(type, body).map(([kind, bytes]) => Buffer.concat([prelogin, whole(kind, bytes)])),
    );
    await fc.assert(
      fc.asyncProperty(garbage, (bytes) => send(bytes)),
      { numRuns: 300 },
    );
    expect(await one(await server.connect())).toEqual([{ one: 1 }]);
    await until('they are all gone', () => server.connections < 20);
  });

  test('what is no TDS is hung up on', async () => {
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow();
    expect(await one(await server.connect())).toEqual([{ one: 1 }]);
  });
});
