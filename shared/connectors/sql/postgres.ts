import { AdpError } from '../../errors.ts';
import { defineConnector } from '../connector.ts';
import { sqlConnection } from './connection.ts';
import { entityFaults } from './faults.ts';
import { readPostgresUrl } from './postgres/address.ts';
import { postgresDialect } from './postgres/dialect.ts';
import { PostgresSession } from './postgres/session.ts';
import { entitySettingsSchema, readSourceSettings, sourceProperties } from './settings.ts';

/** A dealer's production database is asked by so many connections at most. */
const maxConnections = 2;

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
    if (source.secret === undefined) {
      throw new AdpError(
        'CONFIG_ERROR',
        'A postgres source needs a credential: the name of a secret with its connection string.',
      );
    }
    const settings = readSourceSettings(source.settings);
    const address = readPostgresUrl(source.secret);
    const session = await PostgresSession.open(address, {
      connections: Math.min(maxConnections, Math.max(1, source.concurrency)),
      ...settings,
    });
    const secrets = [source.secret, address.password];
    return sqlConnection({ dialect: postgresDialect, session, settings, source, tools, secrets });
  },
});
