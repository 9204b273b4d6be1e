import { createServer } from 'node:net';
import { AdpError } from '../shared/errors.ts';

/** The ports of the stack. 0: any free one. */
export interface StackPorts {
  readonly http: number;
  readonly serviceBus: number;
  readonly cosmos: number;
  readonly blob: number;
  readonly queue: number;
  readonly table: number;
  readonly keyVault: number;
  /** Where the app gets tokens of its managed identity. */
  readonly identity: number;
}

/** Those that Microsoft's emulators and tools use. */
export const usualPorts: StackPorts = {
  http: 7071,
  serviceBus: 5672,
  cosmos: 8081,
  blob: 10000,
  queue: 10001,
  table: 10002,
  keyVault: 8443,
  identity: 8444,
};

export const anyPorts: StackPorts = {
  http: 0,
  serviceBus: 0,
  cosmos: 0,
  blob: 0,
  queue: 0,
  table: 0,
  keyVault: 0,
  identity: 0,
};

const partNames: Readonly<Record<keyof StackPorts, string>> = {
  http: 'HTTP',
  serviceBus: 'Service Bus',
  cosmos: 'Cosmos DB',
  blob: 'blob storage',
  queue: 'storage queues',
  table: 'table storage',
  keyVault: 'Key Vault',
  identity: 'the managed identity',
};

const partsInOrder = ['http', 'serviceBus', 'cosmos', 'blob', 'queue', 'table', 'keyVault', 'identity'] as const;

/** @throws AdpError CONFIG_ERROR that names each port that is taken, what it is for, and what to do */
export async function requireFreePorts(ports: StackPorts): Promise<void> {
  const taken: string[] = [];
  for (const part of partsInOrder) {
    if (!(await isFree(ports[part]))) taken.push(`port ${ports[part]} (${partNames[part]}) is in use`);
  }
  if (taken.length === 0) return;
  const remedy = 'Stop what holds it (another stack?), or start with --port auto, which takes free ones.';
  throw new AdpError('CONFIG_ERROR', `The stack can't start: ${taken.join(', ')}. ${remedy}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
