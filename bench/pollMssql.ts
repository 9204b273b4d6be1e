import sql from 'mssql';
import { startSqlServerProcess } from '../test/helpers/sqlServerProcess.ts';
import { type PolledDatabase, pollBenchmark, rowCount } from './poll.ts';

/** Doubled as often as it takes. */
const seedRows = rowCount / 64;

/** Both sides ask the local stand-in, whose own speed counts in both. */
export const pollMssql = pollBenchmark(
  'poll-mssql-vs-driver',
  'mssql streaming the same rows to nowhere (of the local stand-in)',
  async (): Promise<PolledDatabase> => {
    const server = await startSqlServerProcess();
    const open = (user: 'owner' | 'reader') =>
      new sql.ConnectionPool({
        server: 'localhost',
        port: server.port,
        user,
        password: server.password,
        database: 'dms',
        requestTimeout: 600_000,
        options: { encrypt: false },
      }).connect();
    await fill(await open('owner'));
    return {
      connector: 'mssql',
      secret: `Server=localhost,${server.port};Database=dms;User Id=reader;Password=${server.password};Encrypt=false`,
      table: 'dbo.Stock',
      async stream() {
        const pool = await open('reader');
        const request = pool.request();
        request.stream = true;
        let rows = 0;
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        request.on('row', () => {
          rows += 1;
        });
        request.on('error', reject);
        request.on('done', () => resolve());
        request.query('SELECT * FROM dbo.Stock').catch(reject);
        await promise;
        await pool.close();
        return rows;
      },
      stop: () => server.stop(),
    };
  },
);

async function fill(owner: sql.ConnectionPool): Promise<void> {
  const names = 'id, part_number, branch, bin, on_hand, available, reserved, on_order, price, modified';
  await owner
    .request()
    .batch(`CREATE TABLE dbo.Stock (id int PRIMARY KEY, part_number nvarchar(30), branch nvarchar(10),
    bin nvarchar(10), on_hand int, available int, reserved int, on_order int, price decimal(12,4), modified datetime2(7));
    CREATE INDEX IX_Stock ON dbo.Stock (modified, id)`);
  const start = Date.parse('2026-05-01T00:00:00Z');
  const rows = Array.from({ length: seedRows }, (_, index) => {
    const n = index + 1;
    const modified = `${new Date(start + n * 1_000).toISOString().slice(0, 19)}.${String(n).padStart(7, '0')}`;
    const texts = `N'P-${n}', N'B${n % 9}', N'BIN-${n % 99}'`;
    return `(${n}, ${texts}, ${n % 500}, ${n % 400}, ${n % 100}, ${n % 50}, '${(n / 7).toFixed(4)}', '${modified}')`;
  });
  await owner.request().batch(`INSERT INTO dbo.Stock (${names}) VALUES ${rows.join(', ')}`);
  for (let count = seedRows; count < rowCount; count *= 2) {
    await owner
      .request()
      .batch(`INSERT INTO dbo.Stock (${names}) SELECT id + ${count}, 'P-' + CAST(id + ${count} AS nvarchar(20)),
      branch, bin, on_hand, available, reserved, on_order, price, DATEADD(second, ${count}, modified) FROM dbo.Stock`);
  }
  await owner.close();
}
