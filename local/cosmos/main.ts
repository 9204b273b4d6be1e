/**
 * The local Cosmos DB as a process of its own:
 *   node local/cosmos/main.ts --port 8081 --data-dir .local/cosmos [--key BASE64]
 * Prints `{"ready":true,"port":N}` when it accepts. Ends on SIGTERM, SIGINT and with the process that forked it.
 */
import { parseArgs } from 'node:util';
import { onParentGone } from '../onParentGone.ts';
import type { CosmosOptions } from './server.ts';
import { startCosmos } from './server.ts';

function readOptions(): CosmosOptions {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, 'data-dir': { type: 'string' }, key: { type: 'string' } },
  });
  const port = Number(values.port);
  const dataDir = values['data-dir'];
  if (values.port === undefined || !Number.isInteger(port) || port < 0 || port > 65_535 || dataDir === undefined) {
    throw new Error('usage: node local/cosmos/main.ts --port N --data-dir DIR [--key BASE64]');
  }
  return { port, dataDir, ...(values.key === undefined ? {} : { key: values.key }) };
}

function explain(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return `${error.message}. Stop what listens there, or choose another --port (0: any free one).`;
  }
  if (error instanceof Error && error.message === 'database is locked') {
    return 'another process has the data in --data-dir open. Stop it, or choose another folder.';
  }
  return error instanceof Error ? error.message : String(error);
}

async function main(): Promise<void> {
  const server = await startCosmos(readOptions());
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    server.close().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  onParentGone(end);
  console.log(JSON.stringify({ ready: true, port: server.port }));
}

function fail(error: unknown): void {
  console.error(`Cosmos DB: ${explain(error)}`);
  process.exit(1);
}

main().catch(fail);
