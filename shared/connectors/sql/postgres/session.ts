import { checkServerIdentity } from 'node:tls';
import type { ClientConfig, Pool, PoolClient } from 'pg';
import type { SessionLimits } from '../limits.ts';
import type { Answer, Cells, Session, Statement } from '../session.ts';
import type { PostgresAddress } from './address.ts';

type Driver = Pick<typeof import('pg'), 'Client' | 'Pool' | 'Query'>;

/** A server that stops what takes too long is given so long to say so, before the connection is given up. */
const graceMs = 5_000;
/** What it may take to cancel an aborted statement at the server. */
const cancelMs = 2_000;
const idleMs = 10_000;

/** What a driver says on a connection that nobody waits for is no news. */
const ignore = () => undefined;

/** A PostgreSQL as one source may ask it. All values arrive as the server's text. */
export class PostgresSession implements Session {
  readonly #driver: Driver;
  readonly #pool: Pool;
  readonly #config: ClientConfig;
  readonly #limits: SessionLimits;
  /** Process ids at the server of the connections that are set up. */
  readonly #pids = new WeakMap<PoolClient, string>();
  readonly #busy = new Set<PoolClient>();

  private constructor(driver: Driver, config: ClientConfig, limits: SessionLimits) {
    this.#driver = driver;
    this.#config = config;
    this.#limits = limits;
    // The pool's own time-out would count the wait for a free connection as well.
    class Client extends driver.Client {
      constructor() {
        super(config);
      }
    }
    this.#pool = new driver.Pool({ max: limits.connections, idleTimeoutMillis: idleMs, Client });
    this.#pool.on('error', ignore);
    this.#pool.on('connect', (client) => client.on('error', ignore));
  }

  /** Loads the driver; connects with the first statement. */
  static async open(address: PostgresAddress, limits: SessionLimits): Promise<PostgresSession> {
    const { default: driver } = await import('pg');
    return new PostgresSession(driver, toConfig(address, limits), limits);
  }

  async query(statement: Statement, signal: AbortSignal, maxBytes = Number.POSITIVE_INFINITY): Promise<Answer> {
    const client = await this.#acquire(signal);
    let isUsable = false;
    this.#busy.add(client);
    try {
      await this.#setUp(client, signal);
      const answer = await this.#ask(client, statement, signal, maxBytes);
      isUsable = !answer.isCut;
      return answer;
    } finally {
      this.#busy.delete(client);
      client.release(!isUsable);
    }
  }

  /** Ends its connections, also those on which something still runs. */
  async close(): Promise<void> {
    if (this.#pool.ending) return;
    const ended = this.#pool.end();
    await Promise.all([...this.#busy].map((client) => client.end()));
    await ended;
  }

  async #acquire(signal: AbortSignal): Promise<PoolClient> {
    const { promise, reject } = Promise.withResolvers<never>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const connecting = this.#pool.connect();
    try {
      return await Promise.race([connecting, promise]);
    } catch (error) {
      // It may still arrive; nobody waits for it then.
      connecting.then((client) => client.release(), ignore);
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Whatever the server's or the login's own defaults are. */
  async #setUp(client: PoolClient, signal: AbortSignal): Promise<void> {
    if (this.#pids.has(client)) return;
    const { lockTimeoutMs, statementTimeoutMs } = this.#limits;
    const settings: readonly (readonly [string, string])[] = [
      ['default_transaction_read_only', 'on'],
      ['default_transaction_isolation', 'read committed'],
      ['statement_timeout', `${statementTimeoutMs}`],
      ['lock_timeout', `${lockTimeoutMs}`],
      ['idle_in_transaction_session_timeout', `${statementTimeoutMs}`],
      // How values are written.
      ['timezone', 'UTC'],
      ['datestyle', 'ISO, YMD'],
      ['intervalstyle', 'iso_8601'],
      ['bytea_output', 'hex'],
      ['extra_float_digits', '3'],
    ];
    const set = settings.map((_, i) => `set_config($${2 * i + 1}, $${2 * i + 2}, false)`);
    const values = settings.flat();
    const { rows } = await this.#ask(client, { sql: `SELECT pg_backend_pid(), ${set.join(', ')}`, values }, signal);
    this.#pids.set(client, String(rows[0]?.[0]));
    // Should we end without a word, the server stops what runs for us: since PostgreSQL 14, and not on every system.
    const notice = `SELECT set_config('client_connection_check_interval', '1000', false)`;
    await this.#ask(client, { sql: notice, values: [] }, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
    });
  }

  /** Settles as the statement does, or with the signal's reason once it is stopped at the server as well. */
  async #ask(
    client: PoolClient,
    { sql, values }: Statement,
    signal: AbortSignal,
    maxBytes = Number.POSITIVE_INFINITY,
  ): Promise<Answer> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const rows: Cells[] = [];
    let bytes = 0;
    let cancelled: Promise<void> | undefined;
    const config = {
      text: sql,
      values: [...values],
      rowMode: 'array',
      // Extended also without values: it takes one statement only.
      queryMode: 'extended',
      types: asText,
    };
    const query = new this.#driver.Query<(string | null)[], string[]>(config);
    const abort = () => {
      cancelled = this.#cancel(client);
      reject(signal.reason);
    };
    const timer = setTimeout(
      () => reject(new Error('Connection terminated: the server did not answer in time')),
      this.#limits.statementTimeoutMs + graceMs,
    );
    signal.addEventListener('abort', abort, { once: true });
    query.on('row', (row) => {
      if (bytes > maxBytes) return;
      rows.push(row);
      bytes += sizeOf(row);
      if (bytes > maxBytes) resolve({ rows, isCut: true });
    });
    query.on('error', reject);
    query.on('end', ({ fields }) =>
      resolve({ rows, isCut: false, fields: fields.map(({ name, dataTypeID }) => ({ name, type: `${dataTypeID}` })) }),
    );
    try {
      client.query(query);
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      await cancelled;
    }
  }

  /**
   * Stops what the connection runs, by a connection of its own: that is encrypted and goes through proxies. Where it can't
   * be had in time, the server's own statement time-out is left to do it.
   */
  async #cancel(client: PoolClient): Promise<void> {
    const pid = this.#pids.get(client);
    if (pid === undefined) return;
    const other = new this.#driver.Client({
      ...this.#config,
      connectionTimeoutMillis: cancelMs,
      query_timeout: cancelMs,
    });
    other.on('error', ignore);
    try {
      await other.connect();
      await other.query('SELECT pg_cancel_backend($1::int)', [pid]);
    } catch {
      // What aborts wants to end, whatever the server says.
    } finally {
      other.end().catch(ignore);
    }
  }
}

/** Every value as the server wrote it. */
const asText = { getTypeParser: () => (text: string) => text };

/** About what a row takes in memory. */
function sizeOf(row: readonly (string | null)[]): number {
  let size = 64;
  for (const cell of row) size += 32 + (cell?.length ?? 0);
  return size;
}

function toConfig(
  { host, port, user, password, database, tls }: PostgresAddress,
  { connectTimeoutMs, tls: { ca, serverName } }: SessionLimits,
): ClientConfig {
  return {
    host,
    port,
    user,
    password,
    database,
    application_name: 'ADP integration hub',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    ssl:
      tls === 'disable'
        ? false
        : {
            rejectUnauthorized: true,
            ...(ca === undefined ? {} : { ca }),
            checkServerIdentity: (name, certificate) =>
              tls === 'verify-ca' ? undefined : checkServerIdentity(serverName ?? name, certificate),
          },
  };
}
