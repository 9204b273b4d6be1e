import { AdpError } from '../../errors.ts';
import { defineConnector } from '../connector.ts';
import { sqlConnection } from './connection.ts';
import { entityFaults } from './faults.ts';
import { readConnectionString } from './mssql/connectionString.ts';
import { mssqlDialect } from './mssql/dialect.ts';
import { MssqlSession } from './mssql/session.ts';
import { entitySettingsSchema, readSourceSettings, sourceProperties } from './settings.ts';

/** More would be felt in a dealer's production database. */
const mostConnections = 2;

/**
 * SQL Server, 2016 and later, and Azure SQL. The secret is a connection string in ADO.NET's form:
 * `Server=…;Database=…;User Id=…;Password=…;Encrypt=true`. TLS is on and the certificate verified unless it says otherwise.
 */
export const mssql = defineConnector({
  name: 'mssql',
  settings: {
    source: {
      title: 'MssqlSettings',
      type: 'object',
      additionalProperties: false,
      properties: {
        ...sourceProperties,
        read_only_intent: {
          type: 'boolean',
          description:
            'Asks for a readable replica, as ApplicationIntent=ReadOnly in the connection string does. Not for the cursors rowversion and change_tracking, which need the primary.',
        },
      },
    },
    entity: entitySettingsSchema,
  },
  capabilities: {
    cursors: ['timestamp', 'rowversion', 'change_tracking', 'monotonic_id', 'full'],
    needsCredential: true,
    readsKeys: true,
  },
  faultsOf(settings, query) {
    const { cursor } = query;
    const faults = entityFaults(settings, query);
    if (cursor.kind === 'change_tracking' && query.settings.query !== undefined) {
      faults.push('The cursor "change_tracking" needs a table: SQL Server tracks no changes of a query.');
    }
    if ((cursor.kind === 'rowversion' || cursor.kind === 'change_tracking') && settings.read_only_intent === true) {
      faults.push(`The cursor "${cursor.kind}" needs the primary: leave read_only_intent out, or use another cursor.`);
    }
    return faults;
  },
  async open(source, tools) {
    if (source.secret === undefined) {
      throw new AdpError(
        'CONFIG_ERROR',
        'The source has no connection string: name a Key Vault secret in "credential".',
      );
    }
    const settings = readSourceSettings(source.settings);
    const target = readConnectionString(source.secret);
    const session = await MssqlSession.open(
      {
        ...target,
        isReadOnly: target.isReadOnly || source.settings.read_only_intent === true,
        certificateHost: settings.tls.serverName ?? target.certificateHost,
      },
      {
        connectTimeoutMs: settings.connectTimeoutMs,
        statementTimeoutMs: settings.statementTimeoutMs,
        lockTimeoutMs: settings.lockTimeoutMs,
        connections: Math.min(mostConnections, Math.max(1, source.concurrency)),
        authorities: settings.tls.ca,
      },
    );
    return sqlConnection({
      dialect: mssqlDialect,
      session,
      settings,
      source,
      tools,
      secrets: [source.secret, target.password],
    });
  },
});
