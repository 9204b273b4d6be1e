import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import sql from 'mssql';
import { until } from '../helpers/poll.ts';
import { passwords, startTestSqlServer, type TestSqlServer } from '../helpers/sqlServer.ts';

const rows = 60_000;
let server: TestSqlServer;

beforeAll(async () => {
  server = await startTestSqlServer();
  const owner = await server.connect({ user: 'owner', password: passwords.owner });
  await owner.request().batch('CREATE TABLE dbo.Big (Id int NOT NULL PRIMARY KEY, Text nvarchar(400) NOT NULL)');
  const transaction = new sql.Transaction(owner);
  await transaction.begin();
  const insert = `INSERT INTO dbo.Big (Id, Text) SELECT Id + @n, Text FROM dbo.Big`;
  await new sql.Request(transaction).input('text', 'x'.repeat(400)).query('INSERT INTO dbo.Big VALUES (1, @text)');
  for (let n = 1; n < rows; n *= 2) await new sql.Request(transaction).input('n', n).query(insert);
  await transaction.commit();
});
afterEach(() => server.setFault(undefined));
afterAll(() => server.stop());

interface Streamed {
  rows: number;
  readonly errors: sql.RequestError[];
}

/** Streams a query to its end; `onRow` may pause or cancel the request. */
async function stream(
  pool: sql.ConnectionPool,
  text: string,
  onRow: (request: sql.Request, rows: number) => void = () => undefined,
): Promise<Streamed> {
  const request = pool.request();
  request.stream = true;
  const streamed: Streamed = { rows: 0, errors: [] };
  await new Promise<void>((resolve) => {
    request.on('row', () => {
      streamed.rows += 1;
      onRow(request, streamed.rows);
    });
    request.on('error', (error: sql.RequestError) => streamed.errors.push(error));
    request.on('done', () => resolve());
    void request.query(text);
  });
  return streamed;
}

const one = async (pool: sql.ConnectionPool) => (await pool.request().query('SELECT 1 AS one')).recordset;
const ofBig = (fault: Parameters<TestSqlServer['setFault']>[0]) =>
  server.setFault((context) => (context.sql.includes('Big') ? fault?.(context) : undefined));

async function failureOf(call: Promise<unknown>): Promise<sql.RequestError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof sql.RequestError) return error;
    throw error;
  }
  throw new Error('It was taken.');
}

describe('a large result', () => {
  test.each([4_096, 32_767])('arrives whole in packets of %i bytes', async (packetSize) => {
    const pool = await server.connect({ options: { packetSize } });
    expect(await stream(pool, `SELECT TOP (${rows}) * FROM dbo.Big ORDER BY Id`)).toEqual({ rows, errors: [] });
  });

  test('waits in the database while the client does not read', async () => {
    // A pause of no time after each thousand rows, which tells how far the server is.
    let written = 0;
    ofBig(() => ({
      kind: 'slow',
      everyRows: 1_000,
      get delayMs() {
        written += 1_000;
        return 0;
      },
    }));
    const pool = await server.connect();
    let waiting = 0;
    const streamed = await stream(pool, `SELECT TOP (${rows}) * FROM dbo.Big ORDER BY Id`, (request, count) => {
      if (count !== 1_000) return;
      request.pause();
      const watch = setInterval(() => {
        const isAtRest = waiting === written;
        waiting = written;
        if (!isAtRest) return;
        clearInterval(watch);
        request.resume();
      }, 500);
    });
    expect(streamed).toEqual({ rows, errors: [] });
    expect(written).toBeGreaterThan(rows - 1_000);
    // What lines and drivers keep for a reader is some megabytes.
    expect(waiting).toBeLessThan(rows / 2);
  });

  test('ends when it is cancelled, and the connection goes on', async () => {
    const pool = await server.connect({ pool: { max: 1 } });
    const streamed = await stream(pool, 'SELECT * FROM dbo.Big', (request, count) => {
      if (count === 1_000) request.cancel();
    });
    expect(streamed.errors.map(({ code }) => code)).toEqual(['ECANCEL']);
    expect(streamed.rows).toBeLessThan(rows);
    expect(await one(pool)).toEqual([{ one: 1 }]);
  });
});

describe('what goes wrong on purpose', () => {
  test('a deadlock victim is rolled back, and the connection goes on', async () => {
    ofBig(() => ({ kind: 'error', number: 1205 }));
    const pool = await server.connect({ pool: { max: 1 } });
    const error = await failureOf(pool.request().query('SELECT TOP (1) Id FROM dbo.Big'));
    expect(error.number).toBe(1205);
    expect(error.message).toMatch(/deadlock victim/);
    expect(await one(pool)).toEqual([{ one: 1 }]);
  });

  test('a lock timeout amid the rows', async () => {
    ofBig(() => ({ kind: 'error', number: 1222, afterRows: 500 }));
    const streamed = await stream(await server.connect(), 'SELECT TOP (2000) * FROM dbo.Big ORDER BY Id');
    expect(streamed.rows).toBe(500);
    expect(streamed.errors.map(({ number }) => number)).toEqual([1222]);
  });

  test.each([0, 5_000])('a socket that is gone after %i rows, for which the pool takes another', async (afterRows) => {
    ofBig(() => ({ kind: 'drop', ...(afterRows > 0 && { afterRows }) }));
    const pool = await server.connect();
    const streamed = await stream(pool, 'SELECT * FROM dbo.Big');
    expect(streamed.rows).toBeLessThanOrEqual(afterRows);
    expect(streamed.errors.map(({ code }) => code)).toEqual([
      expect.stringMatching(/^(ECONNRESET|ECONNCLOSED|ESOCKET)$/),
    ]);
    expect(await one(pool)).toEqual([{ one: 1 }]);
  });

  test('a slow statement, which its timeout ends', async () => {
    ofBig(() => ({ kind: 'slow', delayMs: 600_000 }));
    const pool = await server.connect({ requestTimeout: 2_000, pool: { max: 1 } });
    expect((await failureOf(pool.request().query('SELECT TOP (1) Id FROM dbo.Big'))).code).toBe('ETIMEOUT');
    // Whoever is stopped for so long fails as well, and goes on all the same.
    const answer = await until('the connection goes on', async () => {
      const asked = one(pool);
      const failure = await asked.then(
        () => undefined,
        (error: sql.RequestError) => error.code,
      );
      return failure === 'ETIMEOUT' ? undefined : await asked;
    });
    expect(answer).toEqual([{ one: 1 }]);
  });

  test('slow rows, which arrive as they come', async () => {
    ofBig(() => ({ kind: 'slow', delayMs: 60, everyRows: 100 }));
    const start = performance.now();
    const streamed = await stream(await server.connect(), 'SELECT TOP (300) Id FROM dbo.Big');
    expect(streamed).toEqual({ rows: 300, errors: [] });
    expect(performance.now() - start).toBeGreaterThan(3 * 60);
  });
});

test('a client that is gone amid a result leaves nothing behind', async () => {
  const before = server.connections;
  ofBig(() => ({ kind: 'slow', delayMs: 1, everyRows: 1_000 }));
  const pool = await server.connect({ pool: { max: 1 } });
  const request = pool.request();
  request.stream = true;
  request.on('error', () => undefined);
  const first = new Promise((resolve) => request.once('row', resolve));
  void request.query('SELECT * FROM dbo.Big');
  await first;
  await pool.close();
  await until('the server noticed', () => server.connections <= before);
});
