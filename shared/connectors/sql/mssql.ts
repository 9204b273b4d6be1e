import { defineConnector } from '../connector.ts';
import { sqlConnection } from './connection.ts';
import { entityFaults } from './faults.ts';
import { connectionStringOf, limitsOf } from './limits.ts';
import { lineOf, readConnectionString } from './mssql/connectionString.ts';
import { mssqlDialect } from './mssql/dialect.ts';
import { MssqlSession } from './mssql/session.ts';
import { entitySettingsSchema, readSourceSettings, sourceProperties } from './settings.ts';

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
    const secret = connectionStringOf(source);
    const settings = readSourceSettings(source.settings);
    const target = readConnectionString(secret);
    const isReadOnly = target.isReadOnly || source.settings.read_only_intent === true;
    const session = await MssqlSession.open({ ...target, isReadOnly }, limitsOf(settings, source));
    const secrets = [secret, target.password];
    return sqlConnection({ dialect: mssqlDialect, session, line: lineOf(target), settings, tools, secrets });
  },
});
