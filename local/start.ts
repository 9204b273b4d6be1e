/** `npm start`: the local stack until Ctrl-C. */
import { parseArgs } from 'node:util';
import { AdpError } from '../shared/errors.ts';
import { type Stack, type StackOptions, startStack } from './stack.ts';

const help = `Starts the hub and what it needs of Azure on this machine.

  npm start -- [--data-dir DIR] [--port N|auto]

  --data-dir DIR  where everything is kept; the next start goes on from there (default: .local)
  --port N        port of the HTTP API (default: 7071); the others are the usual ones of Azure's emulators
  --port auto     free ports for everything
  --help          this page

Ctrl-C stops everything; a second Ctrl-C doesn't wait for what is under way.
`;

try {
  const options = readOptions();
  if (options) await serve(options);
  else process.stdout.write(help);
} catch (error) {
  // A mistake that people can mend is told in a sentence.
  console.error(error instanceof AdpError ? error.message : error);
  process.exit(1);
}

function readOptions(): StackOptions | undefined {
  const { values } = parseArgs({
    options: {
      'data-dir': { type: 'string', default: '.local' },
      port: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const where = { dataDir: values['data-dir'], log: (line: string) => console.error(line) };
  if (values.port === undefined) return { ...where, ports: 'usual' };
  if (values.port === 'auto') return { ...where, ports: 'auto' };
  const port = Number(values.port);
  if (/^\d+$/.test(values.port) && port >= 1 && port <= 65_535) return { ...where, ports: 'usual', port };
  throw new AdpError('CONFIG_ERROR', `--port must be a number from 1 to 65535, or auto; not "${values.port}"`);
}

async function serve(options: StackOptions): Promise<void> {
  console.log('Starting storage, Service Bus, Cosmos DB, Key Vault and the functions …');
  const starting = startStack(options);
  let asked = 0;
  const stop = () => {
    asked += 1;
    if (asked > 1) process.exit(1);
    console.log('\nStopping …');
    starting.then((stack) => stack.stop()).catch(() => undefined);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);

  const stack = await starting;
  if (asked === 0) console.log(describe(stack));
  await stack.ended;
  console.log('Stopped.');
  process.exit(0);
}

function describe({
  baseUrl,
  adminKey,
  dataDir,
  sharesDir,
  settings,
  storage,
  serviceBus,
  cosmos,
  keyVault,
  host,
}: Stack): string {
  const blobs = /BlobEndpoint=([^;]+)/.exec(settings.AzureWebJobsStorage ?? '')?.[1];
  const queues = /Endpoint=(sb:[^;]+)/.exec(settings.ServiceBusConnection ?? '')?.[1];
  return `
The hub runs.

  API          ${baseUrl}/api/v1   (process ${host.pid})
  Storage      ${blobs}   (process ${storage.pid})
  Service Bus  ${queues}   (process ${serviceBus.pid})
  Cosmos DB    ${settings.COSMOS_ENDPOINT}   (process ${cosmos.pid})
  Key Vault    ${settings.KEY_VAULT_URL}   (process ${keyVault.pid})
  Data, logs   ${dataDir}
  Shares       ${sharesDir}
  Admin key    ${adminKey}

Try it, in another terminal:

  npx adp runs
  curl ${baseUrl}/api/v1/openapi.json
  curl -H 'x-api-key: ${adminKey}' ${baseUrl}/api/v1/admin/keys

npx adp finds this stack by ${dataDir}/stack.json. Ctrl-C stops it.
`;
}
