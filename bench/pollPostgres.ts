import pg from 'pg';
import QueryStream from 'pg-query-stream';
import { startPostgres } from '../test/helpers/postgres.ts';
import { type PolledDatabase, pollBenchmark, rowCount } from './poll.ts';

export const pollPostgres = pollBenchmark(
  'poll-postgres-vs-driver',
  'pg-query-stream of the same rows to nowhere',
  async (): Promise<PolledDatabase> => {
    const server = await startPostgres();
    const database = await server.createDatabase();
    const admin = await server.connect(database);
    await admin.query(`CREATE TABLE stock (id integer PRIMARY KEY, part_number varchar(30), branch varchar(10),
      bin varchar(10), on_hand integer, available integer, reserved integer, on_order integer, price numeric(12,4),
      modified timestamptz(6))`);
    await admin.query(`INSERT INTO stock SELECT n, 'P-' || n, 'B' || n % 9, 'BIN-' || n % 99, n % 500, n % 400, n % 100,
      n % 50, n / 7.0, timestamptz '2026-05-01T00:00:00Z' + n * interval '1.000001 second' FROM generate_series(1, ${rowCount}) AS g(n)`);
    await admin.query('CREATE INDEX stock_modified ON stock (modified, id); ANALYZE stock');
    const secret = `${server.url}/${database}${server.ca === undefined ? '' : '?sslmode=disable'}`;
    return {
      connector: 'postgres',
      secret,
      table: 'public.stock',
      async stream() {
        const client = new pg.Client({ connectionString: secret });
        await client.connect();
        let rows = 0;
        for await (const _ of client.query(new QueryStream('SELECT * FROM stock', [], { batchSize: 5_000 }))) rows += 1;
        await client.end();
        return rows;
      },
      stop: () => server.stop(),
    };
  },
);
