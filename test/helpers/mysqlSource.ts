import { readMysqlUrl } from '../../shared/connectors/sql/mysql/address.ts';
import { MysqlSession } from '../../shared/connectors/sql/mysql/session.ts';
import { readSourceSettings } from '../../shared/connectors/sql/settings.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import type { TestMariadb } from './mariadb.ts';
import { patient } from './sqlTools.ts';

export interface MysqlLogin {
  readonly user?: string;
  readonly password?: string;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  /** As `ssl-mode=REQUIRED`. Default: verified, where the test vouches for the server. */
  readonly options?: string;
}

/** A connection string of a login at the test's server. */
export function mysqlUrl(server: TestMariadb, login: MysqlLogin = {}): string {
  const url = new URL(server.url);
  // The certificate's name.
  url.hostname = login.host ?? (server.ca === undefined ? url.hostname : 'localhost');
  if (login.port !== undefined) url.port = String(login.port);
  if (login.user !== undefined) url.username = encodeURIComponent(login.user);
  if (login.password !== undefined) url.password = encodeURIComponent(login.password);
  url.pathname = `/${login.database ?? ''}`;
  url.search = login.options ?? (server.ca === undefined ? 'ssl-mode=DISABLED' : '');
  return url.href;
}

/** The lines alone, for statements that no connector sends. */
export async function openMysqlSession(
  server: TestMariadb,
  login: MysqlLogin = {},
  settings: JsonObject & { readonly connections?: number } = {},
): Promise<MysqlSession> {
  const { tls, ...limits } = readSourceSettings({ ...patient, ...settings });
  return await MysqlSession.open(readMysqlUrl(mysqlUrl(server, login)), {
    ...limits,
    connections: settings.connections ?? 2,
    tls: { ...tls, ca: tls.ca ?? server.ca },
  });
}
