import { timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import type { ServerCertificate } from '../certificates/authority.ts';
import { Connection } from './connection.ts';
import { Session } from './database/session.ts';
import type { FaultOf } from './requests.ts';
import { SqlError } from './sqlError.ts';
import type { Login } from './wire/login.ts';

export interface User {
  readonly password: string;
  readonly mayWrite: boolean;
}

export interface SqlServerOptions {
  /** 0: any free one. */
  readonly port: number;
  /** SQLite files by the database's name; made where they are missing. */
  readonly databases: Readonly<Record<string, string>>;
  readonly users: Readonly<Record<string, User>>;
  /** Without one the server says that it has no TLS. */
  readonly certificate?: ServerCertificate;
  readonly clock?: Clock;
  /** Told of each login that was accepted. */
  readonly onLogin?: (login: AcceptedLogin) => void;
}

export interface AcceptedLogin {
  readonly user: string;
  readonly database: string;
  readonly isEncrypted: boolean;
  /** The client promised not to write. */
  readonly isReadOnly: boolean;
}

export interface SqlServer {
  readonly port: number;
  /** Clients that are connected now. */
  readonly connections: number;
  /** Who is logged in, and what each of them is running now. */
  readonly sessions: readonly RunningSession[];
  /** Ends all connections of a user. */
  kill(user: string): void;
  /** Decides from now on what goes wrong with each statement; undefined: nothing. */
  setFault(faultOf: FaultOf | undefined): void;
  close(): Promise<void>;
}

export interface RunningSession {
  readonly user: string;
  /** Undefined: none. */
  readonly statement: string | undefined;
}

/** SQL Server counts from 51: the sessions before are its own. */
const firstSession = 51;

/**
 * Starts a server on 127.0.0.1 that speaks TDS 7.4 (and 8, strict) to the unmodified drivers, on SQLite. It proves the
 * protocol and what we do with it, not SQL Server's own semantics. Rejects with the system's error.
 */
export async function startSqlServer(options: SqlServerOptions): Promise<SqlServer> {
  const { databases, users, certificate, clock = Date.now, onLogin } = options;
  let faultOf: FaultOf | undefined;
  let sessions = firstSession;
  const connections = new Set<Connection>();

  const sessionOf = (database: string, user: string, mayWrite: boolean): Session => {
    const file = Object.hasOwn(databases, database) ? databases[database] : undefined;
    if (file === undefined) {
      const message = `Cannot open database "${database}" requested by the login. The login failed.`;
      throw new SqlError(4060, message, 11);
    }
    return new Session(file, { sessionId: sessions++, user, mayWrite, database, clock });
  };
  const open = (login: Login, isEncrypted: boolean): Session => {
    const { user, database: asked, isReadOnly } = login;
    const known = Object.hasOwn(users, user) ? users[user] : undefined;
    if (known === undefined || !isSame(known.password, login.password)) {
      throw new SqlError(18_456, `Login failed for user '${user}'.`, 14);
    }
    const database = asked === '' ? (Object.keys(databases)[0] ?? '') : asked;
    const session = sessionOf(database, user, known.mayWrite);
    onLogin?.({ user, database, isEncrypted, isReadOnly });
    return session;
  };

  // They keep the files open, so that the catalogue is there before anyone asks.
  const keepers = Object.keys(databases).map((database) => sessionOf(database, 'sa', true));
  for (const keeper of keepers) keeper.prepare();

  const server = createServer((socket) => {
    const connection = new Connection(socket, { certificate, faultOf: (context) => faultOf?.(context), open });
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    get connections() {
      return connections.size;
    },
    get sessions() {
      return [...connections].flatMap((connection) => connection.running ?? []);
    },
    kill: (user) => {
      for (const connection of connections) if (connection.running?.user === user) connection.destroy();
    },
    setFault: (next) => {
      faultOf = next;
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const connection of connections) connection.destroy();
      await closed;
      for (const keeper of keepers) keeper.close();
    },
  };
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
