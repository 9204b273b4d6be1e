import { randomBytes } from 'node:crypto';
import { postgres } from '../../shared/connectors/sql/postgres.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';
import { startPostgres, type TestPostgres } from './postgres.ts';
import { definitionOf, type SqlWorld, type TypeExample } from './sqlWorld.ts';

const types: Readonly<Record<string, string>> = {
  id: 'integer',
  number: 'bigint',
  text: 'varchar(100)',
  decimal: 'numeric(10,2)',
  local: 'timestamp(6)',
  moment: 'timestamptz(6)',
};

/** The first is the key. */
const examples: readonly TypeExample[] = [
  { type: 'bigint', literal: '9223372036854775807', value: '9223372036854775807' },
  { type: 'smallint', literal: '-32768', value: -32768 },
  { type: 'integer', literal: '2147483647', value: 2147483647 },
  { type: 'numeric', literal: '12345678901234567890.123456789000', value: '12345678901234567890.123456789000' },
  { type: 'numeric(10,2)', literal: '-0.5', value: '-0.50' },
  { type: 'numeric', literal: "'NaN'", value: 'NaN' },
  { type: 'money', literal: "'1234.5'", value: '1234.50' },
  { type: 'real', literal: '0.1', value: 0.1 },
  { type: 'double precision', literal: '0.1::float8 + 0.2::float8', value: 0.1 + 0.2 },
  { type: 'double precision', literal: "'Infinity'", value: 'Infinity' },
  { type: 'boolean', literal: 'true', value: true },
  { type: 'boolean', literal: 'false', value: false },
  { type: 'text', literal: "E'Ölfilter\\n\\\\\\'漢字 🛠'", value: "Ölfilter\n\\'漢字 🛠" },
  { type: 'text', literal: "''", value: '' },
  { type: 'char(5)', literal: "'ab'", value: 'ab   ' },
  { type: 'timestamptz', literal: "'2024-05-06 07:08:09.123456+02'", value: '2024-05-06T05:08:09.123456Z' },
  { type: 'timestamptz', literal: "'2024-05-06 07:08:09+00'", value: '2024-05-06T07:08:09Z' },
  { type: 'timestamptz', literal: "'infinity'", value: 'infinity' },
  { type: 'timestamptz', literal: "'12024-05-06 07:08:09+00'", value: '12024-05-06 07:08:09+00' },
  { type: 'timestamp', literal: "'2024-05-06 07:08:09.000001'", value: '2024-05-06T07:08:09.000001' },
  { type: 'timestamp', literal: "'0044-03-15 12:00:00 BC'", value: '0044-03-15 12:00:00 BC' },
  { type: 'date', literal: "'2024-02-29'", value: '2024-02-29' },
  { type: 'time', literal: "'07:08:09.5'", value: '07:08:09.5' },
  { type: 'timetz', literal: "'07:08:09+02'", value: '07:08:09+02' },
  { type: 'interval', literal: "'1 day 02:03:04'", value: 'P1DT2H3M4S' },
  { type: 'uuid', literal: "'6F9619FF-8B86-D011-B42D-00C04FC964FF'", value: '6f9619ff-8b86-d011-b42d-00c04fc964ff' },
  { type: 'bytea', literal: "'\\xdeadbeef00ff'", value: '3q2+7wD/' },
  { type: 'jsonb', literal: `'{"a": [1, 10.50, "x", null], "__proto__": 1}'`, value: jsonWithProto() },
  { type: 'json', literal: "'12345678901234567890'", value: new NumberLiteral('12345678901234567890') },
  { type: 'integer[]', literal: "'{1,NULL,3}'", value: [1, null, 3] },
  { type: 'text[]', literal: `'{a,"b,c"}'`, value: ['a', 'b,c'] },
  { type: 'bigint[]', literal: "'{9223372036854775807}'", value: [new NumberLiteral('9223372036854775807')] },
  { type: 'xml', literal: "'<a>b</a>'", value: '<a>b</a>' },
  { type: 'inet', literal: "'10.0.0.1/8'", value: '10.0.0.1/8' },
  { type: 'bit(4)', literal: "B'1010'", value: '1010' },
  { type: 'int4range', literal: "'[1,5)'", value: '[1,5)' },
  { type: 'mood', literal: "'ok'", value: 'ok' },
  { type: 'percent', literal: "'12.5'", value: '12.5' },
  { type: 'text', literal: 'NULL', value: null },
];

function jsonWithProto(): unknown {
  return JSON.parse('{"a": [1, 0, "x", null], "__proto__": 1}', (_key, value) =>
    value === 0 ? new NumberLiteral('10.50') : value,
  );
}

/** A PostgreSQL of its own, and a login that can only read. */
export async function startPostgresWorld(): Promise<SqlWorld> {
  const server = await startPostgres();
  try {
    return await worldOf(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function worldOf(server: TestPostgres): Promise<SqlWorld> {
  const database = await server.createDatabase();
  const admin = await server.connect(database);
  const login = `reader_${randomBytes(4).toString('hex')}`;
  const password = `p/w ${randomBytes(8).toString('hex')}`;
  await admin.query(`CREATE ROLE ${login} LOGIN PASSWORD '${password}'`);
  await admin.query(`ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${login}`);
  await admin.query("CREATE TYPE mood AS ENUM ('bad', 'ok'); CREATE DOMAIN percent AS numeric CHECK (VALUE >= 0)");
  const address = new URL(server.url);
  const secretOf = (withPassword: string, port = address.port, options = '') =>
    `postgres://${login}:${encodeURIComponent(withPassword)}@${address.hostname}:${port}/${database}${options}`;
  const activity = async (where: string) => {
    const { rows } = await admin.query(
      `SELECT count(*) AS n FROM pg_stat_activity WHERE usename = '${login}' AND ${where}`,
    );
    return Number(rows[0]?.n);
  };
  const options = server.ca === undefined ? '?sslmode=disable' : '';
  const settings = server.ca === undefined ? {} : { tls: { ca: server.ca } };
  return {
    connector: postgres,
    secret: secretOf(password, address.port, options),
    settings,
    tableSetting: (table) => `public.${table}`,
    async create(table, columns, primaryKey) {
      await admin.query(`CREATE TABLE public.${table} (${definitionOf(types, columns, primaryKey)})`);
    },
    async insert(table, rows) {
      const names = Object.keys(rows[0] ?? {});
      const lines = rows.map((_, r) => `(${names.map((_name, c) => `$${r * names.length + c + 1}`).join(', ')})`);
      if (rows.length === 0) return;
      await admin.query(
        `INSERT INTO public.${table} (${names.join(', ')}) VALUES ${lines.join(', ')}`,
        rows.flatMap((row) => names.map((name) => row[name])),
      );
    },
    async run(sql) {
      await admin.query(sql);
    },
    async createExamples(table, wanted) {
      await admin.query(`CREATE TABLE public.${table} (${wanted.map(({ type }, i) => `c${i} ${type}`).join(', ')})`);
      await admin.query(`INSERT INTO public.${table} VALUES (${wanted.map(({ literal }) => literal).join(', ')})`);
      await admin.query(`ALTER TABLE public.${table} ADD PRIMARY KEY (c0)`);
    },
    examples,
    fractionDigits: 6,
    foldsCase: false,
    slowQuery: 'SELECT 1 AS id, pg_sleep(120)::text AS slept',
    wideRow: "SELECT n AS id, repeat('x', 1000000) AS filler FROM generate_series(1, 60) AS g(n)",
    running: () => activity(`state = 'active' AND query LIKE '%pg_sleep%' AND query NOT LIKE '%LIMIT 0'`),
    connections: () => activity('true'),
    async kill() {
      await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${login}'`);
    },
    async lock(table) {
      const locker = await server.connect(database);
      await locker.query(`BEGIN; LOCK TABLE public.${table} IN ACCESS EXCLUSIVE MODE`);
      return async () => {
        await locker.query('COMMIT');
      };
    },
    async revoke(table) {
      await admin.query(`REVOKE ALL ON public.${table} FROM ${login}`);
    },
    secrets: {
      wrongPassword: secretOf('not the one 123', address.port, options),
      nobodyThere: secretOf(password, '1', options),
    },
    untrusted: server.ca === undefined ? undefined : { secret: secretOf(password), settings: {} },
    secretTexts: [password, encodeURIComponent(password), 'not the one 123'],
    stop: async () => {
      await admin
        .query(`REASSIGN OWNED BY ${login} TO CURRENT_USER; DROP OWNED BY ${login}; DROP ROLE ${login}`)
        .catch(() => undefined);
      await server.stop();
    },
  };
}
