import type { Finding } from '../../connector.ts';
import type { Cell, Session } from '../session.ts';

/** What those who only read may have. */
const harmless: ReadonlySet<string> = new Set([
  'USAGE',
  'SELECT',
  'SHOW VIEW',
  'SHOW DATABASES',
  'PROCESS',
  'REPLICATION CLIENT',
  'BINLOG MONITOR',
  'SLAVE MONITOR',
]);

/** As `Dialect.check` says. */
export async function check(session: Session, signal: AbortSignal): Promise<Finding[]> {
  const ask = async (sql: string): Promise<readonly (readonly Cell[])[]> =>
    (await session.query({ sql, values: [] }, signal)).rows;
  const [[version, comment, database] = []] = await ask('SELECT VERSION(), @@version_comment, DATABASE()');
  const settings = new Map(
    (
      await ask(
        `SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation', 'tx_read_only', 'transaction_read_only', 'max_statement_time', 'max_execution_time')`,
      )
    ).map(([name, value]) => [String(name), String(value)]),
  );
  const where = database === null || database === undefined ? 'no database' : `database ${database}`;
  return [
    { name: 'version', level: 'ok', detail: `${version} (${comment}), ${where}.` },
    privilegesOf((await ask('SHOW GRANTS')).map(([grant]) => String(grant))),
    isolationOf(settings),
    limitOf(settings),
  ];
}

/** Only privileges are repeated: a grant may hold the password's hash. */
function privilegesOf(grants: readonly string[]): Finding {
  const name = 'privileges';
  const granted = grants.flatMap((grant) => {
    const privileges = /^GRANT (.+?) ON /i.exec(grant)?.[1];
    // Columns stand in parentheses.
    return privileges === undefined ? [] : privileges.replaceAll(/\([^)]*\)/g, '').split(',');
  });
  const more = [...new Set(granted.map((privilege) => privilege.trim().toUpperCase()))].filter(
    (privilege) => privilege !== '' && !harmless.has(privilege),
  );
  if (more.length === 0) return { name, level: 'ok', detail: 'The login can read, and no more.' };
  const detail = `The login can do more than read: ${more.slice(0, 20).join(', ')}. Use one that has SELECT alone.`;
  return { name, level: 'warning', detail };
}

function isolationOf(settings: ReadonlyMap<string, string>): Finding {
  const name = 'isolation';
  const isolation = settings.get('transaction_isolation') ?? settings.get('tx_isolation');
  const readOnly = settings.get('transaction_read_only') ?? settings.get('tx_read_only');
  if (isolation === 'READ-COMMITTED' && (readOnly === 'ON' || readOnly === '1')) {
    return { name, level: 'ok', detail: 'Pages are read as committed, without locks, and read-only.' };
  }
  const detail = `The server reads by ${isolation}, read-only ${readOnly}, though READ-COMMITTED and ON were asked for: look for a proxy in between.`;
  return { name, level: 'warning', detail };
}

function limitOf(settings: ReadonlyMap<string, string>): Finding {
  const name = 'time limit';
  const limit = settings.get('max_statement_time') ?? settings.get('max_execution_time');
  if (limit !== undefined && Number(limit) > 0) {
    return { name, level: 'ok', detail: 'The server stops a page that takes too long.' };
  }
  const detail = 'This server knows no limit for a statement: a page that we gave up on may go on there for a while.';
  return { name, level: 'warning', detail };
}
