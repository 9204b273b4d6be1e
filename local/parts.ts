import { join } from 'node:path';
import { emulatorKey } from './cosmos/auth.ts';
import type { PartDefinition, Ports } from './part.ts';
import type { StackPorts } from './ports.ts';
import { storageConnectionString } from './storage/account.ts';

export function storagePart(dataDir: string, { blob, queue, table }: StackPorts): PartDefinition {
  return part('storage', dataDir, { blob, queue, table }, (ports) =>
    Object.entries(ports).flatMap(([service, port]) => [`--${service}-port`, String(port)]),
  );
}

/**
 * Who dies with a message leaves it locked until the lock runs out, as in Azure. There that takes five minutes; nobody
 * wants to wait that long after each restart of a host on one's own machine.
 */
const lockSeconds = 20;

export function serviceBusPart(dataDir: string, { serviceBus }: StackPorts): PartDefinition {
  const args = (ports: Ports) => ['--port', String(ports.serviceBus), '--lock-seconds', String(lockSeconds)];
  return part('serviceBus', dataDir, { serviceBus }, args);
}

export function cosmosPart(dataDir: string, { cosmos }: StackPorts): PartDefinition {
  return part('cosmos', dataDir, { cosmos }, (ports) => ['--port', String(ports.cosmos)]);
}

/** What leads the app to Key Vault, beside its ports. */
export interface VaultAccess {
  /** Holds the authority that signs the vault's certificate. */
  readonly certificates: string;
  /** The file of the authorities that the app trusts. */
  readonly trusted: string;
  /** What the app must show to get a token of its identity. */
  readonly identityHeader: string;
}

export function keyVaultPart(
  dataDir: string,
  { keyVault, identity }: StackPorts,
  { certificates, identityHeader }: VaultAccess,
): PartDefinition {
  const definition = part('keyVault', dataDir, { keyVault, identity }, (ports) => [
    ...['--certificates', certificates],
    ...['--port', String(ports.keyVault), '--identity-port', String(ports.identity)],
  ]);
  // Not by its arguments: those can be read by everyone on the machine.
  return { ...definition, env: { IDENTITY_HEADER: identityHeader } };
}

/**
 * @param app the built app's folder
 * @param settings of the app, which it reads from its environment
 */
export function hostPart(
  dataDir: string,
  { http }: StackPorts,
  app: string,
  settings: Readonly<Record<string, string>>,
): PartDefinition {
  const args = (ports: Ports) => ['--app', app, '--port', String(ports.http)];
  return { ...part('host', dataDir, { http }, args), env: settings };
}

export type StackSettings = Readonly<
  Record<
    | 'AzureWebJobsStorage'
    | 'ServiceBusConnection'
    | 'COSMOS_ENDPOINT'
    | 'COSMOS_KEY'
    | 'COSMOS_DATABASE'
    | 'KEY_VAULT_URL'
    | 'IDENTITY_ENDPOINT'
    | 'IDENTITY_HEADER'
    | 'AZURE_TOKEN_CREDENTIALS'
    | 'NODE_EXTRA_CA_CERTS',
    string
  >
>;

/** The settings that lead to the parts, under the names that the app reads in Azure too (contract.md, "Settings"). */
export function settingsFor(
  { blob, queue, table, serviceBus, cosmos, keyVault, identity }: StackPorts,
  { identityHeader, trusted }: VaultAccess,
): StackSettings {
  const key = 'SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE';
  return {
    AzureWebJobsStorage: storageConnectionString({ blob, queue, table }),
    ServiceBusConnection: `Endpoint=sb://127.0.0.1:${serviceBus};${key};UseDevelopmentEmulator=true`,
    COSMOS_ENDPOINT: `http://127.0.0.1:${cosmos}`,
    COSMOS_KEY: emulatorKey,
    COSMOS_DATABASE: 'adp',
    KEY_VAULT_URL: `https://127.0.0.1:${keyVault}`,
    IDENTITY_ENDPOINT: `http://127.0.0.1:${identity}/msi/token`,
    IDENTITY_HEADER: identityHeader,
    // Whatever login the developer has, it is none of this vault's.
    AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
    NODE_EXTRA_CA_CERTS: trusted,
  };
}

function part(
  name: string,
  dataDir: string,
  ports: Ports,
  portArgs: (ports: Ports) => readonly string[],
): PartDefinition {
  return {
    name,
    ports,
    file: join(import.meta.dirname, name, 'main.ts'),
    args: (at) => ['--data-dir', join(dataDir, name), ...portArgs(at)],
    env: {},
  };
}
