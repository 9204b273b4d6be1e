import { afterAll, beforeAll, test } from '@jest/globals';
import { postgres } from '../../shared/connectors/sql/postgres.ts';
import { describeWith } from '../helpers/describeWith.ts';
import { raceOf } from '../helpers/pollRaceTest.ts';
import { hasPostgres, postgresAdvice, startPostgres, type TestPostgres } from '../helpers/postgres.ts';
import { seed } from '../helpers/seed.ts';

describeWith(hasPostgres ? undefined : postgresAdvice, 'a race on PostgreSQL', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  test(`six writers against polls every 200 ms: nothing is lost; every mistake loses rows (SEED=${seed})`, async () => {
    const database = await server.createDatabase();
    const owner = await server.connect(database);
    await owner.query('CREATE TABLE race (id int PRIMARY KEY, note text NOT NULL, modified timestamptz(6) NOT NULL)');
    await owner.query('CREATE INDEX ON race (modified)');
    await raceOf(
      {
        table: 'race',
        // When the transaction began: rows are dated up to four seconds before they can be seen.
        now: 'now()',
        async writer() {
          const client = await server.connect(database);
          await client.query("SET TIME ZONE 'UTC'");
          return (sql) => client.query(sql);
        },
        async clock() {
          const { rows } = await owner.query("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS t");
          return String(rows[0]?.t);
        },
        async rows() {
          const { rows } = await owner.query('SELECT id, note FROM race');
          return new Map(rows.map(({ id, note }) => [Number(id), String(note)]));
        },
      },
      {
        connector: postgres,
        secret: `${server.url}/${database}${server.ca === undefined ? '?sslmode=disable' : ''}`,
        settings: server.ca === undefined ? {} : { tls: { ca: server.ca } },
      },
    );
  });
});
