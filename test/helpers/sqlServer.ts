import { join } from 'node:path';
import sql from 'mssql';
import { type Authority, keepAuthority } from '../../local/certificates/authority.ts';
import { type AcceptedLogin, type SqlServer, startSqlServer } from '../../local/sqlServer/server.ts';
import { temporaryFolder } from './host.ts';

export interface TestSqlServer extends SqlServer {
  readonly authority: Authority;
  /** Of logins that were accepted, the last one last. */
  readonly logins: readonly AcceptedLogin[];
  /** What leads a client to it: encrypted, with the certificate verified. */
  config(overrides?: Partial<sql.config>): sql.config;
  /** Pools that `stop` closes. */
  connect(overrides?: Partial<sql.config>): Promise<sql.ConnectionPool>;
  stop(): Promise<void>;
}

export const passwords = { owner: 'Ow{n};er=1', reader: 'pä$$;w0rd' } as const;

/** A server with the databases `dms` and `other`, whose user `owner` may write and `reader` may not. */
export async function startTestSqlServer({ tls = true }: { readonly tls?: boolean } = {}): Promise<TestSqlServer> {
  const folder = await temporaryFolder('sql-server');
  const authority = await keepAuthority(join(folder, 'certificates'));
  const logins: AcceptedLogin[] = [];
  const server = await startSqlServer({
    port: 0,
    databases: { dms: join(folder, 'dms.sqlite'), other: join(folder, 'other.sqlite') },
    users: {
      owner: { password: passwords.owner, mayWrite: true },
      reader: { password: passwords.reader, mayWrite: false },
    },
    ...(tls && { certificate: authority.issue() }),
    onLogin: (login) => logins.push(login),
  });
  const pools: sql.ConnectionPool[] = [];
  const config = (overrides: Partial<sql.config> = {}): sql.config => ({
    server: 'localhost',
    port: server.port,
    user: 'reader',
    password: passwords.reader,
    database: 'dms',
    connectionTimeout: 60_000,
    pool: { max: 2 },
    ...overrides,
    options: { encrypt: true, cryptoCredentialsDetails: { ca: authority.certificate }, ...overrides.options },
  });
  return {
    ...server,
    get connections() {
      return server.connections;
    },
    get sessions() {
      return server.sessions;
    },
    authority,
    logins,
    config,
    async connect(overrides) {
      const pool = await new sql.ConnectionPool(config(overrides)).connect();
      // What goes wrong is told to whoever asked.
      pool.on('error', () => undefined);
      pools.push(pool);
      return pool;
    },
    async stop() {
      for (const pool of pools) await pool.close();
      await server.close();
    },
  };
}
