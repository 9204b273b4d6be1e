import { afterAll, beforeAll, describe, test } from '@jest/globals';
import type { Connection } from '../../shared/connectors/connector.ts';
import { postgres } from '../../shared/connectors/sql/postgres.ts';
import { raceOf, raceSeed } from '../helpers/pollRaceTest.ts';
import { hasPostgres, postgresAdvice, startPostgres, type TestPostgres } from '../helpers/postgres.ts';
import { sqlTools } from '../helpers/sqlTools.ts';

if (!hasPostgres) console.warn(`\n*** postgres race: ${postgresAdvice}\n`);

(hasPostgres ? describe : describe.skip)('a race on PostgreSQL', () => {
  const opened: Connection[] = [];
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(async () => {
    for (const connection of opened) await connection.close();
    await server?.stop();
  });

  test(`six writers against polls every 200 ms: nothing is lost; every mistake loses rows (SEED=${raceSeed})`, async () => {
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
      async () => {
        const url = new URL(server.url);
        url.pathname = `/${database}`;
        if (server.ca === undefined) url.search = 'sslmode=disable';
        const connection = await postgres.open(
          {
            dealerId: 'acme',
            sourceId: 'dms',
            settings: server.ca === undefined ? {} : { tls: { ca: server.ca } },
            secret: url.href,
            zone: 'UTC',
            concurrency: 1,
          },
          sqlTools(),
        );
        opened.push(connection);
        return connection;
      },
      'race',
      10_000,
    );
  }, 120_000);
});
