import { expect, test } from '@jest/globals';
import { polledConnectors } from '../../shared/connectors/registry.ts';
import { hasMariadb, mariadbAdvice } from '../helpers/mariadb.ts';
import { startLocalMssqlWorld } from '../helpers/mssqlWorld.ts';
import { startMysqlWorld } from '../helpers/mysqlWorld.ts';
import { hasPostgres, postgresAdvice } from '../helpers/postgres.ts';
import { startPostgresWorld } from '../helpers/postgresWorld.ts';
import { restPages, startRestConnectorWorld } from '../helpers/restConnectorWorld.ts';
import { sqlConnectorWorld } from '../helpers/sqlConnectorWorld.ts';
import { type ConnectorFixture, connectorSuite } from './connectorSuite.ts';

/** Whoever registers a connector enrols it here. */
const fixtures: Readonly<Record<string, readonly ConnectorFixture[]>> = {
  mssql: [
    {
      name: 'mssql, the local stand-in',
      skipped: undefined,
      start: async () => sqlConnectorWorld(await startLocalMssqlWorld()),
    },
  ],
  mysql: [
    {
      name: 'mysql',
      skipped: hasMariadb ? undefined : mariadbAdvice,
      start: async () => sqlConnectorWorld(await startMysqlWorld()),
    },
  ],
  postgres: [
    {
      name: 'postgres',
      skipped: hasPostgres ? undefined : postgresAdvice,
      start: async () => sqlConnectorWorld(await startPostgresWorld()),
    },
  ],
  rest: Object.entries(restPages).map(([kind, pages]) => ({
    name: `rest, pages by ${kind}`,
    skipped: undefined,
    start: () => startRestConnectorWorld(pages),
  })),
};

test('every registered connector is enrolled, under its own name', () => {
  expect(Object.keys(fixtures).sort()).toEqual(Object.keys(polledConnectors).sort());
  expect(Object.values(fixtures).every((each) => each.length > 0)).toBe(true);
});

for (const fixture of Object.values(fixtures).flat()) connectorSuite(fixture);
