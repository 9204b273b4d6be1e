import { AdpError } from '../../../errors.ts';

/**
 * Of the server, by number; MariaDB's own are those from 1900 to 1999.
 * https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
 * https://mariadb.com/kb/en/mariadb-error-code-reference/
 */
const numbers = [
  /** Login, password, expired, locked, not from this host. */
  ['login', [1045, 1130, 1251, 1275, 1524, 1698, 1820, 1862, 3118, 3159, 3878, 3955, 4037, 4151]],
  ['database', [1044]],
  /** A table's, a column's, a routine's privilege; one that is global. */
  ['denied', [1142, 1143, 1227, 1370, 1410, 3530]],
  ['unknownDatabase', [1046, 1049]],
  /** Tables, columns; views that name what is gone, or whose definer is. */
  ['gone', [1051, 1054, 1109, 1146, 1356, 1449]],
  /** Locks, time-outs, deadlocks, tables altered meanwhile. */
  ['busy', [1020, 1205, 1213, 1412, 1614, 1637, 1969, 3024, 3058, 3572]],
  /** Connections, memory, disk, network, shutdown, recovery, failover, kills. */
  [
    'unavailable',
    [
      ...[1021, 1026, 1028, 1030, 1037, 1038, 1040, 1041, 1043, 1047, 1053, 1077, 1078, 1079, 1114, 1129, 1135],
      ...[1152, 1158, 1159, 1160, 1161, 1184, 1203, 1226, 1290, 1317, 1836, 1927, 2006, 2013, 2055, 3168, 3169, 4031],
    ],
  ],
  ['value', [1292, 1366, 1367, 1411, 1525, 1690, 3141]],
] as const;

const groups = new Map(
  numbers.flatMap(([group, members]) => members.map((member): [number, typeof group] => [member, group])),
);

/** What is known of an error of the driver: no statement, no parameters, no configuration. */
interface Failure {
  /** The driver's or Node's own, such as ECONNREFUSED. */
  readonly code: string | undefined;
  /** The server's. */
  readonly number: number | undefined;
  readonly state: string;
  readonly message: string;
}

/** An error of the driver as the hub knows it; see `Dialect.failure`. The server's words are repeated: they name what is meant. */
export function toMysqlError(error: unknown): AdpError {
  if (error instanceof AdpError) return error;
  const failure = read(error);
  const told = `${failure.message}${failure.number === undefined ? '' : ` (error ${failure.number})`}`;
  switch (failure.number === undefined ? undefined : groups.get(failure.number)) {
    case 'login':
      return refusedLogin(told);
    case 'database':
      return new AdpError(
        'AUTH_FAILED',
        `The MySQL server refused the database: ${told}. Grant the login to read it: GRANT SELECT ON database.* TO …`,
      );
    case 'denied':
      return new AdpError(
        'AUTH_FAILED',
        `The MySQL server refused to read: ${told}. Grant what it names to the login: GRANT SELECT ON database.table TO …`,
      );
    case 'unknownDatabase':
      return new AdpError(
        'CONFIG_ERROR',
        `The MySQL server has no such database: ${told}. Name it in the connection string, or in the table's name.`,
      );
    case 'gone':
      return new AdpError(
        'MAPPING_ERROR',
        `The MySQL server does not have what is read: ${told}. Adjust the table, the columns or the mapping to what it has now.`,
      );
    case 'busy':
      return new AdpError('NETWORK_ERROR', `The MySQL server was busy: ${told}.`);
    case 'unavailable':
      return new AdpError('NETWORK_ERROR', `The MySQL server can't answer now: ${told}.`);
    case 'value':
      return new AdpError(
        'MAPPING_ERROR',
        `The MySQL server could not compare a value: ${told}. If the type of the cursor or a key column was changed, reset the source.`,
      );
    default:
      return failure.number === undefined ? ofTheLine(failure.code, told) : unknown(failure, told);
  }
}

/** Not of the server: the driver, Node, the network. */
function ofTheLine(code: string | undefined, told: string): AdpError {
  switch (code) {
    case 'HANDSHAKE_NO_SSL_SUPPORT':
      return unsafeLine(
        'it offers no TLS, and the login was not sent. Turn TLS on there, or add ?ssl-mode=DISABLED to the connection string where the network is trusted',
      );
    case 'HANDSHAKE_SSL_ERROR':
      // Of a line that broke, not of a certificate.
      if (/ECONNRESET|EPIPE|socket disconnected|socket hang up/i.test(told)) return lost(told);
      return unsafeLine(
        `${told}. The login was not sent. Give the server a certificate that is trusted here, or name its authority in tls.ca and its name in tls.server_name`,
      );
    case 'AUTH_SWITCH_PLUGIN_ERROR':
    case 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED':
      return refusedLogin(
        'it asks for a way to log in that is not taken here. Create the user with caching_sha2_password or mysql_native_password',
      );
    case 'LOCAL_INFILE_DISABLED':
      return unsafeLine('it asked for a file of ours');
    default:
      return lost(told);
  }
}

/** SQLSTATE 42 is about the statement: only other settings help. */
function unknown({ state }: Failure, told: string): AdpError {
  return state.startsWith('42')
    ? new AdpError('CONFIG_ERROR', `The MySQL server refused the statement: ${told}.`)
    : new AdpError('DATA_ERROR', `The MySQL server could not read: ${told}.`, { disposition: 'park' });
}

function refusedLogin(told: string): AdpError {
  return new AdpError(
    'AUTH_FAILED',
    `The MySQL server refused the login: ${told}. Check the login, and put the right connection string into Key Vault.`,
  );
}

function unsafeLine(told: string): AdpError {
  return new AdpError('CONFIG_ERROR', `The line to the MySQL server is not safe: ${told}.`);
}

function lost(told: string): AdpError {
  return new AdpError('NETWORK_ERROR', `The MySQL server can't be reached: ${told}.`);
}

function read(error: unknown): Failure {
  const message = error instanceof Error ? error.message : 'an unknown error';
  const fields: Readonly<Record<string, unknown>> =
    typeof error === 'object' && error !== null ? Object.fromEntries(Object.entries(error)) : {};
  // Node's own errors have negative numbers.
  const { code, errno, sqlState } = fields;
  const isServers = typeof errno === 'number' && errno > 0;
  return {
    code: typeof code === 'string' ? code : undefined,
    number: isServers ? errno : undefined,
    state: typeof sqlState === 'string' ? sqlState : '',
    message: message.slice(0, 500).replace(/[.\s]+$/, ''),
  };
}
