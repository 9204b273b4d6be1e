import { startMariadb } from './mariadb.ts';
import { mysqlUrl } from './mysqlSource.ts';
import { startPostgres } from './postgres.ts';

/** A connection of somebody who writes. */
export interface WriterLine {
  run(...statements: readonly string[]): Promise<void>;
}

/** A dealer's database with the table `stock`: `part_number` (key), `quantity` and `modified`, in UTC. */
export interface WrittenDatabase {
  readonly connector: 'postgres' | 'mysql';
  readonly secret: string;
  /** Of the source: how the server is trusted. */
  readonly settings: object;
  readonly table: string;
  connect(): Promise<WriterLine>;
  /** Begins a transaction, and keeps the time at which it began. */
  readonly begin: readonly string[];
  /** In SQL: the time at which the transaction began, and the time now. */
  readonly began: string;
  readonly now: string;
  /** Quantities by part number. */
  content(): Promise<Map<string, number>>;
  stop(): Promise<void>;
}

const columns = 'part_number varchar(30) PRIMARY KEY, quantity integer NOT NULL';

export async function writtenPostgres(): Promise<WrittenDatabase> {
  const server = await startPostgres();
  const database = await server.createDatabase();
  const admin = await server.connect(database);
  await admin.query(`CREATE TABLE stock (${columns}, modified timestamptz(6) NOT NULL)`);
  await admin.query('CREATE INDEX stock_modified ON stock (modified, part_number)');
  return {
    connector: 'postgres',
    secret: `${server.url}/${database}${server.ca === undefined ? '?sslmode=disable' : ''}`,
    settings: server.ca === undefined ? {} : { tls: { ca: server.ca } },
    table: 'public.stock',
    async connect() {
      const client = await server.connect(database);
      return { run: (...statements) => each(statements, (sql) => client.query(sql)) };
    },
    begin: ['BEGIN'],
    began: 'now()',
    now: 'clock_timestamp()',
    async content() {
      const { rows } = await admin.query('SELECT part_number, quantity FROM stock');
      return new Map(rows.map((row) => [String(row.part_number), Number(row.quantity)]));
    },
    stop: () => server.stop(),
  };
}

export async function writtenMariadb(): Promise<WrittenDatabase> {
  const server = await startMariadb();
  const database = await server.createDatabase();
  const admin = await server.connect(database);
  await admin.query(`CREATE TABLE stock (${columns}, modified datetime(6) NOT NULL)`);
  await admin.query('CREATE INDEX stock_modified ON stock (modified, part_number)');
  return {
    connector: 'mysql',
    secret: mysqlUrl(server, { database }),
    settings: server.ca === undefined ? {} : { tls: { ca: server.ca } },
    table: `${database}.stock`,
    async connect() {
      const connection = await server.connect(database);
      await connection.query("SET time_zone = '+00:00'; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
      return { run: (...statements) => each(statements, (sql) => connection.query(sql)) };
    },
    begin: ['START TRANSACTION', 'SET @began = NOW(6)'],
    began: '@began',
    now: 'NOW(6)',
    async content() {
      const [rows] = await admin.query({ sql: 'SELECT part_number, quantity FROM stock', rowsAsArray: true });
      if (!Array.isArray(rows)) throw new Error('A SELECT has rows.');
      return new Map(rows.map((row) => (Array.isArray(row) ? [String(row[0]), Number(row[1])] : ['', Number.NaN])));
    },
    stop: () => server.stop(),
  };
}

async function each(statements: readonly string[], run: (sql: string) => Promise<unknown>): Promise<void> {
  for (const sql of statements) await run(sql);
}
