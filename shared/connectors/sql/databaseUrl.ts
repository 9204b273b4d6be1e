import type { AdpError } from '../../errors.ts';

/** How connection strings of a kind of database look. */
export interface UrlForm {
  readonly protocols: readonly string[];
  readonly usualPort: number;
  readonly example: string;
  /** Says that such a string can't be used. @param why holds no value */
  readonly refused: (why: string) => AdpError;
}

/** Where a database is, and who asks; nothing of it is in the URL's escapes any more. */
export interface DatabaseUrl {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string | undefined;
  readonly options: URLSearchParams;
}

/**
 * Reads `scheme://user:password@host:port/database?option=…`. Options are for the caller to know, one by one: nothing of a
 * connection string may name a file, a socket or a setting of the server or the driver.
 * @throws AdpError CONFIG_ERROR (park), which never holds a value
 */
export function readDatabaseUrl(text: string, { protocols, usualPort, example, refused }: UrlForm): DatabaseUrl {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || !protocols.includes(url.protocol)) {
    throw refused(`it must look like ${example}; other characters than letters and digits as %XX`);
  }
  // A user and a password that hold such characters as they are end the URL early: the rest is no option then.
  if (url.username === '' || url.password === '') throw refused(`it has no user or no password: ${example}`);
  if (url.hash !== '') throw refused('it holds a "#", which is written %23');
  const decoded = (escaped: string) => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      throw refused('it has a "%" that begins no %XX: a "%" itself is written %25');
    }
  };
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1');
  if (host === '' || host.startsWith('/')) throw refused('it names no host: sockets are not taken');
  const database = decoded(url.pathname.slice(1));
  if (database.includes('/')) throw refused(`what follows the host must be one database: ${example}`);
  return {
    host,
    port: url.port === '' ? usualPort : Number(url.port),
    user: decoded(url.username),
    password: decoded(url.password),
    database: database === '' ? undefined : database,
    options: url.searchParams,
  };
}
