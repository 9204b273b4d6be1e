import { AdpError } from './errors.ts';

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

/** Everything that differs between one deployment and another. */
export interface Settings {
  readonly storage: StorageAccount;
  readonly serviceBus: ServiceBusNamespace;
  readonly cosmos: CosmosAccount;
  /** SHA-256, in hex, of the first admin key. */
  readonly adminKeyHash: string;
  /** Pushed requests a dealer may send: tokens a minute, and how many at once after a pause. */
  readonly pushRate: { readonly perMinute: number; readonly burst: number };
  /** Minutes after which a run that doesn't balance is given up (and reopened should the missing part come). */
  readonly runGiveUpMinutes: number;
}

/**
 * Reads and checks the settings (contract.md, "Settings").
 * @throws AdpError `CONFIG_ERROR` that names every setting that is missing or malformed, and what is expected.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const problems: string[] = [];
  const optional = (name: string) => (env[name] === undefined || env[name] === '' ? undefined : env[name]);
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
  const clientId = (prefix: string) => {
    const id = optional(`${prefix}__clientId`) ?? optional('AZURE_CLIENT_ID');
    return id === undefined ? {} : { clientId: id };
  };

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
    adminKeyHash,
    pushRate: { perMinute: number('PUSH_REQUESTS_PER_MINUTE', 1_200), burst: number('PUSH_BURST', 300) },
    runGiveUpMinutes: number('RUN_GIVE_UP_MINUTES', 60),
  };
  if (problems.length > 0) {
    throw new AdpError('CONFIG_ERROR', `The settings are not complete:\n- ${problems.join('\n- ')}`, {
      disposition: 'fatal',
    });
  }
  return settings;
}
