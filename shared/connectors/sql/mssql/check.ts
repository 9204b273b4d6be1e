import type { Finding } from '../../connector.ts';
import type { Relation } from '../dialect.ts';
import type { Cell, Session } from '../session.ts';

const versionSql = `SELECT CONVERT(nvarchar(128), SERVERPROPERTY('ProductVersion')),
    CONVERT(nvarchar(128), SERVERPROPERTY('Edition')), DB_NAME()`;
const isolationSql = `SELECT CAST(snapshot_isolation_state AS int), CAST(is_read_committed_snapshot_on AS int)
  FROM sys.databases WHERE name = DB_NAME()`;
const databaseSql = `SELECT HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'INSERT'), HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'ALTER')`;
const tableSql = `SELECT HAS_PERMS_BY_NAME(@p1, 'OBJECT', 'INSERT'), HAS_PERMS_BY_NAME(@p1, 'OBJECT', 'UPDATE'),
    HAS_PERMS_BY_NAME(@p1, 'OBJECT', 'DELETE'), HAS_PERMS_BY_NAME(@p1, 'OBJECT', 'SELECT')`;

/** As `Dialect.check` says. */
export async function check(session: Session, relations: readonly Relation[], signal: AbortSignal): Promise<Finding[]> {
  const ask = async (sql: string, values: readonly string[] = []) =>
    (await session.query({ sql, values }, signal)).rows[0] ?? [];
  const [version, edition, database] = await ask(versionSql);
  const findings: Finding[] = [
    { name: 'version', level: 'ok', detail: `SQL Server ${version} (${edition}), database ${database}.` },
    await isolationOf(ask),
  ];
  const writable = (await ask(databaseSql)).includes(1) ? [`the database ${database}`] : [];
  for (const { from, label } of relations) {
    // A query has no privileges of its own.
    if (from.startsWith('(')) continue;
    const [insert, update, erase, select] = await ask(tableSql, [from]);
    if ([insert, update, erase].includes(1)) writable.push(label);
    if (select !== 1) {
      const detail = `The login may not read all of ${label}: GRANT SELECT ON ${label}, or name the columns that it may read in "columns".`;
      findings.push({ name: 'privileges', level: 'warning', detail });
    }
  }
  findings.push(privilegesOf(writable));
  return findings;
}

type Ask = (sql: string) => Promise<readonly Cell[]>;

async function isolationOf(ask: Ask): Promise<Finding> {
  const name = 'isolation';
  const [snapshot, readCommitted] = await ask(isolationSql);
  if (snapshot === 1) return { name, level: 'ok', detail: 'Pages are read by snapshot isolation, and hold nobody up.' };
  if (readCommitted === 1) return { name, level: 'ok', detail: 'Pages are read as committed, by row versions.' };
  const detail =
    'Pages are read as committed, under short shared locks: writers may wait for them. ALLOW_SNAPSHOT_ISOLATION or READ_COMMITTED_SNAPSHOT would avoid it.';
  return { name, level: 'warning', detail };
}

function privilegesOf(writable: readonly string[]): Finding {
  const name = 'privileges';
  if (writable.length === 0) return { name, level: 'ok', detail: 'The login can read, and can write nothing of this.' };
  const detail = `The login can write: ${writable.join(', ')}. Use one that can only read (db_datareader, or GRANT SELECT).`;
  return { name, level: 'warning', detail };
}
