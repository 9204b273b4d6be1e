/**
 * The local Key Vault and the app's managed identity as a process of its own:
 *   IDENTITY_HEADER=… node local/keyVault/main.ts --port 8443 --identity-port 8444 --data-dir DIR --certificates DIR
 * Prints `{"ready":true,"ports":{…}}` when it accepts. Ends on SIGTERM, SIGINT and with the process that forked it.
 */
import { parseArgs } from 'node:util';
import { keepAuthority } from '../certificates/authority.ts';
import { onParentGone } from '../onParentGone.ts';
import { type KeyVaultOptions, startKeyVault } from './server.ts';

const usage =
  'usage: IDENTITY_HEADER=… node local/keyVault/main.ts --port N --identity-port N --data-dir DIR --certificates DIR';

async function readOptions(): Promise<KeyVaultOptions> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string' },
      'identity-port': { type: 'string' },
      'data-dir': { type: 'string' },
      certificates: { type: 'string' },
    },
  });
  const { 'data-dir': dataDir, certificates } = values;
  const identityHeader = process.env.IDENTITY_HEADER;
  if (!dataDir || !certificates || !identityHeader) throw new Error(usage);
  return {
    port: readPort(values.port),
    identityPort: readPort(values['identity-port']),
    dataDir,
    identityHeader,
    certificate: (await keepAuthority(certificates)).issue(),
  };
}

function readPort(text: string | undefined): number {
  const port = /^\d{1,5}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new Error(usage);
}

async function main(): Promise<void> {
  const server = await startKeyVault(await readOptions());
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    server.close().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  onParentGone(end);
  console.log(JSON.stringify({ ready: true, ports: { keyVault: server.port, identity: server.identityPort } }));
}

function fail(error: unknown): void {
  console.error(`Key Vault: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}

main().catch(fail);
