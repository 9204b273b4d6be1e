import type { Connector, PolledConnector } from './connector.ts';
import { rest } from './rest/rest.ts';
import { mssql } from './sql/mssql.ts';
import { mysql } from './sql/mysql.ts';
import { postgres } from './sql/postgres.ts';

/** The connectors that are built, by name; a source with another one is refused. */
export const polledConnectors: Readonly<Partial<Record<PolledConnector, Connector>>> = { mssql, mysql, postgres, rest };
