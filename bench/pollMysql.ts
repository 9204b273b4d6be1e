import { createConnection } from 'mysql2';
import { startMariadb } from '../test/helpers/mariadb.ts';
import { type PolledDatabase, pollBenchmark, rowCount } from './poll.ts';

export const pollMysql = pollBenchmark(
  'poll-mysql-vs-driver',
  'mysql2 streaming the same rows to nowhere',
  async (): Promise<PolledDatabase> => {
    const server = await startMariadb();
    const database = await server.createDatabase();
    const admin = await server.connect(database);
    await admin.query(`CREATE TABLE stock (id int PRIMARY KEY, part_number varchar(30), branch varchar(10),
      bin varchar(10), on_hand int, available int, reserved int, on_order int, price decimal(12,4),
      modified datetime(6), KEY (modified, id))`);
    await admin.query(`INSERT INTO stock SELECT seq, CONCAT('P-', seq), CONCAT('B', seq % 9), CONCAT('BIN-', seq % 99),
      seq % 500, seq % 400, seq % 100, seq % 50, seq / 7, TIMESTAMP'2026-05-01 00:00:00' + INTERVAL seq * 1.000001 SECOND
      FROM seq_1_to_${rowCount}`);
    const url = `${server.url}/${database}`;
    return {
      connector: 'mysql',
      secret: server.ca === undefined ? url : `${url}?ssl-mode=disabled`,
      table: 'stock',
      async stream() {
        const connection = createConnection(url);
        let rows = 0;
        for await (const _ of connection.query('SELECT * FROM stock').stream({ highWaterMark: 1_000 })) rows += 1;
        connection.destroy();
        return rows;
      },
      stop: () => server.stop(),
    };
  },
);
