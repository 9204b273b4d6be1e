import { connect, type Socket } from 'node:net';
import type { PoolOptions, SslOptions } from 'mysql2';
import { AdpError } from '../../../errors.ts';
import type { SessionLimits } from '../limits.ts';
import type { MysqlAddress } from './address.ts';

/** What the driver is told: nothing of it comes from the connection string as it stands. */
export function toPoolOptions(
  { authPlugins }: Pick<typeof import('mysql2'), 'authPlugins'>,
  { host, port, user, password, database, tls, mayFetchKey }: MysqlAddress,
  { connections, connectTimeoutMs, tls: { ca, serverName } }: SessionLimits,
): PoolOptions {
  const certified = serverName ?? host;
  const ssl: SslOptions = {
    rejectUnauthorized: tls !== 'required',
    verifyIdentity: tls === 'verify_identity',
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca }),
  };
  return {
    // The name that the driver asks the certificate for; `stream` goes to the host.
    host: certified,
    port,
    user,
    password,
    ...(database !== undefined && { database }),
    stream: () => openSocket(host, port, certified),
    connectTimeout: connectTimeoutMs,
    ...(tls === 'disabled' ? !mayFetchKey && { authPlugins: withoutKeys(authPlugins) } : { ssl }),
    connectionLimit: connections,
    maxIdle: connections,
    charset: 'utf8mb4',
    // A server must not be able to ask for a file of ours.
    flags: ['-LOCAL_FILES'],
    multipleStatements: false,
    // What JavaScript can't hold comes as text.
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    jsonStrings: true,
    connectAttributes: { program_name: 'ADP integration hub' },
  };
}

/**
 * Node asks a certificate for the name that its socket was connected to, which for an IP address it does not know: without
 * it, the certificate of any `localhost` would do.
 */
function openSocket(host: string, port: number, certified: string): Socket {
  return Object.assign(connect({ host, port, noDelay: true, keepAlive: true }), { _host: certified });
}

/**
 * In plain text the password would be encrypted with a key that comes over the same line, perhaps from whoever listens.
 * https://dev.mysql.com/doc/connectors/en/connector-j-connp-props-security.html (allowPublicKeyRetrieval)
 */
function withoutKeys(plugins: typeof import('mysql2')['authPlugins']): NonNullable<PoolOptions['authPlugins']> {
  const onServerPublicKey = () => {
    throw new AdpError(
      'AUTH_FAILED',
      'The MySQL server wants the password encrypted with a key of its own, which nobody vouches for without TLS; the password was not sent. Remove ssl-mode=DISABLED, or add allowPublicKeyRetrieval=true where the network is trusted.',
    );
  };
  return {
    caching_sha2_password: plugins.caching_sha2_password({ onServerPublicKey }),
    sha256_password: plugins.sha256_password({ onServerPublicKey }),
  };
}
