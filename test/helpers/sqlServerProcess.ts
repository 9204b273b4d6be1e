import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startSqlServer } from '../../local/sqlServer/server.ts';
import { temporaryFolder } from './host.ts';
import { until } from './poll.ts';
import { supervise } from './supervised.ts';

/** The local SQL Server in a process of its own, without TLS, so that it can be measured beside its clients. */
export interface SqlServerProcess {
  readonly port: number;
  /** Of `owner`, who may write, and `reader`, who may not; the database is `dms`. */
  readonly password: string;
  stop(): Promise<void>;
}

const password = 'bench-only-1';

export async function startSqlServerProcess(): Promise<SqlServerProcess> {
  const folder = await temporaryFolder('sql-server');
  const running = supervise(process.execPath, [import.meta.filename, folder]);
  const portIn = () => /^port (\d+)$/m.exec(running.output())?.[1];
  await until('the SQL Server listens', () => portIn() !== undefined || running.hasEnded);
  const port = Number(portIn());
  if (Number.isNaN(port)) throw new Error(`The SQL Server ended:\n${running.output()}`);
  return {
    port,
    password,
    async stop() {
      await running.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

if (process.argv[1] === import.meta.filename) {
  const server = await startSqlServer({
    port: 0,
    databases: { dms: join(process.argv[2] ?? '.', 'dms.sqlite') },
    users: { owner: { password, mayWrite: true }, reader: { password, mayWrite: false } },
  });
  console.log(`port ${server.port}`);
}
