import { randomBytes } from 'node:crypto';
import sql from 'mssql';
import type { Fault } from '../../local/sqlServer/faults.ts';
import { readConnectionString } from '../../shared/connectors/sql/mssql/connectionString.ts';
import { mssql } from '../../shared/connectors/sql/mssql.ts';
import { connectionString } from './mssqlSource.ts';
import { passwords, startTestSqlServer } from './sqlServer.ts';
import { definitionOf, type SqlWorld, type TypeExample } from './sqlWorld.ts';

/** For whoever sees that the suite against a real server was skipped. */
export const mssqlAdvice =
  'No SQL Server here: this suite is skipped, and SQL Server’s own semantics are not proven (the suite "mssql, the local ' +
  'stand-in" proves the protocol and the connector). Point MSSQL_TEST_URL at a server of which the tests may do what they ' +
  'like: Server=localhost,1433;User Id=sa;Password=…;TrustServerCertificate=true';

const types: Readonly<Record<string, string>> = {
  id: 'int',
  number: 'bigint',
  text: 'nvarchar(100)',
  decimal: 'decimal(10,2)',
  local: 'datetime2(7)',
  moment: 'datetimeoffset(7)',
};

/** The first is the key. */
const examples: readonly TypeExample[] = [
  { type: 'bigint', literal: '9223372036854775807', value: '9223372036854775807' },
  { type: 'tinyint', literal: '255', value: 255 },
  { type: 'smallint', literal: '-32768', value: -32_768 },
  { type: 'int', literal: '-2147483648', value: -2_147_483_648 },
  { type: 'bit', literal: '1', value: true },
  { type: 'bit', literal: '0', value: false },
  {
    type: 'decimal(38,10)',
    literal: "'-1234567890123456789012345678.0123456789'",
    value: '-1234567890123456789012345678.0123456789',
  },
  { type: 'numeric(18,0)', literal: '900719925474099312', value: '900719925474099312' },
  { type: 'money', literal: "'-922337203685477.5808'", value: '-922337203685477.5808' },
  { type: 'smallmoney', literal: "'214748.3647'", value: '214748.3647' },
  { type: 'float', literal: '0.1', value: 0.1 },
  { type: 'float', literal: "'1.7976931348623157e308'", value: 1.7976931348623157e308 },
  { type: 'real', literal: '0.1', value: 0.1 },
  { type: 'nvarchar(50)', literal: "N'Ölfilter\\''漢字 🛠'", value: "Ölfilter\\'漢字 🛠" },
  { type: 'nvarchar(max)', literal: "N''", value: '' },
  { type: 'nchar(4)', literal: "N'ab  '", value: 'ab  ' },
  { type: 'varchar(50)', literal: "'plain é'", value: 'plain é' },
  { type: 'xml', literal: `N'<a b="1">ž</a>'`, value: '<a b="1">ž</a>' },
  { type: 'datetime2(7)', literal: "'9999-12-31T23:59:59.9999999'", value: '9999-12-31T23:59:59.9999999' },
  { type: 'datetime2(7)', literal: "'0001-01-01T00:00:00'", value: '0001-01-01T00:00:00.0000000' },
  { type: 'datetime2(3)', literal: "'2024-05-06T07:08:09.987'", value: '2024-05-06T07:08:09.987' },
  { type: 'datetime2(0)', literal: "'2024-05-06T07:08:09'", value: '2024-05-06T07:08:09' },
  { type: 'datetime', literal: "'2024-05-06T07:08:09.127'", value: '2024-05-06T07:08:09.127' },
  { type: 'datetime', literal: "'2024-05-06T07:08:09'", value: '2024-05-06T07:08:09' },
  { type: 'smalldatetime', literal: "'2024-05-06T07:08:00'", value: '2024-05-06T07:08:00' },
  {
    type: 'datetimeoffset(7)',
    literal: "'2024-05-06 01:08:09.1234567 +02:00'",
    value: '2024-05-05T23:08:09.1234567Z',
  },
  { type: 'datetimeoffset(0)', literal: "'2024-05-06 07:08:09 -05:30'", value: '2024-05-06T12:38:09Z' },
  { type: 'date', literal: "'2024-02-29'", value: '2024-02-29' },
  { type: 'time(7)', literal: "'23:59:59.9999999'", value: '23:59:59.9999999' },
  { type: 'time(0)', literal: "'07:08:09'", value: '07:08:09' },
  {
    type: 'uniqueidentifier',
    literal: "'6f9619ff-8b86-d011-b42d-00c04fc964ff'",
    value: '6F9619FF-8B86-D011-B42D-00C04FC964FF',
  },
  { type: 'varbinary(10)', literal: '0xDEADBEEF00FF', value: '3q2+7wD/' },
  { type: 'varbinary(max)', literal: '0x', value: '' },
  { type: 'nvarchar(10)', literal: 'NULL', value: null },
];

/** Which the stand-in doesn't have. */
const realExamples: readonly TypeExample[] = [
  { type: 'varchar(50)', literal: "'plain €'", value: 'plain €' },
  { type: 'hierarchyid', literal: "'/1/2/'", value: '/1/2/' },
  { type: 'geography', literal: "'POINT (1 2)'", value: 'POINT (1 2)' },
  { type: 'sysname', literal: "N'dbo'", value: 'dbo' },
  { type: 'varchar(20) COLLATE Cyrillic_General_CI_AS', literal: "N'Фильтр'", value: 'Фильтр' },
  { type: 'text', literal: "'old'", value: 'old' },
  { type: 'image', literal: '0x0102', value: 'AQI=' },
];

/** What both servers do in the same way, said by somebody who may do everything. */
function tablesOf(admin: sql.ConnectionPool) {
  const run = async (text: string) => {
    await admin.request().batch(text);
  };
  return {
    connector: mssql,
    tableSetting: (table: string) => `dbo.${table}`,
    run,
    async create(table, columns, primaryKey) {
      await run(`CREATE TABLE dbo.${table} (${definitionOf(types, columns, primaryKey)})`);
    },
    async insert(table, rows) {
      const names = Object.keys(rows[0] ?? {});
      // It takes 2,100 parameters, and 1,000 rows.
      const step = Math.min(1_000, Math.floor(2_000 / Math.max(1, names.length)));
      for (let at = 0; at < rows.length; at += step) {
        const request = admin.request();
        const lines = rows.slice(at, at + step).map((row, r) => {
          const parameters = names.map((name, c) => {
            const value = row[name] ?? null;
            request.input(`p${r}_${c}`, sql.NVarChar(200), value === null ? null : String(value));
            return `@p${r}_${c}`;
          });
          return `(${parameters.join(', ')})`;
        });
        await request.query(`INSERT INTO dbo.${table} (${names.join(', ')}) VALUES ${lines.join(', ')}`);
      }
    },
    async createExamples(table, wanted) {
      const names = wanted.map((_, index) => `c${index}`);
      const columns = wanted.map(({ type }, index) => `c${index} ${type}${index === 0 ? ' NOT NULL PRIMARY KEY' : ''}`);
      await run(`CREATE TABLE dbo.${table} (${columns.join(', ')})`);
      const literals = wanted.map(({ literal }) => literal);
      await run(`INSERT INTO dbo.${table} (${names.join(', ')}) VALUES (${literals.join(', ')})`);
    },
    fractionDigits: 7,
    foldsCase: true,
  } satisfies Partial<SqlWorld>;
}

/**
 * The local stand-in. What it has no notion of (locks that keep readers out, privileges of a table) is made to fail as it
 * would: the suite proves what the connector makes of it.
 */
export async function startLocalMssqlWorld(): Promise<SqlWorld> {
  const server = await startTestSqlServer();
  const admin = await server.connect({ user: 'owner', password: passwords.owner, pool: { max: 1 } });
  const faults = new Map<RegExp, Fault>([[/slowly/, { kind: 'slow', delayMs: 120_000 }]]);
  server.setFault((context) => {
    if (context.user !== 'reader') return undefined;
    return [...faults].find(([pattern]) => pattern.test(context.sql))?.[1];
  });
  const readers = () => server.sessions.filter(({ user }) => user === 'reader');
  const from = (table: string) => new RegExp(`FROM dbo \\. ${table}\\b`);
  return {
    ...tablesOf(admin),
    secret: connectionString(server),
    settings: { tls: { ca: server.authority.certificate } },
    examples,
    slowQuery: "SELECT 1 AS id, N'slowly' AS slept",
    wideRow: undefined,
    running: async () => readers().filter(({ statement }) => statement?.includes('slowly')).length,
    connections: async () => readers().length,
    kill: async () => server.kill('reader'),
    async lock(table) {
      const pattern = from(table);
      faults.set(pattern, { kind: 'error', number: 1222 });
      return async () => {
        faults.delete(pattern);
      };
    },
    async revoke(table) {
      const message = `The SELECT permission was denied on the object '${table}', database 'dms', schema 'dbo'.`;
      faults.set(from(table), { kind: 'error', number: 229, message });
    },
    secrets: {
      wrongPassword: connectionString(server, 'Password=not the one 123'),
      nobodyThere: connectionString({ port: 1 }),
    },
    untrusted: { secret: connectionString(server), settings: {} },
    secretTexts: [passwords.reader, 'not the one 123'],
    stop: () => server.stop(),
  };
}

/** A database and a login of their own at a real server. @param url of somebody who may do everything there */
export async function startRealMssqlWorld(url: string): Promise<SqlWorld> {
  const { server, port, user, password, encrypt, trustsAnyCertificate } = readConnectionString(url);
  const connect = (database: string) =>
    new sql.ConnectionPool({
      server,
      ...(port !== undefined && { port }),
      user,
      password,
      database,
      pool: { max: 1 },
      options: { encrypt, trustServerCertificate: trustsAnyCertificate },
    }).connect();
  const master = await connect('master');
  const suffix = randomBytes(4).toString('hex');
  const [database, login] = [`adp_test_${suffix}`, `adp_reader_${suffix}`];
  const secret = `pä$$;w0rd ${randomBytes(8).toString('hex')}`;
  await master.request().batch(`CREATE DATABASE ${database}`);
  await master.request().batch(`ALTER DATABASE ${database} SET ALLOW_SNAPSHOT_ISOLATION ON`);
  await master.request().batch(`CREATE LOGIN ${login} WITH PASSWORD = N'${secret}', DEFAULT_DATABASE = ${database}`);
  const admin = await connect(database);
  await admin.request().batch(`CREATE USER ${login} FOR LOGIN ${login}`);
  await admin.request().batch(`GRANT SELECT, VIEW CHANGE TRACKING ON SCHEMA::dbo TO ${login}`);
  const secretOf = (withPassword: string, more = '', atPort = port) =>
    `Server=${server}${atPort === undefined ? '' : `,${atPort}`};Database=${database};User Id=${login};` +
    `Password="${withPassword}";Encrypt=${encrypt};TrustServerCertificate=${trustsAnyCertificate};${more}`;
  const ask = async (text: string): Promise<number[]> => {
    const { recordset } = await master.request().query<{ n: number }>(text);
    return recordset.map(({ n }) => Number(n));
  };
  const sessions = `FROM sys.dm_exec_sessions AS s WHERE s.login_name = '${login}'`;
  const kill = async () => {
    for (const id of await ask(`SELECT s.session_id AS n ${sessions}`)) await master.request().batch(`KILL ${id}`);
  };
  return {
    ...tablesOf(admin),
    secret: secretOf(secret),
    settings: {},
    examples: [...examples, ...realExamples],
    slowQuery: `SELECT 1 AS id, COUNT_BIG(*) AS slept FROM sys.all_columns AS a CROSS JOIN sys.all_columns AS b
      CROSS JOIN sys.all_columns AS c`,
    wideRow: `SELECT TOP (60) CAST(ROW_NUMBER() OVER (ORDER BY object_id) AS int) AS id,
      REPLICATE(CAST('x' AS varchar(max)), 1000000) AS filler FROM sys.all_objects`,
    running: async () => (await ask(`SELECT COUNT(*) AS n ${sessions} AND s.status = 'running'`))[0] ?? 0,
    connections: async () => (await ask(`SELECT COUNT(*) AS n ${sessions}`))[0] ?? 0,
    kill,
    async lock(table) {
      // Of the schema: by row versions readers pass all other locks.
      const transaction = new sql.Transaction(admin);
      await transaction.begin();
      await new sql.Request(transaction).batch(`ALTER TABLE dbo.${table} ADD locked int`);
      return () => transaction.rollback();
    },
    async revoke(table) {
      await admin.request().batch(`DENY SELECT ON dbo.${table} TO ${login}`);
    },
    secrets: {
      wrongPassword: secretOf('not the one 123'),
      nobodyThere: secretOf(secret, '', 1),
    },
    untrusted: trustsAnyCertificate
      ? { secret: secretOf(secret, 'TrustServerCertificate=false'), settings: {} }
      : undefined,
    secretTexts: [secret, 'not the one 123'],
    async stop() {
      await kill();
      await admin.close();
      await master.request().batch(`ALTER DATABASE ${database} SET SINGLE_USER WITH ROLLBACK IMMEDIATE`);
      await master.request().batch(`DROP DATABASE ${database}`);
      await master.request().batch(`DROP LOGIN ${login}`);
      await master.close();
    },
  };
}
