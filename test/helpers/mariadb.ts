import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import { type Authority, keepAuthority } from '../../local/certificates/authority.ts';
import { temporaryFolder } from './host.ts';
import { until } from './poll.ts';
import { giveToOrdinaryUser, onFreePort, ordinaryUser, type Supervised, supervise } from './supervised.ts';

/** A MariaDB or MySQL that tests may do anything to. */
export interface TestMariadb {
  /** Of a user who may do everything, without TLS, without a database. */
  readonly url: string;
  /** PEM of who vouches for its certificate; undefined for a server that MYSQL_TEST_URL names. */
  readonly ca: string | undefined;
  /** A database of its own, which goes with the server or by `stop`. */
  createDatabase(): Promise<string>;
  /** As the user who may do everything; `stop` closes it. */
  connect(database?: string): Promise<mysql.Connection>;
  /** Kills it, and starts it again on the same port and data. Not of a server that isn't ours. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const folders = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin', ...(process.env.PATH ?? '').split(':')];
const program = (name: string) => folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
const server = program('mariadbd');
const installer = program('mariadb-install-db');

/** Whether there is a server to test with. */
export const hasMariadb = process.env.MYSQL_TEST_URL !== undefined || (server !== undefined && installer !== undefined);

/** For whoever sees that a suite was skipped. */
export const mariadbAdvice =
  'No MariaDB here: this suite is skipped. Install it (`apt-get install mariadb-server-core`), or point MYSQL_TEST_URL ' +
  'at a server of which the tests may do what they like (mysql://root:…@127.0.0.1:3306).';

/** The server named by MYSQL_TEST_URL, else one of its own: fresh, on loopback, with a certificate of its own. */
export async function startMariadb(): Promise<TestMariadb> {
  const url = process.env.MYSQL_TEST_URL;
  return url === undefined ? await startOwn() : usersOf(url, undefined, noRestart, async () => undefined);
}

async function startOwn(): Promise<TestMariadb> {
  if (server === undefined || installer === undefined) throw new Error(mariadbAdvice);
  const folder = await temporaryFolder('mariadb');
  const data = join(folder, 'data');
  const password = randomBytes(12).toString('hex');
  const authority = await writeFiles(folder, password);
  // With room for little: there are several of them at a time, each for one test file.
  const small = ['--innodb-buffer-pool-size=24M', '--innodb-log-file-size=16M', '--key-buffer-size=1M'];
  // A server that starts removes the temporary tables that it finds: those of its neighbours too, were they in one folder.
  const own = [...small, `--tmpdir=${folder}`];
  const install = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'];
  await promisify(execFile)(installer, [...install, ...own], { ...ordinaryUser, maxBuffer: 1 << 24 });
  const args = [
    '--no-defaults',
    `--datadir=${data}`,
    `--socket=${join(folder, 's')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--init-file=${join(folder, 'init.sql')}`,
    '--bind-address=127.0.0.1',
    `--ssl-cert=${join(folder, 'cert.pem')}`,
    `--ssl-key=${join(folder, 'key.pem')}`,
    // A commit outlives the server's end, if not the machine's.
    '--innodb-flush-log-at-trx-commit=2',
    '--skip-log-bin',
    '--skip-name-resolve',
    '--max-connections=40',
    // One that isn't ours, so that nothing rests on it.
    '--default-time-zone=-03:00',
    '--character-set-server=utf8mb4',
    ...own,
  ];
  const launch = (port: number) => launchServer([...args, `--port=${port}`], urlOf(port, password));
  let [port, running] = await onFreePort(launch);
  const restart = async () => {
    await running.kill();
    running = await launch(port);
  };
  return usersOf(urlOf(port, password), authority.certificate, restart, async () => {
    await running.kill();
    await rm(folder, { recursive: true, force: true });
  });
}

const urlOf = (port: number, password: string) => `mysql://tester:${password}@127.0.0.1:${port}`;

async function writeFiles(folder: string, password: string): Promise<Authority> {
  const authority = await keepAuthority(join(folder, 'authority'));
  const { key, cert } = authority.issue();
  await writeFile(join(folder, 'key.pem'), key);
  await writeFile(join(folder, 'cert.pem'), cert);
  const user = `'tester'@'%'`;
  const init = [
    `CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO ${user} WITH GRANT OPTION;`,
  ];
  await writeFile(join(folder, 'init.sql'), `${init.join('\n')}\n`);
  await chmod(folder, 0o755);
  for (const path of ['', 'key.pem', 'cert.pem', 'init.sql']) await giveToOrdinaryUser(join(folder, path));
  return authority;
}

async function launchServer(args: readonly string[], url: string): Promise<Supervised> {
  const running = supervise(server ?? 'mariadbd', args, ordinaryUser);
  try {
    await until('MariaDB answers', async () => {
      if (running.hasEnded) throw new Error(`MariaDB ended early:\n${running.output()}`);
      // Another server on this port doesn't know the password.
      const connection = await mysql.createConnection({ uri: url, connectTimeout: 5_000 }).catch(() => undefined);
      await connection?.end();
      return connection !== undefined;
    });
    return running;
  } catch (error) {
    await running.kill();
    throw error;
  }
}

async function noRestart(): Promise<void> {
  throw new Error('A server that is not ours is not restarted.');
}

function usersOf(url: string, ca: string | undefined, restart: () => Promise<void>, end: () => Promise<void>) {
  const connections: mysql.Connection[] = [];
  const databases: string[] = [];
  const connect = async (database?: string) => {
    const connection = await mysql.createConnection({
      uri: url,
      ...(database !== undefined && { database }),
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: true,
      multipleStatements: true,
    });
    // What goes wrong is told to whoever asked.
    connection.on('error', () => undefined);
    connections.push(connection);
    return connection;
  };
  const test: TestMariadb = {
    url,
    ca,
    connect,
    restart,
    async createDatabase() {
      const name = `adp_${randomBytes(6).toString('hex')}`;
      const connection = await connect();
      await connection.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
      await connection.end();
      databases.push(name);
      return name;
    },
    async stop() {
      try {
        if (ca === undefined && databases.length > 0) {
          const connection = await connect();
          for (const name of databases) await connection.query(`DROP DATABASE IF EXISTS ${name}`);
        }
      } finally {
        for (const connection of connections) connection.destroy();
        await end();
      }
    },
  };
  return test;
}
