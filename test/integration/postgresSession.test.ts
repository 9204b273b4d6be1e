import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection, OpenSource, Query } from '../../shared/connectors/connector.ts';
import { postgresFailure } from '../../shared/connectors/sql/postgres/failures.ts';
import { postgres } from '../../shared/connectors/sql/postgres.ts';
import { AdpError } from '../../shared/errors.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { describeWith } from '../helpers/describeWith.ts';
import { until } from '../helpers/poll.ts';
import { hasPostgres, postgresAdvice, startPostgres, type TestPostgres } from '../helpers/postgres.ts';
import { patient, sqlTools } from '../helpers/sqlTools.ts';
import { fieldOf, findingsOf, queryOf, readWhole } from '../helpers/sqlWorld.ts';

const { signal } = new AbortController();
const opened: Connection[] = [];

async function open(secret: string, settings: JsonObject = {}, more: Partial<OpenSource> = {}): Promise<Connection> {
  const asked = { ...patient, ...settings };
  const source = { dealerId: 'acme', sourceId: 'dms', zone: 'UTC', concurrency: 1, settings: asked, secret, ...more };
  const connection = await postgres.open(source, sqlTools());
  opened.push(connection);
  return connection;
}

async function failureOf(connection: Connection, query: Query): Promise<AdpError> {
  const error: unknown = await readWhole(connection, query).then(
    () => new Error('It worked.'),
    (failed: unknown) => failed,
  );
  if (error instanceof AdpError) return error;
  throw error;
}

afterEach(async () => {
  for (const connection of opened.splice(0)) await connection.close();
});

describe('a server that does not encrypt', () => {
  let server: Server;
  const received: Buffer[] = [];
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    // "N" to whoever asks for TLS: what somebody in between would say to read the login.
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        received.push(bytes);
        socket.write('N');
      });
    }).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  test('gets nothing of the login', async () => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('A listener has a port.');
    for (const mode of ['', '?sslmode=require', '?sslmode=verify-ca', '?sslmode=verify-full']) {
      const connection = await open(`postgres://reader:hunter2@127.0.0.1:${address.port}/dms${mode}`);
      const error = await failureOf(connection, queryOf({ table: 'parts' }));
      expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    }
    // Four times the eight bytes that ask for TLS.
    expect(Buffer.concat(received).toString('hex')).toBe('0000000804d2162f'.repeat(4));
  });
});

const hasOwn = hasPostgres && process.env.POSTGRES_TEST_URL === undefined;

describeWith(hasOwn ? undefined : postgresAdvice, 'a PostgreSQL', () => {
  let server: TestPostgres;
  let database: string;
  let base: URL;
  let ca: string;

  beforeAll(async () => {
    server = await startPostgres();
    ca = server.ca ?? '';
    database = await server.createDatabase();
    base = new URL(server.url);
    const admin = await server.connect(database);
    await admin.query(`
      CREATE TABLE parts (id int PRIMARY KEY, note text);
      INSERT INTO parts SELECT n, 'n' || n FROM generate_series(1, 20) n;
      CREATE SEQUENCE counter;
      CREATE FUNCTION sneaky() RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO parts VALUES (99, $$x$$) RETURNING id';
      CREATE SCHEMA "od""d"; CREATE TABLE "od""d"."ta.ble" ("i d" int PRIMARY KEY, "q""uote" text, "__proto__" text);
      INSERT INTO "od""d"."ta.ble" VALUES (1, 'a', 'b')`);
  });
  afterAll(async () => {
    await server?.stop();
  });

  const secret = (options = '', host = base.hostname) =>
    `postgres://${base.username}:${base.password}@${host}:${base.port}/${database}${options}`;
  const parts = queryOf({ table: 'parts' });

  describe('proves who it is', () => {
    test('by a certificate of an authority that the source trusts', async () => {
      const read = await readWhole(await open(secret(), { tls: { ca } }), parts);
      expect(read.rows).toHaveLength(20);
    });

    test('or is not talked to', async () => {
      for (const mode of ['', '?sslmode=require', '?sslmode=verify-ca']) {
        const error = await failureOf(await open(secret(mode)), parts);
        expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
        expect(error.message).toContain('tls.ca');
      }
    });

    test('under its own name, or one that the source names', async () => {
      const other = { tls: { ca, server_name: 'db.dealer.example' } };
      expect(await failureOf(await open(secret(), other), parts)).toMatchObject({ code: 'CONFIG_ERROR' });
      const authorityAlone = await readWhole(await open(secret('?sslmode=verify-ca'), other), parts);
      expect(authorityAlone.rows).toHaveLength(20);
      const named = { tls: { ca, server_name: '127.0.0.1' } };
      expect((await readWhole(await open(secret(), named), parts)).rows).toHaveLength(20);
    });
  });

  describe('is only read', () => {
    const run = async (sql: string) => {
      const connection = await open(secret(), { tls: { ca }, queries: { q: sql } });
      return await failureOf(connection, queryOf({ query: 'q' }));
    };

    test('also by a login that could write, whatever a query calls', async () => {
      for (const sql of ['SELECT sneaky() AS id', "SELECT nextval('counter') AS id"]) {
        expect(await run(sql)).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
      }
      const [count] = (await (await server.connect(database)).query('SELECT count(*) AS n FROM parts')).rows;
      expect(count).toEqual({ n: '20' });
    });

    test('in one statement, which a query can not leave', async () => {
      const error = await run('SELECT 1 AS id) AS q) AS r -- ');
      expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    });

    test('and a check warns of a login that could do more', async () => {
      const connection = await open(secret(), { tls: { ca } });
      expect(findingsOf(await connection.check([parts], signal), 'privileges')).toEqual([
        expect.objectContaining({ level: 'warning', detail: expect.stringContaining('superuser') }),
      ]);
      const admin = await server.connect(database);
      await admin.query("CREATE ROLE writer LOGIN PASSWORD 'wr1ter'; GRANT SELECT, UPDATE ON parts TO writer");
      const writer = await open(secret().replace(/\/\/.*@/, '//writer:wr1ter@'), { tls: { ca } });
      expect(findingsOf(await writer.check([parts], signal), 'privileges')).toEqual([
        expect.objectContaining({ level: 'warning', detail: expect.stringContaining('public.parts') }),
      ]);
    });
  });

  test('may have any names', async () => {
    const connection = await open(secret(), { tls: { ca } });
    const query = queryOf({ table: '"od""d"."ta.ble"' }, { key: ['i d'] });
    const { rows } = await readWhole(connection, query);
    expect(rows.map(Object.entries)).toEqual([
      [
        ['i d', 1],
        ['q"uote', 'a'],
        ['__proto__', 'b'],
      ],
    ]);
  });

  test('hides columns that the login may not read, and names one that is needed', async () => {
    const admin = await server.connect(database);
    await admin.query(`CREATE TABLE secretive (id int PRIMARY KEY, note text, pay text); INSERT INTO secretive VALUES (1, 'a', 'b');
      CREATE ROLE half LOGIN PASSWORD 'h4lf'; GRANT SELECT (id, note) ON secretive TO half`);
    const connection = await open(secret().replace(/\/\/.*@/, '//half:h4lf@'), { tls: { ca } });
    expect((await readWhole(connection, queryOf({ table: 'secretive' }))).rows).toEqual([{ id: 1, note: 'a' }]);
    expect(await failureOf(connection, queryOf({ table: 'secretive' }, { needed: [['pay']] }))).toMatchObject({
      code: 'MAPPING_ERROR',
      message: expect.stringContaining('pay'),
    });
    expect(await failureOf(connection, parts)).toMatchObject({
      code: 'AUTH_FAILED',
      message: expect.stringContaining('GRANT SELECT ON "public"."parts"'),
    });
  });

  test('that has no room for more connections is tried again later', async () => {
    const admin = await server.connect(database);
    await admin.query(`CREATE ROLE single LOGIN PASSWORD 's1ngle' CONNECTION LIMIT 0; GRANT SELECT ON parts TO single`);
    const connection = await open(secret().replace(/\/\/.*@/, '//single:s1ngle@'), { tls: { ca } });
    expect(await failureOf(connection, parts)).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
  });

  test('whose database does not exist parks', async () => {
    const connection = await open(secret().replace(/[^/]*$/, 'nowhere'), { tls: { ca } });
    expect(await failureOf(connection, parts)).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
  });

  test('whose view can not be computed parks, and says so', async () => {
    const admin = await server.connect(database);
    await admin.query('CREATE VIEW broken AS SELECT id, 1 / (id - 3) AS ratio FROM parts');
    const connection = await open(secret(), { tls: { ca } });
    expect(await failureOf(connection, queryOf({ table: 'broken' }))).toMatchObject({
      code: 'DATA_ERROR',
      disposition: 'park',
      message: expect.stringContaining('division by zero'),
    });
  });

  test('that repeats a whole value in its error is not repeated at such length', async () => {
    const queries = { wide: `SELECT 1 AS id, repeat('x', 1000000)::text::int AS n FROM parts` };
    const error = await failureOf(await open(secret(), { tls: { ca }, queries }), queryOf({ query: 'wide' }));
    expect(error).toMatchObject({ code: 'DATA_ERROR', message: expect.stringContaining('Mend the view') });
    expect(error.message.length).toBeLessThan(1_000);
  });

  test('whose view is filled later is tried again', async () => {
    const admin = await server.connect(database);
    await admin.query('CREATE MATERIALIZED VIEW later AS SELECT id FROM parts WITH NO DATA');
    const connection = await open(secret(), { tls: { ca } });
    const error = await failureOf(connection, queryOf({ table: 'later' }));
    expect(error).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    expect(error.message).toContain('has not been populated');
    await admin.query('REFRESH MATERIALIZED VIEW later');
    expect((await readWhole(connection, queryOf({ table: 'later' }))).rows).toHaveLength(20);
  });

  test('that alters something under a statement is tried again', () => {
    const error = Object.assign(new Error('could not open relation with OID 16384'), { code: 'XX000' });
    expect(postgresFailure(error)).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
  });

  test('stops what nobody waits for any more, also where it has no connection left to be told so', async () => {
    const admin = await server.connect(database);
    await admin.query(`CREATE ROLE lonely LOGIN PASSWORD 'l0nely' CONNECTION LIMIT 1`);
    const queries = { slow: 'SELECT 1 AS id, pg_sleep(100)::text AS s' };
    const connection = await open(secret().replace(/\/\/.*@/, '//lonely:l0nely@'), { tls: { ca }, queries });
    const controller = new AbortController();
    const read = { mode: 'all', state: { reads: 'all' }, isBackfill: false } as const;
    const pulling = connection.pull(queryOf({ query: 'slow' }), read, undefined, 1, controller.signal);
    const count = async () => {
      const running = `SELECT FROM pg_stat_activity WHERE usename = 'lonely' AND query LIKE '%pg_sleep%LIMIT 2'`;
      return (await admin.query(running)).rowCount ?? 0;
    };
    await until('the statement runs', async () => (await count()) > 0);
    controller.abort(new Error('enough'));
    await expect(pulling).rejects.toEqual(new Error('enough'));
    await until('the statement ends', async () => (await count()) === 0);
  });

  test('is read with the tables that inherit from one, whose rows may have the same key', async () => {
    const admin = await server.connect(database);
    await admin.query(`CREATE TABLE elder (id int PRIMARY KEY); CREATE TABLE younger () INHERITS (elder);
      INSERT INTO elder VALUES (1), (2); INSERT INTO younger VALUES (2), (3)`);
    const connection = await open(secret(), { tls: { ca } });
    expect(await failureOf(connection, queryOf({ table: 'elder' }))).toMatchObject({ code: 'CONFIG_ERROR' });
  });

  test('that is closed under a statement ends at once', async () => {
    const connection = await open(secret(), {
      tls: { ca },
      queries: { slow: 'SELECT 1 AS id, pg_sleep(600)::text AS s' },
    });
    const reading = failureOf(connection, queryOf({ query: 'slow' }));
    const admin = await server.connect(database);
    await until('the statement runs', async () => {
      const running = `SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT%pg_sleep%LIMIT 1001' AND state = 'active'`;
      return ((await admin.query(running)).rowCount ?? 0) > 0;
    });
    await connection.close();
    expect(await reading).toMatchObject({ code: 'NETWORK_ERROR' });
  });

  describe('as a key: pages of one row find every row once, in the order of the database', () => {
    const kinds: readonly (readonly [string, readonly string[]])[] = [
      ['smallint', ['-32768', '0', '32767']],
      ['bigint', ['-9223372036854775808', '9007199254740992', '9007199254740993']],
      ['oid', ['0', '4294967295']],
      ['numeric', ['-0.0000000001', '0', '1.50', '12345678901234567890.0000000001', "'NaN'"]],
      ['numeric(30,2)', ['-1', '0.01', '12345678901234567890.01']],
      ['real', ["'-Infinity'", '-0.1', '0', '0.1', '0.3', '16777217', '3.4e38', "'Infinity'", "'NaN'"]],
      ['double precision', ["'-Infinity'", '-0.1', '0.1', '0.30000000000000004', '0.3', "'NaN'"]],
      ['boolean', ['false', 'true']],
      ['timestamptz', ["'-infinity'", "'0044-03-15 12:00:00+00 BC'", "'2026-01-01 00:00:00.000001+02'", "'infinity'"]],
      ['timestamp', ["'-infinity'", "'2026-01-01'", "'2026-01-01 00:00:00.000001'", "'12026-01-01'"]],
      ['date', ["'-infinity'", "'0044-03-15 BC'", "'2026-02-28'", "'12026-01-01'", "'infinity'"]],
      ['time', ["'00:00'", "'09:00:00.000001'", "'24:00:00'"]],
      ['timetz', ["'09:00:00+02'", "'09:00:00-02'", "'07:00:00+00'"]],
      ['interval', ["'-1 day'", "'1 month'", "'31 days'", "'1 day 02:03:04.5'"]],
      ['text', ["''", "' '", "'a'", "'a '", "'A'", "'Ä'", "'🛠'", "E'it''s \\\\ $1'"]],
      ['char(5)', ["''", "'a'", "'ab'", "'B'"]],
      ['bpchar', ["'a'", "'b'"]],
      ['name', ["'a'", "'B'"]],
      ['uuid', ["'00000000-0000-1000-8000-000000000002'", "'f0000000-0000-1000-8000-000000000001'"]],
      ['bytea', ["''", "'\\x00'", "'\\x0000'", "'\\xff27'"]],
      ['"a mood"', ["'zero'", "'alpha'", "'middle'"]],
      ['percent', ['1', '1.5']],
    ];

    beforeAll(async () => {
      const admin = await server.connect(database);
      await admin.query(`CREATE TYPE "a mood" AS ENUM ('zero', 'alpha', 'middle'); CREATE DOMAIN percent AS numeric`);
    });

    test.each(kinds)('%s', async (type, literals) => {
      const admin = await server.connect(database);
      await admin.query(`DROP TABLE IF EXISTS keyed; CREATE TABLE keyed (k ${type} PRIMARY KEY, nr int)`);
      const values = literals.map((literal, i) => `(${literal}, ${i})`).join(', ');
      await admin.query(`INSERT INTO keyed VALUES ${values}`);
      const { rows } = await admin.query('SELECT nr FROM keyed ORDER BY k');
      const connection = await open(secret(), { tls: { ca }, queries: { q: 'SELECT * FROM keyed' } });
      for (const target of [{ table: 'keyed' }, { query: 'q' }]) {
        const read = readWhole(connection, queryOf(target, { key: ['k'] }), { mode: 'all', pageRows: 1 });
        expect(fieldOf((await read).rows, 'nr')).toEqual(rows.map(({ nr }) => Number(nr)));
      }
    });
  });

  test('orders by collations of its own, also one that calls texts equal that differ', async () => {
    const admin = await server.connect(database);
    await admin.query(`CREATE COLLATION folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TABLE folding (id text COLLATE folded, nr numeric);
      INSERT INTO folding VALUES ('a', 1), ('A', 1), ('a', 1.0), ('A', 1.00), ('B', 1), ('b', 1), ('ä', 1)`);
    const connection = await open(secret(), { tls: { ca } });
    for (const pageRows of [1, 2, 3]) {
      const { rows } = await readWhole(connection, queryOf({ table: 'folding' }, { key: ['id', 'nr'] }), {
        mode: 'all',
        pageRows,
      });
      expect(rows.map(({ id, nr }) => `${id}${nr}`).toSorted()).toEqual([
        'A1',
        'A1.00',
        'B1',
        'a1',
        'a1.0',
        'b1',
        'ä1',
      ]);
    }
  });
});
