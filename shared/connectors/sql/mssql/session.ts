import type { ConnectionPool, config as DriverConfig, Request } from 'mssql';
import { AdpError } from '../../../errors.ts';
import type { SessionLimits } from '../limits.ts';
import type { Answer, Cell, Cells, Session, Statement } from '../session.ts';
import type { MssqlTarget } from './connectionString.ts';
import { codeOf, numberOf, toMssqlError } from './failures.ts';

/** How a statement sees what others write meanwhile. */
export type Isolation = 'READ COMMITTED' | 'SNAPSHOT';

/** Longer parameters are `nvarchar(max)`. */
const longestShort = 4_000;
/** By row versions it can't be read: another database behind a view doesn't allow them, or a table is held in memory. */
const snapshotRefusals: ReadonlySet<number | undefined> = new Set([3951, 3952, 41_332]);
const isolationSql = `SELECT CAST(CASE WHEN snapshot_isolation_state = 1 THEN 1 ELSE 0 END AS int) AS allowed
  FROM sys.databases WHERE name = DB_NAME()`;
/** What goes wrong is told to whoever asked; an idle line that ends is no news. */
const ignore = () => undefined;

/**
 * A SQL Server as one source may ask it. Every statement is a batch that begins with its settings, which hold on whichever
 * line of the pool and end with it: it never waits long for a lock, is the first to be given up in a deadlock, and reads
 * only what is committed; by row versions where the database allows it, so that it holds nobody up.
 */
export class MssqlSession implements Session {
  readonly #driver: typeof import('mssql');
  readonly #target: MssqlTarget;
  readonly #limits: SessionLimits;
  #pool: Promise<ConnectionPool> | undefined;
  #isolation: Isolation | undefined;
  #loginError: number | undefined;

  private constructor(driver: typeof import('mssql'), target: MssqlTarget, limits: SessionLimits) {
    this.#driver = driver;
    this.#target = target;
    this.#limits = limits;
  }

  /** Loads the driver; connects with the first statement. */
  static async open(target: MssqlTarget, limits: SessionLimits): Promise<MssqlSession> {
    const { default: driver } = await import('mssql');
    return new MssqlSession(driver, target, limits);
  }

  /** Parameters are `@p1`, `@p2` … As `Session` says; an AdpError where the driver's error lacks what is known. */
  async query(statement: Statement, signal: AbortSignal, maxBytes = Number.POSITIVE_INFINITY): Promise<Answer> {
    signal.throwIfAborted();
    try {
      const pool = await untilAborted(this.#connected(), signal, ignore);
      this.#isolation ??= await this.#askIsolation(pool, signal);
      return await this.#run(pool, statement, this.#isolation, signal, maxBytes);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (snapshotRefusals.has(numberOf(error))) this.#isolation = 'READ COMMITTED';
      throw codeOf(error) === 'ELOGIN' ? toMssqlError(error, this.#loginError) : error;
    }
  }

  async close(): Promise<void> {
    const opened = await this.#pool?.catch(ignore);
    this.#pool = undefined;
    await opened?.close();
  }

  async #askIsolation(pool: ConnectionPool, signal: AbortSignal): Promise<Isolation> {
    const statement = { sql: isolationSql, values: [] };
    const { rows } = await this.#run(pool, statement, 'READ COMMITTED', signal, Number.POSITIVE_INFINITY);
    return rows[0]?.[0] === 1 ? 'SNAPSHOT' : 'READ COMMITTED';
  }

  async #run(
    pool: ConnectionPool,
    { sql, values }: Statement,
    isolation: Isolation,
    signal: AbortSignal,
    maxBytes: number,
  ): Promise<Answer> {
    const request = new this.#driver.Request(pool);
    values.forEach((value, index) => {
      const length = value.length > longestShort ? this.#driver.MAX : longestShort;
      request.input(`p${index + 1}`, this.#driver.NVarChar(length), value);
    });
    const settings = `SET NOCOUNT ON; SET LOCK_TIMEOUT ${this.#limits.lockTimeoutMs}; SET DEADLOCK_PRIORITY LOW;
      SET TRANSACTION ISOLATION LEVEL ${isolation};`;
    // The driver's own limits are for the wait for a line, and for the first bytes of an answer.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(noEnd()), 2 * this.#limits.statementTimeoutMs);
    try {
      const either = AbortSignal.any([signal, late.signal]);
      return await untilAborted(receive(request, `${settings} ${sql}`, maxBytes), either, () => request.cancel());
    } finally {
      clearTimeout(timer);
    }
  }

  async #connected(): Promise<ConnectionPool> {
    this.#pool ??= this.#connect();
    const pool = this.#pool;
    try {
      return await pool;
    } catch (error) {
      // Who asks next tries anew.
      if (this.#pool === pool) this.#pool = undefined;
      throw error;
    }
  }

  async #connect(): Promise<ConnectionPool> {
    this.#loginError = undefined;
    const pool = new this.#driver.ConnectionPool({
      ...toDriverConfig(this.#target, this.#limits),
      // The driver's error at a login lacks SQL Server's number.
      beforeConnect: (line) => {
        line.on('errorMessage', (told) => {
          this.#loginError = told.number;
        });
      },
    });
    pool.on('error', ignore);
    return await pool.connect();
  }
}

function toDriverConfig(target: MssqlTarget, limits: SessionLimits): DriverConfig {
  const { server, port, instance, database, user, password } = target;
  const { ca, serverName = target.certificateHost } = limits.tls;
  return {
    server,
    user,
    password,
    ...(port !== undefined && { port }),
    ...(database !== undefined && { database }),
    connectionTimeout: limits.connectTimeoutMs,
    requestTimeout: limits.statementTimeoutMs,
    // A line that has died since is replaced, without a statement to find out.
    validateConnection: 'socket',
    pool: {
      min: 0,
      max: limits.connections,
      idleTimeoutMillis: 30_000,
      acquireTimeoutMillis: limits.statementTimeoutMs,
    },
    options: {
      appName: 'ADP integration hub',
      encrypt: target.encrypt,
      trustServerCertificate: target.trustsAnyCertificate,
      readOnlyIntent: target.isReadOnly,
      multiSubnetFailover: target.isMultiSubnet,
      // Who calls decides what is tried again.
      maxRetriesOnTransientErrors: 0,
      ...(instance !== undefined && { instanceName: instance }),
      ...(serverName !== undefined && { serverName }),
      ...(ca !== undefined && { cryptoCredentialsDetails: { ca } }),
    },
  };
}

function noEnd(): Error {
  return Object.assign(new Error('the end of its answer did not come'), { code: 'ETIMEOUT' });
}

/** Settles as the work does, or throws the signal's reason at once, having asked for its end. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal, cancel: () => unknown): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => {
    cancel();
    reject(signal.reason);
  };
  // Whichever of the two loses, its error is nobody's.
  work.catch(ignore);
  aborted.catch(ignore);
  signal.addEventListener('abort', abort, { once: true });
  try {
    if (signal.aborted) abort();
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Rows as they come, until they are all there or too many to be held. */
async function receive(request: Request, sql: string, maxBytes: number): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const rows: Cells[] = [];
  let bytes = 0;
  let isCut = false;
  let failure: unknown;
  request.stream = true;
  request.arrayRowMode = true;
  request.on('row', (values: readonly unknown[]) => {
    if (isCut || failure !== undefined) return;
    try {
      // Bytes are rare, and the array is made for us.
      const row = values.every(isCell) ? values : values.map(toCell);
      bytes += sizeOf(row);
      rows.push(row);
    } catch (error) {
      failure = error;
    }
    if (bytes < maxBytes && failure === undefined) return;
    isCut = true;
    request.cancel();
  });
  // The first one says what happened; the driver goes on to tell what followed from it.
  request.on('error', (error: unknown) => {
    if (!isCut) failure ??= error;
  });
  request.on('done', () => (failure === undefined ? resolve({ rows, isCut }) : reject(failure)));
  // Its error comes by the event.
  request.query(sql).catch(ignore);
  return await promise;
}

/** About what a row takes in memory. */
function sizeOf(row: Cells): number {
  let bytes = 0;
  for (const cell of row) bytes += typeof cell === 'string' ? 16 + cell.length * 2 : 8;
  return bytes;
}

function isCell(value: unknown): value is Cell {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** Bytes are base64 from here on. Whatever else the driver makes is a column that `Dialect.select` should have converted. */
function toCell(value: unknown): Cell {
  if (isCell(value)) return value;
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
  throw new AdpError('INTERNAL', 'A value of the SQL Server came in a form that is not known here.');
}
