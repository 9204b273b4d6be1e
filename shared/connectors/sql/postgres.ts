import { defineConnector } from '../connector.ts';
import { sqlConnection } from './connection.ts';
import { entityFaults } from './faults.ts';
import { connectionStringOf, limitsOf } from './limits.ts';
import { lineOf, readPostgresUrl } from './postgres/address.ts';
import { postgresDialect } from './postgres/dialect.ts';
import { PostgresSession } from './postgres/session.ts';
import { entitySettingsSchema, readSourceSettings, sourceProperties } from './settings.ts';

/** Tables, views and queries of a PostgreSQL; the secret is `postgres://user:password@host:5432/database`. */
export const postgres = defineConnector({
  name: 'postgres',
  settings: {
    source: {
      title: 'PostgresSettings',
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
    const address = readPostgresUrl(secret);
    const session = await PostgresSession.open(address, limitsOf(settings, source));
    const secrets = [secret, address.password];
    return sqlConnection({ dialect: postgresDialect, session, line: lineOf(address), settings, tools, secrets });
  },
});
