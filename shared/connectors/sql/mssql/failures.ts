import { AdpError } from '../../../errors.ts';

/** What is known of an error of the driver. */
interface Failure {
  /** The driver's own, such as ESOCKET. */
  readonly code: string | undefined;
  /** SQL Server's: https://learn.microsoft.com/sql/relational-databases/errors-events/database-engine-events-and-errors */
  readonly number: number | undefined;
  /** 20 and more ends the connection. */
  readonly severity: number;
  readonly message: string;
}

/** Deadlock, lock and memory time-outs, a killed session, recovery, failover, Azure's throttling and moves. */
const transient: ReadonlySet<number> = new Set([
  // Of snapshot isolation: the session goes on without it.
  ...[3951, 3952, 41_332],
  ...[-2, 233, 596, 601, 615, 701, 802, 921, 922, 923, 924, 926, 927, 942, 945, 946, 952, 954, 976, 982, 983, 988],
  ...[
    1204, 1205, 1221, 1222, 3906, 3935, 3941, 3960, 3961, 3966, 4060, 4063, 4064, 4221, 5061, 6005, 7622, 8628, 8645,
    8651,
  ],
  ...[9001, 10053, 10054, 10060, 10928, 10929, 10936, 17142, 17187, 17188, 17197, 17830, 18401, 18451, 18461],
  ...[35201, 40020, 40143, 40166, 40197, 40501, 40540, 40549, 40550, 40551, 40552, 40553, 40613, 42108, 42109],
  ...[49918, 49919, 49920, 64, 20, 121, 10922],
]);

/** The login itself: name, password, expired, locked, disabled, not allowed here. */
const logins: ReadonlySet<number> = new Set([
  18_452, 18_456, 18_458, 18_459, 18_460, 18_462, 18_463, 18_464, 18_465, 18_466, 18_468, 18_470, 18_471, 18_486,
  18_487, 18_488, 40_607, 40_615, 40_532, 47_073,
]);

const denied: ReadonlySet<number> = new Set([229, 230, 262, 297, 300, 371, 916, 10_314, 15_151, 15_247]);

/** Invalid column, object, or ambiguous or unbindable names; types that no longer convert. */
const gone: ReadonlySet<number> = new Set([207, 208, 209, 213, 4104, 4121, 4413, 4502, 2812]);
const changedType: ReadonlySet<number> = new Set([
  206, 241, 242, 245, 248, 295, 402, 529, 8114, 8115, 8152, 8169, 2628,
]);

const tracking: ReadonlySet<number> = new Set([22_105, 22_106, 22_113, 22_114, 22_115, 22_116, 22_117]);

/**
 * An error of the driver as the hub knows it. The server's words are repeated, since they name what is meant; they hold
 * no connection string. The driver's error is no cause of ours: it may carry more than it shows.
 * @param loginError SQL Server's number of what it said at the login, which the driver's error lacks
 */
export function toMssqlError(error: unknown, loginError?: number): AdpError {
  if (error instanceof AdpError) return error;
  const failure = read(error);
  return failureFor(failure.code === 'ELOGIN' ? { ...failure, number: failure.number ?? loginError } : failure);
}

/** SQL Server's number of an error, where it has one. */
export function numberOf(error: unknown): number | undefined {
  return read(error).number;
}

/** The driver's code of an error, such as ELOGIN. */
export function codeOf(error: unknown): string | undefined {
  return read(error).code;
}

function failureFor({ code, number, severity, message }: Failure): AdpError {
  if (number !== undefined) {
    if (logins.has(number)) return refusedLogin(message);
    if (denied.has(number)) {
      const advice =
        'Grant what it names to the login (GRANT SELECT ON …; change tracking: also GRANT VIEW CHANGE TRACKING)';
      return new AdpError('AUTH_FAILED', `The SQL Server refused to read: ${message} ${advice}.`);
    }
    if (gone.has(number)) {
      const advice = 'Adjust the table, the columns or the mapping to what the database has now';
      return new AdpError('MAPPING_ERROR', `The SQL Server does not have what is read: ${message} ${advice}.`);
    }
    if (changedType.has(number)) {
      const advice = 'If the type of the cursor or a key column was changed, reset the source';
      return new AdpError('MAPPING_ERROR', `The SQL Server could not convert a value: ${message} ${advice}.`);
    }
    if (number === 978) {
      const advice = 'Set read_only_intent, or ApplicationIntent=ReadOnly in the connection string';
      return new AdpError('CONFIG_ERROR', `The SQL Server is a replica for read-only intent: ${advice}.`);
    }
    if (tracking.has(number)) {
      const advice =
        'Enable it on the primary (ALTER DATABASE … and ALTER TABLE … ENABLE CHANGE_TRACKING) or use another cursor';
      return new AdpError('CONFIG_ERROR', `The SQL Server can't tell changes: ${message} ${advice}.`);
    }
    if (transient.has(number) || severity >= 20) return lost(`The SQL Server could not answer now: ${message}`);
    return new AdpError('CONFIG_ERROR', `The SQL Server refused the statement (error ${number}): ${message}`);
  }
  switch (code) {
    case 'ELOGIN':
      return refusedLogin(message);
    case 'EENCRYPT':
      return unsafeLine(message);
    case 'ETIMEOUT':
      return lost(`The SQL Server did not answer in time: ${message}`);
    default:
      if (isAboutCertificate(message)) return unsafeLine(message);
      // Of several addresses the driver only says that it tried them one after the other.
      return lost(`The SQL Server can't be reached: ${message.replace(' - Could not connect (sequence)', '')}`);
  }
}

function lost(message: string): AdpError {
  return new AdpError('NETWORK_ERROR', sentence(message));
}

function refusedLogin(message: string): AdpError {
  const advice = 'Check the login and put the right connection string into Key Vault';
  return new AdpError('AUTH_FAILED', `The SQL Server refused the login: ${message} ${advice}.`);
}

function unsafeLine(message: string): AdpError {
  const advice =
    'Give the server a certificate that is trusted here (or give its authority in tls.ca); nothing was sent to it';
  return new AdpError('CONFIG_ERROR', `The line to the SQL Server is not safe: ${sentence(message)} ${advice}.`);
}

function isAboutCertificate(message: string): boolean {
  return /certificate|self.signed|altnames|unable to verify|\bSSL\b|\bTLS\b|issuer/i.test(message);
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** The first error that has a number: a later one often only says that there was one. */
function read(error: unknown): Failure {
  if (error instanceof AggregateError && error.errors.length > 0) return read(error.errors[0]);
  const message = error instanceof Error ? error.message : 'an unknown error';
  const own = fieldsOf(error);
  const info = fieldsOf(own.info ?? fieldsOf(own.originalError).info);
  const preceding = Array.isArray(own.precedingErrors) ? own.precedingErrors.map(read) : [];
  const earlier = preceding.find(({ number }) => number !== undefined);
  if (earlier !== undefined) return earlier;
  return {
    code: typeof own.code === 'string' ? own.code : undefined,
    number: numberIn(own.number) ?? numberIn(info.number),
    severity: numberIn(own.class) ?? numberIn(info.class) ?? 0,
    message: sentence(message.slice(0, 500)),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return {};
  const own = Object.entries(Object.getOwnPropertyDescriptors(value));
  return Object.fromEntries(own.map(([key, { value: held }]) => [key, held]));
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
