import { AdpError } from '../../../errors.ts';

/**
 * How the line is guarded: encrypted, and the server's certificate verified with its name or its authority alone, or not at
 * all (`required`); or in plain text.
 */
export type MysqlTls = 'verify_identity' | 'verify_ca' | 'required' | 'disabled';

/** Where a MySQL or MariaDB is, and who asks. */
export interface MysqlAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string | undefined;
  readonly tls: MysqlTls;
  /**
   * Without TLS: whether a server may be asked for the key that the password is encrypted with. Whoever sits in between
   * may give one of their own.
   */
  readonly mayFetchKey: boolean;
}

const usualPort = 3306;
const example = 'mysql://user:password@host:3306/database';

/**
 * Reads `mysql://user:password@host:port/database?ssl-mode=…`; TLS is on and verified unless it says otherwise. Other
 * options are refused: nothing of a connection string may name a file, a socket or a plugin of ours.
 * @throws AdpError CONFIG_ERROR (park), which never holds a value
 */
export function readMysqlUrl(text: string): MysqlAddress {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || !['mysql:', 'mariadb:'].includes(url.protocol)) {
    throw refused(`it must look like ${example}; other characters than letters and digits as %XX`);
  }
  // A user and a password that hold such characters as they are end the URL early: the rest is no option then.
  if (url.username === '' || url.password === '') throw refused(`it has no user or no password: ${example}`);
  if (url.hash !== '') throw refused('it holds a "#", which is written %23');
  if (url.hostname === '') throw refused('it names no host: sockets are not taken');
  const database = decoded(url.pathname.slice(1));
  if (database.includes('/')) throw refused('what follows the host must be one database');
  const { tls, mayFetchKey } = readOptions(url.searchParams);
  return {
    host: decoded(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? usualPort : Number(url.port),
    user: decoded(url.username),
    password: decoded(url.password),
    database: database === '' ? undefined : database,
    tls,
    mayFetchKey,
  };
}

function readOptions(options: URLSearchParams): Pick<MysqlAddress, 'tls' | 'mayFetchKey'> {
  let tls: MysqlTls = 'verify_identity';
  let mayFetchKey = false;
  for (const [name, value] of options) {
    switch (name.toLowerCase().replaceAll(/[-_]/g, '')) {
      case 'sslmode':
        tls = readTls(value);
        break;
      case 'allowpublickeyretrieval':
        if (value !== 'true' && value !== 'false') throw refused(`${name} must be true or false`);
        mayFetchKey = value === 'true';
        break;
      default:
        throw refused(
          `its option "${name.slice(0, 40)}" is not known or not taken here: only ssl-mode and allowPublicKeyRetrieval are`,
        );
    }
  }
  return { tls, mayFetchKey };
}

function readTls(value: string): MysqlTls {
  const mode = value.toLowerCase().replaceAll('-', '_');
  switch (mode) {
    case 'verify_identity':
    case 'verify_ca':
    case 'required':
    case 'disabled':
      return mode;
    default:
      throw refused(
        'ssl-mode must be VERIFY_IDENTITY (the default), VERIFY_CA, REQUIRED (encrypted, but whoever answers is believed) or DISABLED',
      );
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused('it has a "%" that begins no %XX: a "%" itself is written %25');
  }
}

function refused(why: string): AdpError {
  return new AdpError('CONFIG_ERROR', `The connection string of the MySQL server can't be used: ${why}.`);
}
