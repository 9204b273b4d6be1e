import type { Finding } from '../../connector.ts';
import type { Relation } from '../dialect.ts';
import type { Session } from '../session.ts';

/** Older ones get no fixes any more, and are not tested here. */
const oldestVersion = 120_000;

/** What only a PostgreSQL can say of itself. */
export async function check(session: Session, relations: readonly Relation[], signal: AbortSignal): Promise<Finding[]> {
  const { rows } = await session.query(
    {
      sql: `SELECT current_setting('server_version_num'), current_setting('server_version'), pg_catalog.pg_is_in_recovery(),
        current_setting('transaction_isolation'), current_setting('transaction_read_only'),
        (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)`,
      values: [],
    },
    signal,
  );
  const [number, version, isReplica, isolation, readOnly, isSuperuser] = (rows[0] ?? []).map((cell) => String(cell));
  return [
    Number(number) >= oldestVersion
      ? { name: 'version', level: 'ok', detail: `PostgreSQL ${version}${isReplica === 't' ? ', a replica' : ''}.` }
      : {
          name: 'version',
          level: 'warning',
          detail: `PostgreSQL ${version} is older than what this is tested with (12).`,
        },
    isolation === 'read committed' && readOnly === 'on'
      ? { name: 'isolation', level: 'ok', detail: 'Reads in read-only transactions, each of one statement.' }
      : {
          name: 'isolation',
          level: 'warning',
          detail: `The server runs transactions as ${isolation}, read-only ${readOnly}, whatever is asked of it: look for a proxy in between.`,
        },
    ...(isSuperuser === 't' ? [superuser] : await writable(session, relations, signal)),
  ];
}

const superuser: Finding = {
  name: 'privileges',
  level: 'warning',
  detail: 'The login is a superuser. Take one that can only SELECT what is read.',
};

async function writable(session: Session, relations: readonly Relation[], signal: AbortSignal): Promise<Finding[]> {
  const tables = relations.filter(({ from }) => !from.startsWith('('));
  if (tables.length === 0) return [];
  const may = tables.map(
    (_, i) => `pg_catalog.has_table_privilege($${i + 1}::regclass, 'INSERT, UPDATE, DELETE, TRUNCATE')`,
  );
  const { rows } = await session.query(
    { sql: `SELECT ${may.join(', ')}`, values: tables.map(({ from }) => from) },
    signal,
  );
  const written = tables.filter((_, i) => rows[0]?.[i] === 't').map(({ label }) => label);
  if (written.length === 0) return [{ name: 'privileges', level: 'ok', detail: 'The login can only read.' }];
  const detail = `The login can write ${[...new Set(written)].join(', ')}. Take one that can only SELECT.`;
  return [{ name: 'privileges', level: 'warning', detail }];
}
