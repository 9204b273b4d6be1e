import { AdpError } from '../../../errors.ts';
import { type DatabaseUrl, readDatabaseUrl, type UrlForm } from '../databaseUrl.ts';
import type { Line } from '../line.ts';

/** How the connection is guarded: with the server's certificate and its name verified, its authority alone, or in plain text. */
export type PostgresTls = 'verify-full' | 'verify-ca' | 'disable';

/** Where a PostgreSQL is, and who asks. */
export interface PostgresAddress extends Omit<DatabaseUrl, 'options'> {
  readonly database: string;
  readonly tls: PostgresTls;
}

const form: UrlForm = {
  protocols: ['postgres:', 'postgresql:'],
  usualPort: 5432,
  example: 'postgres://user:password@host:5432/database',
  refused,
};

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`; TLS is on and verified unless it says `disable`. Other
 * options are refused.
 * @throws AdpError CONFIG_ERROR (park), which holds nothing of the text but an unknown option's name
 */
export function readPostgresUrl(text: string): PostgresAddress {
  const { options, database, ...address } = readDatabaseUrl(text, form);
  if (database === undefined) throw refused(`what follows the host must be one database: ${form.example}`);
  return { ...address, database, tls: readOptions(options) };
}

/** What guards the line there. */
export function lineOf({ tls }: PostgresAddress): Line {
  if (tls === 'verify-full') return { kind: 'verified' };
  return { kind: tls === 'verify-ca' ? 'any name' : 'plain', option: `sslmode=${tls}` };
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

function refused(why: string): AdpError {
  return new AdpError('CONFIG_ERROR', `The connection string of the PostgreSQL server can't be used: ${why}.`);
}
