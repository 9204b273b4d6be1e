import type { Commits } from './commits.ts';
import type { Containers } from './containers.ts';
import type { Database } from './database.ts';

const everyMs = 5_000;
const atOnce = 2_000;

/**
 * Keeps removing expired documents. Nobody waits for it: an expired document is invisible from its second on.
 * @returns how to stop
 */
export function keepPurging(
  database: Database,
  containers: Containers,
  commits: Commits,
  now: () => number,
): () => void {
  const report = (error: unknown) => console.error('Purging expired documents failed:', error);
  const timer = setInterval(() => {
    void commits.submit(() => purgeExpired(database, containers, now())).catch(report);
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Removes some of what has expired in each container. Must run inside a transaction. */
export function purgeExpired(database: Database, containers: Containers, now: number): void {
  for (const { table } of containers.all()) {
    const expired = `SELECT row FROM ${table} WHERE expires_at IS NOT NULL AND expires_at <= ? LIMIT ${atOnce}`;
    database.statement(`DELETE FROM ${table} WHERE row IN (${expired})`).run(now / 1000);
  }
}
