import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Fault, FaultContext } from '../../local/sqlServer/faults.ts';
import { readConnectionString } from '../../shared/connectors/sql/mssql/connectionString.ts';
import { MssqlSession } from '../../shared/connectors/sql/mssql/session.ts';
import { AdpError } from '../../shared/errors.ts';
import { closedPort } from '../helpers/closedPort.ts';
import { connectionString, type MssqlSource, openMssql, queryOf } from '../helpers/mssqlSource.ts';
import { until } from '../helpers/poll.ts';
import { passwords, startTestSqlServer, type TestSqlServer } from '../helpers/sqlServer.ts';

const query = queryOf('dbo.Part', { kind: 'timestamp', column: 'Modified' });
const { signal } = new AbortController();
const rowCount = 400;

let server: TestSqlServer;
const sources: MssqlSource[] = [];
beforeAll(async () => {
  server = await startTestSqlServer();
  const owner = await server.connect({ user: 'owner', password: passwords.owner });
  await owner.request().batch(`CREATE TABLE dbo.Part (Id int PRIMARY KEY, Modified datetime2(7), Notes nvarchar(max))`);
  const rows = Array.from({ length: rowCount }, (_, id) => `(${id}, '2024-05-06T07:08:09.1234567', N'note ${id}')`);
  await owner.request().batch(`INSERT INTO dbo.Part (Id, Modified, Notes) VALUES ${rows.join(', ')}`);
  // Its line would end by itself, in the middle of a test that counts lines.
  await owner.close();
});
afterEach(async () => {
  server.setFault(undefined);
  for (const source of sources.splice(0)) await source.close();
});
afterAll(() => server.stop());

const open = async (settings: Parameters<typeof openMssql>[1] = {}, where = server) => {
  const source = await openMssql(where, settings);
  sources.push(source);
  return source;
};

async function failureOf(work: Promise<unknown>): Promise<AdpError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof AdpError) return error;
    throw error;
  }
  throw new Error('It went well.');
}

/** Of statements that read the table, not the catalogue. */
const atRows = (fault: Fault) => (context: FaultContext) => (/FROM dbo \. Part/.test(context.sql) ? fault : undefined);

/** A server that answers every PRELOGIN in the same way and keeps what it is sent: types of packets, and all bytes. */
async function startFakeServer(encryption: number) {
  const types: number[] = [];
  const chunks: Buffer[] = [];
  const fake = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      types.push(chunk[0] ?? 0);
      chunks.push(chunk);
      // Version and encryption: MS-TDS 2.2.6.5.
      const body = Buffer.from([0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 3, 232, 0, 0, encryption]);
      const header = Buffer.from([4, 1, 0, body.length + 8, 0, 0, 1, 0]);
      socket.write(Buffer.concat([header, body]));
    });
  });
  fake.listen(0, '127.0.0.1');
  await once(fake, 'listening');
  const address = fake.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, types, bytes: () => Buffer.concat(chunks), close: () => once(fake.close(), 'close') };
}

describe('nothing of the login is on the wire', () => {
  test.each([
    ['has no TLS', 2],
    ['has it switched off', 0],
  ])('to a server that says that it %s', async (_, encryption) => {
    const fake = await startFakeServer(encryption);
    const source = await open({ secret: connectionString(fake) });
    const error = await failureOf(source.begin(query, 'changes', undefined, signal));
    expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(error.message).toMatch(/not safe.*encryption/);
    // PRELOGIN and no more: the login is packet type 16.
    expect(fake.types).toEqual([18]);
    expect(fake.bytes().toString('utf16le')).not.toContain('reader');
    await fake.close();
  });

  test('to a server whose certificate nobody vouches for', async () => {
    const source = await open({ tls: {} });
    const logins = server.logins.length;
    const error = await failureOf(source.begin(query, 'changes', undefined, signal));
    expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(error.message).toMatch(/certificate.*tls\.ca/s);
    expect(server.logins).toHaveLength(logins);
  });

  test('to a server whose certificate is for another name', async () => {
    const { authority } = server;
    const source = await open({ tls: { ca: authority.certificate, server_name: 'dms.example' } });
    const error = await failureOf(source.begin(query, 'changes', undefined, signal));
    expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
  });
});

test('the line is encrypted, and says that nothing will be written where it is asked to', async () => {
  const source = await open({ read_only_intent: true });
  await source.begin(query, 'changes', undefined, signal);
  expect(server.logins.at(-1)).toEqual({ user: 'reader', database: 'dms', isEncrypted: true, isReadOnly: true });
});

describe('what is refused at the door', () => {
  test('a wrong password parks the source, and is not repeated', async () => {
    const source = await open({ secret: connectionString(server, 'Password=not-this-one') });
    const error = await failureOf(source.begin(query, 'changes', undefined, signal));
    expect(error).toMatchObject({ code: 'AUTH_FAILED', disposition: 'park' });
    expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toContain('not-this-one');
    expect(error.message).toMatch(/Login failed for user 'reader'.*Key Vault/);
  });

  test('a database that can not be opened now may be open later', async () => {
    const source = await open({ secret: connectionString(server, 'Database=restoring') });
    const error = await failureOf(source.begin(query, 'changes', undefined, signal));
    expect(error).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    expect(error.message).toMatch(/restoring/);
  });

  test('a server that is not there', async () => {
    const nobody = await closedPort();
    const source = await open({ secret: connectionString(nobody) });
    expect(await failureOf(source.begin(query, 'changes', undefined, signal))).toMatchObject({
      code: 'NETWORK_ERROR',
      disposition: 'retry',
    });
    await nobody.release();
  });

  test('a source without a connection string', async () => {
    await expect(open({ secret: '' })).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
  });
});

describe('what goes wrong on the way', () => {
  const error = (number: number, message?: string): Fault => ({ kind: 'error', number, ...(message && { message }) });

  test.each<[string, Fault, string, string, RegExp]>([
    ['a deadlock', error(1205), 'NETWORK_ERROR', 'retry', /deadlock/],
    ['a lock that takes too long', error(1222), 'NETWORK_ERROR', 'retry', /Lock request time out/],
    [
      'a deadlock after some rows',
      { kind: 'error', number: 1205, afterRows: 40 },
      'NETWORK_ERROR',
      'retry',
      /deadlock/,
    ],
    ['a line that breaks', { kind: 'drop' }, 'NETWORK_ERROR', 'retry', /reached/],
    ['a line that breaks after some rows', { kind: 'drop', afterRows: 40 }, 'NETWORK_ERROR', 'retry', /reached/],
    ['a table that is gone', error(208, "Invalid object name 'dbo.Part'."), 'MAPPING_ERROR', 'park', /dbo\.Part/],
    ['a column that is gone', error(207, "Invalid column name 'Modified'."), 'MAPPING_ERROR', 'park', /Modified/],
    ['a privilege', error(229, "The SELECT permission was denied on 'Part'."), 'AUTH_FAILED', 'park', /GRANT SELECT/],
    ['a value that does not convert', error(241, 'Conversion failed.'), 'MAPPING_ERROR', 'park', /reset/],
    ['a failover', error(983, 'Unable to access the replica.'), 'NETWORK_ERROR', 'retry', /replica/],
    [
      'a database of the login that is away',
      error(4064, 'Cannot open user default database.'),
      'NETWORK_ERROR',
      'retry',
      /default/,
    ],
    ['a replica for readers only', error(978, 'Read-only.'), 'CONFIG_ERROR', 'park', /read_only_intent/],
    ['what nobody knows', error(8134, 'Divide by zero error.'), 'CONFIG_ERROR', 'park', /8134.*Divide by zero/],
  ])('%s', async (_, fault, code, disposition, message) => {
    const source = await open();
    const read = await source.begin(query, 'all', undefined, signal);
    server.setFault(atRows(fault));
    const failure = await failureOf(source.pull(query, read, undefined, 5_000, signal));
    expect(failure).toMatchObject({ code, disposition });
    expect(failure.message).toMatch(message);
    // The source goes on when the trouble is over.
    server.setFault(undefined);
    expect((await source.pull(query, read, undefined, 5_000, signal)).rows).toHaveLength(rowCount);
  });

  test.each<[string, Fault]>([
    ['takes too long', { kind: 'slow', delayMs: 600_000 }],
    ['stops halfway', { kind: 'slow', delayMs: 600_000, everyRows: 100 }],
  ])('a statement that %s is stopped at the server', async (_, fault) => {
    const read = await (await open()).begin(query, 'all', undefined, signal);
    const source = await open({ statement_timeout_ms: 2_000 });
    server.setFault(atRows(fault));
    const failure = await failureOf(source.pull(query, read, undefined, 5_000, signal));
    expect(failure).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    expect(failure.message).toMatch(/in time/);
    server.setFault(undefined);
    // Whoever is stopped for two seconds fails once more, by that and by nothing else.
    const page = await until('the source goes on', async () => {
      try {
        return await source.pull(query, read, undefined, 5_000, signal);
      } catch (error) {
        expect(error).toMatchObject({ message: expect.stringMatching(/in time/) });
        return undefined;
      }
    });
    expect(page.rows).toHaveLength(rowCount);
  });

  test.each([3952, 41_332])(
    'what can not be read by row versions (%i) is read as committed from then on',
    async (number) => {
      const source = await open();
      const read = await source.begin(query, 'all', undefined, signal);
      server.setFault(atRows({ kind: 'error', number }));
      expect(await failureOf(source.pull(query, read, undefined, 5_000, signal))).toMatchObject({
        disposition: 'retry',
      });
      const levels: string[] = [];
      server.setFault(({ sql }) => {
        if (/ISOLATION LEVEL (?!read)/.test(sql)) levels.push(sql);
        return undefined;
      });
      await source.pull(query, read, undefined, 5_000, signal);
      expect(new Set(levels)).toEqual(new Set(['SET TRANSACTION ISOLATION LEVEL READ COMMITTED']));
    },
  );
});

describe('an abort', () => {
  test.each<[string, Fault]>([
    ['before the first row', { kind: 'slow', delayMs: 600_000 }],
    ['between rows', { kind: 'slow', delayMs: 600_000, everyRows: 100 }],
  ])('%s throws its reason at once, and ends the statement at the server', async (_, fault) => {
    const source = await open({ lock_timeout_ms: 1_000 });
    const read = await source.begin(query, 'all', undefined, signal);
    const aborting = new AbortController();
    const reason = new Error('It is time.');
    let isRunning = false;
    server.setFault((context) => {
      const found = atRows(fault)(context);
      if (found !== undefined) isRunning = true;
      return found;
    });
    const pulling = source.pull(query, read, undefined, 5_000, aborting.signal);
    await until('it is under way', () => isRunning);
    aborting.abort(reason);
    await expect(pulling).rejects.toBe(reason);
    // Both lines are free again, long before the pause would have ended.
    server.setFault(undefined);
    const pages = await Promise.all([1, 2, 3].map(() => source.pull(query, read, undefined, 5_000, signal)));
    expect(pages.map(({ rows }) => rows.length)).toEqual([rowCount, rowCount, rowCount]);
  });

  test('that came before it is heeded without a word to the server', async () => {
    const source = await open();
    const connections = server.connections;
    await expect(source.begin(query, 'all', undefined, AbortSignal.abort(new Error('No.')))).rejects.toThrow('No.');
    expect(server.connections).toBe(connections);
  });
});

describe('somebody’s production database', () => {
  test('is asked on two lines at most, and on none once the source is closed', async () => {
    await until('lines of others are gone', () => server.connections === 0);
    const source = await open();
    const read = await source.begin(query, 'all', undefined, signal);
    let most = 0;
    server.setFault(() => {
      most = Math.max(most, server.connections);
      return { kind: 'slow', delayMs: 5 };
    });
    // The first line may have done it all before the second one is there.
    await until('both lines are used', async () => {
      await Promise.all(Array.from({ length: 8 }, () => source.pull(query, read, undefined, 5_000, signal)));
      return most > 1;
    });
    expect(most).toBe(2);
    await source.close();
    await until('its lines are gone', () => server.connections === 0);
  });

  test('is never made to wait, and nothing is read that is not committed', async () => {
    const statements: string[] = [];
    server.setFault(({ sql }) => {
      statements.push(sql);
      return undefined;
    });
    const source = await open({ lock_timeout_ms: 1_234 });
    await source.read(query, 'all');
    await source.read(query, 'changes');
    const reads = statements.flatMap((sql, index) => (sql.startsWith('SELECT') ? [index] : []));
    expect(reads.length).toBeGreaterThan(5);
    for (const index of reads) {
      const isolation =
        statements[index]?.includes('snapshot_isolation_state') === true ? 'READ COMMITTED' : 'SNAPSHOT';
      expect(statements.slice(index - 4, index)).toEqual([
        'SET NOCOUNT ON',
        'SET LOCK_TIMEOUT 1234',
        'SET DEADLOCK_PRIORITY LOW',
        `SET TRANSACTION ISOLATION LEVEL ${isolation}`,
      ]);
    }
    expect(statements.join('\n')).not.toMatch(/NOLOCK|READ UNCOMMITTED/i);
    expect(statements.filter((sql) => !/^(SET|SELECT)\b/i.test(sql))).toEqual([]);
  });

  test('leaves the rest of wide rows there, as soon as those that came are enough', async () => {
    const target = readConnectionString(connectionString(server));
    const session = await MssqlSession.open(target, {
      connectTimeoutMs: 60_000,
      statementTimeoutMs: 60_000,
      lockTimeoutMs: 60_000,
      connections: 1,
      tls: { ca: server.authority.certificate, serverName: undefined },
    });
    const all = { sql: 'SELECT Id, Notes FROM dbo.Part ORDER BY Id', values: [] };
    const cut = await session.query(all, signal, 1_000);
    expect(cut.isCut).toBe(true);
    expect(cut.rows.length).toBeGreaterThan(1);
    expect(cut.rows.length).toBeLessThan(50);
    expect(cut.rows[1]).toEqual([1, 'note 1']);
    // One row, however wide it is; and the line is as good as before.
    expect(await session.query(all, signal, 1)).toEqual({ rows: [[0, 'note 0']], isCut: true });
    expect(await session.query(all, signal, 10_000_000)).toMatchObject({ rows: { length: rowCount }, isCut: false });
    await session.close();
  });
});
