import type { Pool, PoolConnection } from 'mysql2';
import type { SessionLimits } from '../limits.ts';
import type { Answer, Field, Session, Statement } from '../session.ts';
import type { MysqlAddress } from './address.ts';
import { type AskOptions, ask, describe } from './ask.ts';
import { toPoolOptions } from './options.ts';
import { withValues } from './placeholder.ts';
import { setUp } from './setUp.ts';

/** What a driver throws on a line that nobody waits for is no news. */
const ignore = () => undefined;

/** A server that stops what takes too long is given so long to say so, before the line is given up. */
const graceMs = 5_000;
/** What ending an aborted statement, or the session, may take. */
const endMs = 2_000;
/** By so much of a statement the server's list shows that it is ours. */
const recognizableChars = 100;

/** A MySQL or MariaDB as one source may ask it: few lines, made when they are first needed. */
export class MysqlSession implements Session {
  readonly #pool: Pool;
  readonly #limits: SessionLimits;
  readonly #toLiteral: (value: string) => string;
  readonly #areSetUp = new WeakSet<PoolConnection>();
  readonly #busy = new Set<PoolConnection>();

  private constructor(pool: Pool, limits: SessionLimits, toLiteral: (value: string) => string) {
    this.#pool = pool;
    this.#limits = limits;
    this.#toLiteral = toLiteral;
    pool.on('connection', (line) => line.on('error', ignore));
  }

  /** Loads the driver; connects with the first statement. */
  static async open(address: MysqlAddress, limits: SessionLimits): Promise<MysqlSession> {
    const { default: driver } = await import('mysql2');
    const pool = driver.createPool(toPoolOptions(driver, address, limits));
    return new MysqlSession(pool, limits, (value) => driver.escape(value));
  }

  async query({ sql, values }: Statement, signal: AbortSignal, maxBytes?: number): Promise<Answer> {
    const text = withValues(sql, values, this.#toLiteral);
    const limit = maxBytes === undefined ? {} : { maxBytes };
    return await this.#onLine(text, signal, async (line, options) => {
      const answer = await ask(line, text, { ...options, ...limit });
      // What is still on its way is not waited for.
      if (answer.isCut) line.destroy();
      return answer;
    });
  }

  /** The columns of a statement's result; the statement is not run. */
  async fields(sql: string, signal: AbortSignal): Promise<readonly Field[]> {
    return await this.#onLine(sql, signal, async (line, options) => await describe(line, sql, options));
  }

  /** Ends its lines, also those on which something still runs. */
  async close(): Promise<void> {
    for (const line of this.#busy) line.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, endMs);
    this.#pool.end(() => resolve());
    await promise;
    clearTimeout(timer);
  }

  async #onLine<T>(
    text: string,
    signal: AbortSignal,
    work: (line: PoolConnection, options: AskOptions) => Promise<T>,
  ): Promise<T> {
    const line = await this.#acquire(signal);
    const options = { signal, timeoutMs: this.#limits.statementTimeoutMs + graceMs };
    let isUsable = false;
    try {
      if (!this.#areSetUp.has(line)) {
        await setUp(this.#limits, async (setting) => await ask(line, setting, options));
        this.#areSetUp.add(line);
      }
      const answer = await work(line, options);
      isUsable = true;
      return answer;
    } catch (error) {
      if (!signal.aborted) throw error;
      // Its place in the pool serves to stop it: there is never one line more.
      line.destroy();
      await this.#stop(line.threadId, text);
      throw signal.reason;
    } finally {
      this.#busy.delete(line);
      if (isUsable) line.release();
      else line.destroy();
    }
  }

  async #acquire(signal: AbortSignal): Promise<PoolConnection> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<PoolConnection>();
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#pool.getConnection((error, line) => {
      if (error !== null) {
        reject(error);
      } else if (signal.aborted) {
        // Nobody waits for it any more.
        line.release();
      } else {
        this.#busy.add(line);
        resolve(line);
      }
    });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /**
   * Stops a statement whose line we have left: a server notices that only when it has rows to send. Only what the server's
   * list shows to be ours is killed, since behind a proxy the number may be somebody else's. Failing that, the server's own
   * limit ends it.
   */
  async #stop(threadId: number, sql: string): Promise<void> {
    const options = { signal: AbortSignal.timeout(endMs), timeoutMs: endMs };
    try {
      const line = await this.#acquire(options.signal);
      try {
        const { rows } = await ask(line, 'SHOW FULL PROCESSLIST', options);
        const isOurs = rows.some(
          ([id, , , , , , , statement]) =>
            String(id) === String(threadId) && String(statement).startsWith(sql.slice(0, recognizableChars)),
        );
        if (isOurs) await ask(line, `KILL CONNECTION ${threadId}`, options);
      } finally {
        this.#busy.delete(line);
        line.destroy();
      }
    } catch {
      // Its own limit ends it.
    }
  }
}
