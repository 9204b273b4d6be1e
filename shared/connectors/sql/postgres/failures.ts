import { AdpError } from '../../../errors.ts';

/**
 * What an error of the driver means: by its SQLSTATE (PostgreSQL's manual, appendix A), by Node's code where the network
 * or TLS failed, else by the driver's words. The dialect's `failure`.
 */
export function postgresFailure(error: unknown): AdpError {
  // It may hold a whole value of a row.
  const message = (error instanceof Error ? error.message : String(error)).slice(0, 500);
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^[0-9A-Z]{5}$/.test(code) && !nodeCodes.has(code)) return ofState(code, message);
  if (isTls(code, message)) {
    return new AdpError(
      'CONFIG_ERROR',
      `The PostgreSQL server can't prove who it is (${message}): nothing of the login was sent. Set settings.tls.ca to the authority that signed its certificate, or settings.tls.server_name to the name in it.`,
    );
  }
  if (message.includes('does not support SSL')) {
    return new AdpError(
      'CONFIG_ERROR',
      'The PostgreSQL server does not encrypt connections: nothing of the login was sent. Turn ssl on there; sslmode=disable in the connection string goes without, in plain text.',
    );
  }
  if (/^SASL|password must be a string/i.test(message)) {
    return new AdpError('AUTH_FAILED', `The PostgreSQL login failed (${message}): renew the connection string.`);
  }
  return new AdpError('NETWORK_ERROR', `The PostgreSQL server can't be reached, or was lost: ${message || code}.`);
}

/** Five capitals that are not the server's. */
const nodeCodes = new Set(['EPIPE', 'EPERM']);

function isTls(code: string, message: string): boolean {
  return (
    /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/.test(code) ||
    /certificate/i.test(message)
  );
}

/** Classes and codes, the more exact one first; what follows the server's own words. */
const states: readonly (readonly [RegExp, (message: string) => AdpError])[] = [
  [
    /^28/,
    (message) =>
      new AdpError(
        'AUTH_FAILED',
        `The PostgreSQL server refused the login: ${message}. Renew the connection string, or let the login in.`,
      ),
  ],
  [/^3D000/, (message) => new AdpError('CONFIG_ERROR', `${message}: name another one in the connection string.`)],
  [
    /^42501/,
    (message) => new AdpError('AUTH_FAILED', `${message}: GRANT SELECT on it (and USAGE ON SCHEMA) to the login.`),
  ],
  [
    /^(?:42P01|42703|3F000)/,
    (message) =>
      new AdpError('MAPPING_ERROR', `${message}: it was renamed or dropped; mend the mapping or the settings.`),
  ],
  [
    /^57014/,
    (message) =>
      new AdpError(
        'NETWORK_ERROR',
        `${message}: the page took too long. An index on cursor and key helps; else set page_rows lower or statement_timeout_ms higher.`,
      ),
  ],
  [
    /^55P03/,
    (message) =>
      new AdpError('NETWORK_ERROR', `${message}: somebody else holds a lock for longer than lock_timeout_ms.`),
  ],
  [/^53300/, (message) => new AdpError('NETWORK_ERROR', `${message}: all connections of the server are in use.`)],
  // Deadlocks and conflicts with recovery, lost connections, no memory or disk, a view that is being filled, shut down or
  // starting up, time-outs of sessions, I/O, what is altered under a statement.
  [
    /^(?:40|08|53|55|57P|25P03|25P04|58|XX000)/,
    (message) => new AdpError('NETWORK_ERROR', `The PostgreSQL server could not go on: ${message}.`),
  ],
  [/^25006/, (message) => new AdpError('CONFIG_ERROR', `${message}: settings.queries must only read.`)],
  [
    /^(?:22|XX001|XX002)/,
    (message) =>
      new AdpError(
        'DATA_ERROR',
        `The PostgreSQL server could not read its data: ${message}. Mend the view or the row.`,
        { disposition: 'park' },
      ),
  ],
];

function ofState(code: string, message: string): AdpError {
  const [, make] = states.find(([pattern]) => pattern.test(code)) ?? [];
  return (
    make?.(message) ?? new AdpError('CONFIG_ERROR', `The PostgreSQL server refused the query (${code}): ${message}.`)
  );
}
