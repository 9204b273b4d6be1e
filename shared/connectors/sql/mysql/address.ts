import { AdpError } from '../../../errors.ts';
import { type DatabaseUrl, readDatabaseUrl, type UrlForm } from '../databaseUrl.ts';
import type { Line } from '../line.ts';

/**
 * How the line is guarded: encrypted, and the server's certificate verified with its name or its authority alone, or not at
 * all (`required`); or in plain text.
 */
export type MysqlTls = 'verify_identity' | 'verify_ca' | 'required' | 'disabled';

/** Where a MySQL or MariaDB is, and who asks. */
export interface MysqlAddress extends Omit<DatabaseUrl, 'options'> {
  readonly tls: MysqlTls;
  /**
   * Without TLS: whether a server may be asked for the key that the password is encrypted with. Whoever sits in between
   * may give one of their own.
   */
  readonly mayFetchKey: boolean;
}

const form: UrlForm = {
  protocols: ['mysql:', 'mariadb:'],
  usualPort: 3306,
  example: 'mysql://user:password@host:3306/database',
  refused,
};

/**
 * Reads `mysql://user:password@host:port/database?ssl-mode=…`; TLS is on and verified unless it says otherwise. Other
 * options are refused.
 * @throws AdpError CONFIG_ERROR (park), which never holds a value
 */
export function readMysqlUrl(text: string): MysqlAddress {
  const { options, ...address } = readDatabaseUrl(text, form);
  return { ...address, ...readOptions(options) };
}

/** What guards the line there. */
export function lineOf({ tls }: MysqlAddress): Line {
  if (tls === 'verify_identity') return { kind: 'verified' };
  const kinds = { verify_ca: 'any name', required: 'unverified', disabled: 'plain' } as const;
  return { kind: kinds[tls], option: `ssl-mode=${tls.toUpperCase()}` };
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

function refused(why: string): AdpError {
  return new AdpError('CONFIG_ERROR', `The connection string of the MySQL server can't be used: ${why}.`);
}
