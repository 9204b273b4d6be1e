import { defineConnector } from '../connector.ts';
import { sqlConnection } from './connection.ts';
import { entityFaults } from './faults.ts';
import { connectionStringOf, limitsOf } from './limits.ts';
import { lineOf, readMysqlUrl } from './mysql/address.ts';
import { mysqlDialect } from './mysql/dialect.ts';
import { MysqlSession } from './mysql/session.ts';
import { entitySettingsSchema, readSourceSettings, sourceProperties } from './settings.ts';

/**
 * MySQL 5.7 and later, MariaDB 10.2 and later. The secret is `mysql://user:password@host:3306/database`; TLS is on and the
 * certificate verified unless it says `?ssl-mode=…`.
 *
 * A cursor can be a TIMESTAMP, a DATETIME (in the source's zone) or a DATE; whole seconds do, since ties are taken care of.
 * Dates of nothing but zeros are NULL to the mapping, and below every cursor: like rows without one, they are found by
 * complete reads.
 */
export const mysql = defineConnector({
  name: 'mysql',
  settings: {
    source: {
      title: 'MysqlSettings',
      type: 'object',
      additionalProperties: false,
      properties: sourceProperties,
    },
    entity: entitySettingsSchema,
  },
  capabilities: { cursors: ['timestamp', 'monotonic_id', 'full'], needsCredential: true, readsKeys: true },
  faultsOf: entityFaults,
  async open(source, tools) {
    const secret = connectionStringOf(source);
    const settings = readSourceSettings(source.settings);
    const address = readMysqlUrl(secret);
    const session = await MysqlSession.open(address, limitsOf(settings, source));
    const dialect = mysqlDialect(session);
    const secrets = [secret, address.password];
    return sqlConnection({ dialect, session, line: lineOf(address), settings, tools, secrets });
  },
});
