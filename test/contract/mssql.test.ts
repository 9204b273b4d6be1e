import { mssqlAdvice, startLocalMssqlWorld, startRealMssqlWorld } from '../helpers/mssqlWorld.ts';
import { sqlConnectorSuite } from './sqlConnectors.ts';

const url = process.env.MSSQL_TEST_URL;

sqlConnectorSuite({ name: 'mssql, the local stand-in', skipped: undefined, start: startLocalMssqlWorld });

sqlConnectorSuite({
  name: 'mssql, a real SQL Server',
  skipped: url === undefined ? mssqlAdvice : undefined,
  start: () => startRealMssqlWorld(url ?? ''),
});
