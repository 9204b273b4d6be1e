import { hasMariadb, mariadbAdvice } from '../helpers/mariadb.ts';
import { startMysqlWorld } from '../helpers/mysqlWorld.ts';
import { sqlConnectorSuite } from './sqlConnectors.ts';

sqlConnectorSuite({
  name: 'mysql',
  skipped: hasMariadb ? undefined : mariadbAdvice,
  start: startMysqlWorld,
});
