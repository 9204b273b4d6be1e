import { hasPostgres, postgresAdvice } from '../helpers/postgres.ts';
import { startPostgresWorld } from '../helpers/postgresWorld.ts';
import { sqlConnectorSuite } from './sqlConnectors.ts';

sqlConnectorSuite({
  name: 'postgres',
  skipped: hasPostgres ? undefined : postgresAdvice,
  start: startPostgresWorld,
});
