import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection } from '../../shared/connectors/connector.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { describeWith } from '../helpers/describeWith.ts';
import { hasMariadb, mariadbAdvice } from '../helpers/mariadb.ts';
import { startMysqlWorld } from '../helpers/mysqlWorld.ts';
import { fieldOf, openWorld, type QueryOptions, queryOf, readWhole, type SqlWorld } from '../helpers/sqlWorld.ts';

describeWith(hasMariadb ? undefined : mariadbAdvice, 'types of MySQL', () => {
  let world: SqlWorld;
  let tables = 0;
  const opened: Connection[] = [];

  beforeAll(async () => {
    world = await startMysqlWorld();
  });
  afterEach(async () => {
    for (const connection of opened.splice(0)) await connection.close();
  });
  afterAll(() => world?.stop());

  async function open(settings: JsonObject = {}) {
    const connection = await openWorld(world, { settings });
    opened.push(connection);
    return connection;
  }

  /** A table with `nr` 1, 2, … beside each of the values. */
  async function tableOf(type: string, literals: readonly string[], keys = 'PRIMARY KEY (k)'): Promise<string> {
    const table = `k${++tables}`;
    await world.create(table, { id: 'id' });
    await world.run(`ALTER TABLE ${table} CHANGE id nr INT, ADD k ${type} NOT NULL, ADD ${keys}`);
    await world.run(
      `INSERT INTO ${table} (nr, k) VALUES ${literals.map((text, i) => `(${i + 1}, ${text})`).join(', ')}`,
    );
    return table;
  }

  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  const sorted = (values: readonly unknown[]) => values.map(Number).sort((a, b) => a - b);

  describe('as a key: pages of one row find every row once, in the order of the database', () => {
    const kinds: readonly (readonly [string, readonly string[]])[] = [
      ['TINYINT', ['-128', '-1', '0', '1', '127']],
      ['INT UNSIGNED', ['0', '1', '4294967295']],
      ['BIGINT UNSIGNED', ['0', '9007199254740992', '9007199254740993', '18446744073709551615']],
      ['BIGINT', ['-9223372036854775808', '9007199254740992', '9007199254740993']],
      ['INT(6) ZEROFILL', ['0', '7', '42', '1000000']],
      ['DECIMAL(30,10)', ["'-0.0000000001'", "'0'", "'12345678901234567890.0000000001'", "'12345678901234567890'"]],
      ['BIT(40)', ["b'0'", "b'1'", '0xFFFFFFFFFF']],
      ['YEAR', ['1901', '2026', '0']],
      ['DATE', ["'0000-00-00'", "'1000-01-01'", "'2026-02-28'", "'9999-12-31'"]],
      ['DATETIME(6)', ["'0000-00-00'", "'2026-01-01 00:00:00.000001'", "'2026-01-01'", "'9999-12-31 23:59:59.999999'"]],
      ['DATETIME', ["'2026-01-01'", "'2026-01-01 00:00:01'"]],
      ['TIMESTAMP(6)', ["'1970-01-01 00:00:01'", "'2026-03-29 01:30:00.5'", "'2038-01-19 03:14:07.999999'"]],
      ['TIME(3)', ["'-838:59:59'", "'-00:00:00.001'", "'00:00:00'", "'10:00:00'", "'100:00:00'", "'9:00:00'"]],
      ['CHAR(5)', ["''", "'a'", "'ab'", "'B'", "'ß'", "'z'"]],
      ['VARCHAR(50)', ["''", "'Ä1'", "'a2'", "'A10'", "'œuvre'", "'🛠'", "'漢'", "'it''s \\\\ %'"]],
      ['VARCHAR(50) CHARACTER SET latin1 COLLATE latin1_german2_ci', ["'Ärger'", "'Afrika'", "'Zug'", "'ß1'"]],
      ['VARCHAR(50) COLLATE utf8mb4_bin', ["'a'", "'A'", "'Ä'", "'ä'"]],
      ['VARCHAR(700)', ["REPEAT('x', 700)", "CONCAT(REPEAT('x', 699), 'a')", "CONCAT(REPEAT('x', 699), 'z')"]],
      ['BINARY(3)', ['0x00', '0x0000FF', '0xFF', '0x27']],
      ['VARBINARY(10)', ["x''", '0x00', '0x0000', '0xFF', '0x5C27']],
      // Sorted by their places, which no comparison of texts knows.
      ["ENUM('zero','alpha','middle')", ["'zero'", "'alpha'", "'middle'"]],
      ["SET('z','y','x')", ["''", "'z'", "'y'", "'x'", "'z,x'"]],
      // In MariaDB's order the last digits are not the last.
      [
        'UUID',
        [
          "'00000000-0000-1000-8000-000000000002'",
          "'00000000-0000-2000-8000-000000000001'",
          "'f0000000-0000-1000-8000-000000000001'",
        ],
      ],
      ['INET6', ["'::1'", "'::ffff:10.0.0.9'", "'fe80::1'", "'::ffff:9.0.0.10'"]],
      ['INET4', ["'10.0.0.9'", "'9.0.0.10'"]],
    ];

    test.each(kinds)('%s', async (type, literals) => {
      const table = await tableOf(type, literals);
      const connection = await open();
      const read = (pageRows: number) =>
        readWhole(connection, queryOf({ table: world.tableSetting(table) }, { key: ['k'] }), { mode: 'all', pageRows });
      const whole = await read(100);
      expect(sorted(fieldOf(whole.rows, 'nr'))).toEqual(numbers(literals.length));
      expect((await read(1)).rows).toEqual(whole.rows);
    });

    test.each(kinds)('%s, of a query', async (type, literals) => {
      const table = await tableOf(type, literals);
      const connection = await open({ queries: { q: `SELECT * FROM ${world.tableSetting(table)}` } });
      const read = (pageRows: number) =>
        readWhole(connection, queryOf({ query: 'q' }, { key: ['k'] }), { mode: 'all', pageRows });
      const whole = await read(100);
      expect(sorted(fieldOf(whole.rows, 'nr'))).toEqual(numbers(literals.length));
      expect((await read(1)).rows).toEqual(whole.rows);
    });

    test('that only differs in case, accents or spaces behind, where nothing keeps it unique', async () => {
      const literals = ["'a'", "'A'", "'á'", "'a '", "'b'", "'B'"];
      for (const type of ['VARCHAR(20)', 'VARCHAR(20) CHARACTER SET latin1', 'VARCHAR(20) COLLATE utf8mb4_bin']) {
        const table = await tableOf(type, literals, 'KEY (k)');
        const connection = await open();
        const wanted = queryOf({ table: world.tableSetting(table) }, { key: ['k'] });
        for (const pageRows of [1, 2, 4]) {
          const { rows } = await readWhole(connection, wanted, { mode: 'all', pageRows });
          expect(sorted(fieldOf(rows, 'nr'))).toEqual(numbers(literals.length));
        }
      }
    });

    test('is refused where it could only be compared by its beginning', async () => {
      const table = await tableOf('LONGTEXT', ["'x'"], 'KEY (k(10))');
      const wanted = queryOf({ table: world.tableSetting(table) }, { key: ['k'] });
      await expect(readWhole(await open(), wanted, { mode: 'all' })).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    });
  });

  describe('as a cursor: pages go on after it, and reads from it', () => {
    const day = (i: number) => `2026-05-${String(i).padStart(2, '0')}`;
    test.each<[string, (i: number) => string, QueryOptions]>([
      ['TIMESTAMP(6)', (i) => `'${day(i)} 12:00:00.00000${i % 3}'`, {}],
      ['TIMESTAMP', (i) => `'${day(i)} 12:00:00'`, {}],
      ['DATETIME(3)', (i) => `'${day(i)} 12:00:00.00${i % 3}'`, { zone: 'America/New_York' }],
      ['DATE', (i) => `'${day(i)}'`, {}],
      ['INT UNSIGNED', (i) => `${i}`, { kind: 'monotonic_id', overlapIds: 100 }],
      ['BIGINT UNSIGNED', (i) => `1844674407370955160${i % 10}`, { kind: 'monotonic_id', overlapIds: 1 }],
      ['DECIMAL(20,0)', (i) => `${i}`, { kind: 'monotonic_id', overlapIds: 0 }],
    ])('%s', async (type, literal, options) => {
      const table = await tableOf(type, numbers(9).map(literal));
      const queries = { q: `SELECT nr, k FROM ${world.tableSetting(table)}` };
      const connection = await open({ queries });
      for (const target of [{ table: world.tableSetting(table) }, { query: 'q' }]) {
        const wanted = queryOf(target, { key: ['nr'], cursor: 'k', overlapSeconds: 86_400, ...options });
        const first = await readWhole(connection, wanted, { pageRows: 2 });
        expect(fieldOf(first.rows, 'nr')).toEqual(numbers(9));
        expect(first.cursor).toBeDefined();
        const again = await readWhole(connection, wanted, { cursor: first.cursor, pageRows: 1 });
        expect(fieldOf(again.rows, 'nr')).toContain(9);
        expect(again.rows.length).toBe(options.overlapIds === 100 ? 9 : options.overlapIds === 0 ? 1 : 2);
      }
    });
  });

  test('that only MariaDB has are read as texts, its JSON as JSON, its zero dates as nothing', async () => {
    const table = await tableOf('INT', ['1']);
    await world.run(
      `ALTER TABLE ${table} ADD u UUID, ADD i4 INET4, ADD i6 INET6, ADD j JSON, ADD t LONGTEXT COLLATE utf8mb4_bin, ADD d DATETIME`,
    );
    await world.run(
      `UPDATE ${table} SET u = 'B1CB7490-e4da-11f1-88ab-02fc00000001', i4 = '10.0.0.1', i6 = '::1', j = '[1]', t = '[1]', d = '0000-00-00'`,
    );
    const queries = { q: `SELECT * FROM ${world.tableSetting(table)}` };
    const connection = await open({ queries });
    for (const target of [{ table: world.tableSetting(table) }, { query: 'q' }]) {
      const { rows } = await readWhole(connection, queryOf(target, { key: ['k'] }), { mode: 'all' });
      expect(rows).toEqual([
        {
          nr: 1,
          k: 1,
          u: 'b1cb7490-e4da-11f1-88ab-02fc00000001',
          i4: '10.0.0.1',
          i6: '::1',
          j: [1],
          t: '[1]',
          d: null,
        },
      ]);
    }
  });
});
