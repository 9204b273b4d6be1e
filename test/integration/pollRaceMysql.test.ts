import { afterAll, beforeAll, test } from '@jest/globals';
import { mysql } from '../../shared/connectors/sql/mysql.ts';
import { describeWith } from '../helpers/describeWith.ts';
import { hasMariadb, mariadbAdvice, startMariadb, type TestMariadb } from '../helpers/mariadb.ts';
import { mysqlUrl } from '../helpers/mysqlSource.ts';
import { raceOf } from '../helpers/pollRaceTest.ts';
import { seed } from '../helpers/seed.ts';

describeWith(hasMariadb ? undefined : mariadbAdvice, 'a race on MariaDB', () => {
  let server: TestMariadb;
  beforeAll(async () => {
    server = await startMariadb();
  });
  afterAll(() => server?.stop());

  test(`six writers against polls every 200 ms: nothing is lost; every mistake loses rows (SEED=${seed})`, async () => {
    const database = await server.createDatabase();
    const owner = await server.connect(database);
    await owner.query(
      'CREATE TABLE race (id INT PRIMARY KEY, note VARCHAR(50) NOT NULL, modified TIMESTAMP(6) NOT NULL, KEY (modified))',
    );
    const read = async (sql: string): Promise<string[][]> => {
      const [rows] = await owner.query({ sql, rowsAsArray: true });
      return Array.isArray(rows) ? rows.map((row) => Object.values(row).map(String)) : [];
    };
    await raceOf(
      {
        table: 'race',
        now: 'NOW(6)',
        async writer() {
          const connection = await server.connect(database);
          await connection.query("SET time_zone = '+00:00'");
          return (sql) => connection.query(sql);
        },
        clock: async () => String((await read("SELECT DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%d %H:%i:%s')"))[0]?.[0]),
        rows: async () =>
          new Map((await read('SELECT id, note FROM race')).map(([id, note]) => [Number(id), `${note}`])),
      },
      {
        connector: mysql,
        secret: mysqlUrl(server, { database }),
        settings: server.ca === undefined ? {} : { tls: { ca: server.ca } },
      },
    );
  });
});
