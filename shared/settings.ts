import { AdpError } from './errors.ts';
import { type FileSettings, readFileSettings } from './shareSettings.ts';

/** A storage account: by connection string (local, or with a key), or by identity and service addresses. */
export type StorageAccount =
  | { readonly kind: 'connectionString'; readonly connectionString: string; readonly insecure: boolean }
  | {
      readonly kind: 'identity';
      readonly blobServiceUri: string;
      readonly tableServiceUri: string;
      readonly clientId?: string;
    };

/** A Service Bus namespace: by connection string, or by identity and name. */
export type ServiceBusNamespace =
  | { readonly kind: 'connectionString'; readonly connectionString: string }
  | { readonly kind: 'identity'; readonly fullyQualifiedNamespace: string; readonly clientId?: string };

/** A Cosmos account: `key` locally only; without it the app's identity is used. */
export interface CosmosAccount {
  readonly endpoint: string;
  readonly database: string;
  readonly key?: string;
  readonly clientId?: string;
}

/** Where dealers' credentials are kept. */
export interface KeyVault {
  /** `https://{vault}.vault.azure.net` */
  readonly url: string;
  /**
   * Whether the vault's word for what its tokens are for must match its address, so that no other server gets one. A
   * vault on this machine has no name of Azure's to match.
   */
  readonly verifyChallenge: boolean;
  readonly clientId?: string;
}

/** Everything that differs between one deployment and another. */
export interface Settings {
  readonly storage: StorageAccount;
  readonly serviceBus: ServiceBusNamespace;
  readonly cosmos: CosmosAccount;
  /** Absent where nothing is polled. */
  readonly keyVault?: KeyVault;
  /** SHA-256, in hex, of the first admin key. */
  readonly adminKeyHash: string;
  /** Pushed requests a dealer may send: tokens a minute, and how many at once after a pause. */
  readonly pushRate: { readonly perMinute: number; readonly burst: number };
  /** Minutes after which a run that doesn't balance is given up (and reopened should the missing part come). */
  readonly runGiveUpMinutes: number;
  readonly files: FileSettings;
}

/** Settings by name, as a process finds them in its environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and checks the settings (contract.md, "Settings").
 * @throws AdpError `CONFIG_ERROR` that names every setting that is missing or malformed, and what is expected.
 */
export function readSettings(env: Environment): Settings {
  const problems: string[] = [];
  const optional = (name: string) => textOf(env, name);
  const required = (name: string, expected: string) => {
    const value = optional(name);
    if (value === undefined) problems.push(`${name} is missing: expected ${expected}`);
    return value ?? '';
  };
  const url = (name: string, expected: string) => {
    const value = required(name, expected);
    if (value !== '' && !URL.canParse(value)) problems.push(`${name} is malformed: expected ${expected}`);
    return value;
  };
  const number = (name: string, fallback: number) => {
    const text = optional(name);
    const value = text === undefined ? fallback : Number(text);
    if (!Number.isFinite(value) || value <= 0) problems.push(`${name} is malformed: expected a number above 0`);
    return value;
  };
  const clientId = (prefix: string) => clientIdOf(env, prefix);

  const storage = (): StorageAccount => {
    const connectionString = optional('AzureWebJobsStorage');
    if (connectionString !== undefined) {
      if (!connectionString.includes('AccountName=') && !connectionString.startsWith('UseDevelopmentStorage=')) {
        problems.push('AzureWebJobsStorage is malformed: expected a storage connection string with AccountName=…');
      }
      const insecure =
        connectionString.startsWith('UseDevelopmentStorage=') ||
        /DefaultEndpointsProtocol=http(;|$)|TableEndpoint=http:/.test(connectionString);
      return { kind: 'connectionString', connectionString, insecure };
    }
    const account = optional('AzureWebJobsStorage__accountName');
    if (account !== undefined) {
      return {
        kind: 'identity',
        blobServiceUri: `https://${account}.blob.core.windows.net`,
        tableServiceUri: `https://${account}.table.core.windows.net`,
        ...clientId('AzureWebJobsStorage'),
      };
    }
    const hint = 'the blob service address; or set AzureWebJobsStorage or AzureWebJobsStorage__accountName';
    return {
      kind: 'identity',
      blobServiceUri: url('AzureWebJobsStorage__blobServiceUri', hint),
      tableServiceUri: url('AzureWebJobsStorage__tableServiceUri', hint.replace('blob', 'table')),
      ...clientId('AzureWebJobsStorage'),
    };
  };

  const serviceBus = (): ServiceBusNamespace => {
    const connectionString = optional('ServiceBusConnection');
    if (connectionString !== undefined) {
      if (!connectionString.includes('Endpoint=sb://')) {
        problems.push('ServiceBusConnection is malformed: expected Endpoint=sb://…');
      }
      return { kind: 'connectionString', connectionString };
    }
    return {
      kind: 'identity',
      fullyQualifiedNamespace: required(
        'ServiceBusConnection__fullyQualifiedNamespace',
        '{namespace}.servicebus.windows.net; or set ServiceBusConnection',
      ),
      ...clientId('ServiceBusConnection'),
    };
  };

  const adminKeyHash = required('ADMIN_KEY_HASH', 'the SHA-256 of the first admin key, 64 hex digits').toLowerCase();
  if (adminKeyHash !== '' && !/^[0-9a-f]{64}$/.test(adminKeyHash)) {
    problems.push('ADMIN_KEY_HASH is malformed: expected the SHA-256 of the first admin key, 64 hex digits');
  }

  const keyVault = keyVaultOf(env, problems);
  const cosmosKey = optional('COSMOS_KEY');
  const settings: Settings = {
    storage: storage(),
    serviceBus: serviceBus(),
    cosmos: {
      endpoint: url('COSMOS_ENDPOINT', 'the Cosmos account address, https://…'),
      database: optional('COSMOS_DATABASE') ?? 'adp',
      ...(cosmosKey === undefined ? {} : { key: cosmosKey }),
      ...clientId('COSMOS'),
    },
    ...(keyVault === undefined ? {} : { keyVault }),
    adminKeyHash,
    pushRate: { perMinute: number('PUSH_REQUESTS_PER_MINUTE', 1_200), burst: number('PUSH_BURST', 300) },
    runGiveUpMinutes: number('RUN_GIVE_UP_MINUTES', 60),
    files: readFileSettings(env, problems),
  };
  if (problems.length > 0) throw incomplete(problems);
  return settings;
}

/**
 * Reads the settings of Key Vault alone, for who needs nothing else.
 * @throws AdpError `CONFIG_ERROR` where they are missing or malformed
 */
export function readKeyVault(env: Environment): KeyVault {
  const problems: string[] = [];
  const keyVault = keyVaultOf(env, problems);
  if (keyVault === undefined) problems.push(`KEY_VAULT_URL is missing: expected ${keyVaultExpected}`);
  if (problems.length > 0 || keyVault === undefined) throw incomplete(problems);
  return keyVault;
}

const keyVaultExpected = 'the address of the vault, https://{vault}.vault.azure.net';

function keyVaultOf(env: Environment, problems: string[]): KeyVault | undefined {
  const text = textOf(env, 'KEY_VAULT_URL');
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' || `${url.origin}/` !== url.href) {
    problems.push(`KEY_VAULT_URL is malformed: expected ${keyVaultExpected}`);
    return undefined;
  }
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  // Azure sets WEBSITE_INSTANCE_ID. There the check of who gets our tokens is never given up.
  if (isLoopback && textOf(env, 'WEBSITE_INSTANCE_ID') !== undefined) {
    problems.push(`KEY_VAULT_URL leads to this machine, which can't be right in Azure: expected ${keyVaultExpected}`);
  }
  return { url: url.origin, verifyChallenge: !isLoopback, ...clientIdOf(env, 'KEY_VAULT') };
}

function textOf(env: Environment, name: string): string | undefined {
  return env[name] === '' ? undefined : env[name];
}

function clientIdOf(env: Environment, prefix: string): { readonly clientId?: string } {
  const id = textOf(env, `${prefix}__clientId`) ?? textOf(env, 'AZURE_CLIENT_ID');
  return id === undefined ? {} : { clientId: id };
}

function incomplete(problems: readonly string[]): AdpError {
  return new AdpError('CONFIG_ERROR', `The settings are not complete:\n- ${problems.join('\n- ')}`, {
    disposition: 'fatal',
  });
}
