import type { Commits } from './commits.ts';
import type { Containers } from './containers.ts';
import type { Database } from './database.ts';

const everyMs = 5_000;
const atOnce = 2_000;

/**
 * Removes expired documents now and then, a bounded number at a time. Nobody waits for it: an expired document is
 * invisible from its second on.
 * @returns how to stop
 */
export function purgeExpired(
  database: Database,
  containers: Containers,
  commits: Commits,
  now: () => number,
): () => void {
  const purge = () => {
    for (const { table } of containers.all()) {
      const sql = `DELETE FROM ${table} WHERE row IN
        (SELECT row FROM ${table} WHERE expires_at IS NOT NULL AND expires_at <= ? LIMIT ${atOnce})`;
      database.statement(sql).run(now() / 1000);
    }
  };
  const report = (error: unknown) => console.error('Purging expired documents failed:', error);
  const timer = setInterval(() => void commits.submit(purge).catch(report), everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
