import { AdpError } from '../../../errors.ts';

/** How the connection is guarded: with the server's certificate and its name verified, its authority alone, or in plain text. */
export type PostgresTls = 'verify-full' | 'verify-ca' | 'disable';

/** Where a PostgreSQL is, and who asks. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly tls: PostgresTls;
}

const usualPort = 5432;
const example = 'postgres://user:password@host:5432/database';

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`; TLS is on and verified unless it says `disable`. Other
 * options are refused: nothing of a connection string may name a file, a socket or a server setting.
 * @throws AdpError CONFIG_ERROR (park), which holds nothing of the text but an unknown option's name
 */
export function readPostgresUrl(text: string): PostgresAddress {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  if (url === undefined || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw refused(`it must look like ${example}; characters other than letters and digits as %XX`);
  }
  if (url.hash !== '') throw refused('it holds a "#", which is written %23');
  if (url.username === '' || url.password === '') throw refused(`it has no user or no password: ${example}`);
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1');
  if (host === '' || host.startsWith('/')) throw refused('it names no host: sockets are not taken');
  const database = decoded(url.pathname.slice(1));
  if (database === '' || database.includes('/'))
    throw refused(`what follows the host must be one database: ${example}`);
  return {
    host,
    port: url.port === '' ? usualPort : Number(url.port),
    user: decoded(url.username),
    password: decoded(url.password),
    database,
    tls: readOptions(url.searchParams),
  };
}

function readOptions(options: URLSearchParams): PostgresTls {
  let tls: PostgresTls = 'verify-full';
  for (const [name, value] of options) {
    if (name !== 'sslmode') {
      throw refused(`its option "${name.slice(0, 40)}" is not known or not taken here: only sslmode is`);
    }
    tls = readTls(value);
  }
  return tls;
}

function readTls(mode: string): PostgresTls {
  switch (mode) {
    case 'verify-full':
    case 'verify-ca':
    case 'disable':
      return mode;
    // What providers hand out. It is taken at its best: a certificate that proves nothing protects nothing.
    case 'require':
      return 'verify-full';
    default:
      throw refused('sslmode must be verify-full (the default; require means the same here), verify-ca or disable');
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
  return new AdpError('CONFIG_ERROR', `The connection string of the PostgreSQL server can't be used: ${why}.`);
}
