import { randomBytes } from 'node:crypto';
import { mysql } from '../../shared/connectors/sql/mysql.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';
import { startMariadb, type TestMariadb } from './mariadb.ts';
import { mysqlUrl } from './mysqlSource.ts';
import { definitionOf, type SqlWorld, type TypeExample } from './sqlWorld.ts';

const types: Readonly<Record<string, string>> = {
  id: 'INT',
  number: 'BIGINT',
  text: 'VARCHAR(100)',
  decimal: 'DECIMAL(10,2)',
  local: 'DATETIME(6)',
  moment: 'TIMESTAMP(6)',
};

/** The first is the key. What only MariaDB has is elsewhere (test/integration/mysqlTypes). */
const examples: readonly TypeExample[] = [
  { type: 'BIGINT UNSIGNED', literal: '18446744073709551615', value: '18446744073709551615' },
  { type: 'BIGINT', literal: '-9223372036854775808', value: '-9223372036854775808' },
  { type: 'INT UNSIGNED', literal: '4294967295', value: 4294967295 },
  { type: 'SMALLINT', literal: '-32768', value: -32768 },
  { type: 'INT(8) ZEROFILL', literal: '42', value: 42 },
  { type: 'BIGINT(20) ZEROFILL', literal: '42', value: '42' },
  { type: 'TINYINT(1)', literal: '2', value: 2 },
  { type: 'BOOLEAN', literal: 'TRUE', value: 1 },
  { type: 'BIT(1)', literal: "b'1'", value: true },
  { type: 'BIT(1)', literal: "b'0'", value: false },
  { type: 'BIT(64)', literal: '0xFFFFFFFFFFFFFFFF', value: '18446744073709551615' },
  {
    type: 'DECIMAL(65,30)',
    literal: "'-12345678901234567890123456789012345.123456789012345678901234567890'",
    value: '-12345678901234567890123456789012345.123456789012345678901234567890',
  },
  { type: 'DECIMAL(10,2)', literal: "'-0.5'", value: '-0.50' },
  { type: 'DECIMAL(10,2) ZEROFILL', literal: "'12.5'", value: '12.50' },
  { type: 'FLOAT', literal: '0.1', value: 0.1 },
  { type: 'FLOAT', literal: '16777216', value: 16777216 },
  { type: 'FLOAT', literal: '3.4028234663852886e38', value: 3.4028235e38 },
  { type: 'DOUBLE', literal: '0.1e0 + 0.2e0', value: 0.1 + 0.2 },
  // The driver's own reading ends with 605.
  { type: 'DOUBLE', literal: '9.946293016623603e0', value: 9.946293016623603 },
  { type: 'DOUBLE', literal: '-1.7976931348623157e308', value: -Number.MAX_VALUE },
  { type: 'DOUBLE', literal: '2.2250738585072014e-308', value: 2.2250738585072014e-308 },
  { type: 'VARCHAR(100)', literal: "'Ölfilter\\n\\\\\\'漢字 🛠'", value: "Ölfilter\n\\'漢字 🛠" },
  { type: 'VARCHAR(100) CHARACTER SET latin1', literal: "'Größe €'", value: 'Größe €' },
  { type: 'LONGTEXT', literal: "'x'", value: 'x' },
  { type: 'VARCHAR(10)', literal: "'a  '", value: 'a  ' },
  { type: 'VARCHAR(10)', literal: "''", value: '' },
  { type: "ENUM('new','sold')", literal: "'sold'", value: 'sold' },
  { type: "SET('a','b','c')", literal: "'c,a'", value: 'a,c' },
  { type: 'DATETIME(6)', literal: "'2024-05-06 07:08:09.000001'", value: '2024-05-06T07:08:09.000001' },
  { type: 'DATETIME', literal: "'9999-12-31 23:59:59'", value: '9999-12-31T23:59:59' },
  { type: 'DATETIME', literal: "'0000-00-00 00:00:00'", value: null },
  { type: 'TIMESTAMP(6) NULL', literal: "'2024-05-06 07:08:09.123456'", value: '2024-05-06T07:08:09.123456Z' },
  // 02:30 of that day is no time in Berlin, nor in New York two weeks before.
  { type: 'TIMESTAMP NULL', literal: "'2024-03-31 02:30:00'", value: '2024-03-31T02:30:00Z' },
  { type: 'DATE', literal: "'2024-02-29'", value: '2024-02-29' },
  { type: 'DATE', literal: "'0000-00-00'", value: null },
  { type: 'TIME(6)', literal: "'-838:59:59.000001'", value: '-838:59:59.000001' },
  { type: 'YEAR', literal: '2024', value: 2024 },
  { type: 'BINARY(4)', literal: '0x01', value: 'AQAAAA==' },
  { type: 'VARBINARY(10)', literal: '0xDEADBEEF00FF', value: '3q2+7wD/' },
  { type: 'LONGBLOB', literal: "REPEAT('\\0', 100)", value: Buffer.alloc(100).toString('base64') },
  { type: 'JSON', literal: `'{"a": [1, 12345678901234567890, "x", null]}'`, value: { a: [1, big(), 'x', null] } },
  { type: 'POINT', literal: 'POINT(1, 2)', value: 'AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA==' },
  { type: 'TEXT', literal: 'NULL', value: null },
];

function big(): NumberLiteral {
  return new NumberLiteral('12345678901234567890');
}

/** A MariaDB of its own, and a login that can only read. */
export async function startMysqlWorld(): Promise<SqlWorld> {
  const server = await startMariadb();
  try {
    return await worldOf(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function worldOf(server: TestMariadb): Promise<SqlWorld> {
  const database = await server.createDatabase();
  const admin = await server.connect(database);
  await admin.query("SET time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES'");
  const user = `reader_${randomBytes(4).toString('hex')}`;
  const password = `p/w ${randomBytes(8).toString('hex')}`;
  await admin.query(`CREATE USER ${user} IDENTIFIED BY '${password}'`);
  // A login needs something to read in a database to get in.
  await admin.query(`CREATE TABLE something (id INT); GRANT SELECT ON something TO ${user}`);
  const login = { user, password, database };
  const processes = async (where: string): Promise<number[]> => {
    const [rows] = await admin.query(
      `SELECT ID AS id FROM information_schema.PROCESSLIST WHERE USER = '${user}' AND ${where}`,
    );
    return Array.isArray(rows) ? rows.map((row) => Number('id' in row ? row.id : undefined)) : [];
  };
  return {
    connector: mysql,
    secret: mysqlUrl(server, login),
    settings: server.ca === undefined ? {} : { tls: { ca: server.ca } },
    tableSetting: (table) => `${database}.${table}`,
    async create(table, columns, primaryKey) {
      await admin.query(
        `CREATE TABLE ${table} (${definitionOf(types, columns, primaryKey)}); GRANT SELECT ON ${table} TO ${user}`,
      );
    },
    async insert(table, rows) {
      const names = Object.keys(rows[0] ?? {});
      if (rows.length === 0) return;
      const values = rows.map((row) => names.map((name) => toTime(row[name] ?? null)));
      await admin.query(`INSERT INTO ${table} (${names.join(', ')}) VALUES ?`, [values]);
    },
    async run(sql) {
      await admin.query(sql);
      const view = /^CREATE VIEW (\S+)/.exec(sql)?.[1];
      if (view !== undefined) await admin.query(`GRANT SELECT ON ${view} TO ${user}`);
    },
    async createExamples(table, wanted) {
      await admin.query(`CREATE TABLE ${table} (${wanted.map(({ type }, i) => `c${i} ${type}`).join(', ')})`);
      await admin.query(`INSERT INTO ${table} VALUES (${wanted.map(({ literal }) => literal).join(', ')})`);
      await admin.query(`ALTER TABLE ${table} ADD PRIMARY KEY (c0); GRANT SELECT ON ${table} TO ${user}`);
    },
    examples,
    fractionDigits: 6,
    foldsCase: true,
    slowQuery: 'SELECT 1 AS id, SLEEP(120) AS slept',
    wideRow:
      "WITH RECURSIVE n AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM n WHERE id < 60) SELECT id, REPEAT('x', 1000000) AS filler FROM n",
    running: async () => (await processes(`INFO LIKE '%SLEEP%' AND COMMAND <> 'Prepare'`)).length,
    connections: async () => (await processes('TRUE')).length,
    async kill() {
      // One that has ended meanwhile needs no killing.
      for (const id of await processes('TRUE')) await admin.query(`KILL CONNECTION ${id}`).catch(() => undefined);
    },
    async lock(table) {
      const locker = await server.connect(database);
      await locker.query(`LOCK TABLES ${table} WRITE`);
      return async () => {
        await locker.query('UNLOCK TABLES');
      };
    },
    async revoke(table) {
      await admin.query(`REVOKE SELECT ON ${table} FROM ${user}`);
    },
    secrets: {
      wrongPassword: mysqlUrl(server, { ...login, password: 'not the one 123' }),
      nobodyThere: mysqlUrl(server, { ...login, port: 1 }),
    },
    untrusted: server.ca === undefined ? undefined : { secret: mysqlUrl(server, login), settings: {} },
    secretTexts: [password, encodeURIComponent(password), 'not the one 123'],
    stop: async () => {
      await admin.query(`DROP USER IF EXISTS ${user}`).catch(() => undefined);
      await server.stop();
    },
  };
}

/** The session's zone is UTC. */
function toTime<T>(value: T): T | string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*Z$/.test(value) ? value.slice(0, -1) : value;
}
