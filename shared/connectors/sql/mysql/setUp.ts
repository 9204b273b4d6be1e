import type { SessionLimits } from '../limits.ts';
import type { Answer } from '../session.ts';

/** Seconds after which the server ends a line whose client is gone without a word. */
const idleSeconds = 900;
/** Keys longer than that would be sorted by their beginnings alone. InnoDB's are at most 3,072 bytes; collations double them. */
const sortedBytes = 8_192;
/** ER_UNKNOWN_SYSTEM_VARIABLE */
const unknownVariable = 1193;

/**
 * Makes a new line what a dealer's server may be asked by, whatever its defaults are: read-only, by committed data, with
 * limits on waiting and working.
 */
export async function setUp(
  { lockTimeoutMs, statementTimeoutMs }: Pick<SessionLimits, 'lockTimeoutMs' | 'statementTimeoutMs'>,
  tell: (setting: string) => Promise<Answer>,
): Promise<void> {
  // In a transaction that stays open, every statement would see what the first one saw.
  await tell('SET SESSION autocommit = 1');
  await tell('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY');
  const lockSeconds = Math.max(1, Math.ceil(lockTimeoutMs / 1_000));
  const settings = {
    // What it may forbid, such as zero dates, dealers have; and it would change what quotes and backslashes mean.
    sql_mode: `''`,
    // Times with a zone arrive in UTC.
    time_zone: `'+00:00'`,
    sql_auto_is_null: 0,
    lock_wait_timeout: lockSeconds,
    innodb_lock_wait_timeout: lockSeconds,
    max_sort_length: sortedBytes,
    wait_timeout: idleSeconds,
  };
  const assigned = Object.entries(settings).map(([name, value]) => `SESSION ${name} = ${value}`);
  await tell(`SET NAMES utf8mb4, ${assigned.join(', ')}`);
  const { rows } = await tell('SELECT VERSION()');
  const limit = /mariadb/i.test(String(rows[0]?.[0]))
    ? `max_statement_time = ${statementTimeoutMs / 1_000}`
    : `max_execution_time = ${statementTimeoutMs}`;
  await tell(`SET SESSION ${limit}`).catch((error: unknown) => {
    // MySQL before 5.7.8 has none: there the line is given up.
    if (!isUnknownVariable(error)) throw error;
  });
}

function isUnknownVariable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'errno' in error && error.errno === unknownVariable;
}
