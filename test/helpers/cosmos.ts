import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Container, ContainerDefinition } from '@azure/cosmos';
import { CosmosClient } from '@azure/cosmos';

/** The emulator's public key, which the local server takes by default. */
export const cosmosKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

export interface Cosmos {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Starts again after kill(), on the same data and port. */
  restart(): Promise<void>;
  /** Sends SIGKILL and waits for the end. */
  kill(): Promise<void>;
  /** See FaultSettings in local/cosmos/faults.ts; undefined: no more faults. */
  setFaults(settings: Record<string, number> | undefined): Promise<void>;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
}

/** Starts local/cosmos as a process of its own, on a free port with an empty folder. */
export async function startCosmos(): Promise<Cosmos> {
  const dataDir = mkdtempSync(join(tmpdir(), 'cosmos-'));
  let server = await launchCosmos(0, dataDir);
  const { port } = server;
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    kill: () => end(server.child, 'SIGKILL'),
    async restart() {
      server = await launchCosmos(port, dataDir);
    },
    async setFaults(settings) {
      const request = settings === undefined ? { method: 'DELETE' } : { method: 'PUT', body: JSON.stringify(settings) };
      const response = await fetch(`${endpoint}/_local/faults`, request);
      if (!response.ok) throw new Error(`Faults: ${response.status} ${await response.text()}`);
    },
    async stop() {
      await end(server.child, 'SIGTERM');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Starts the process and waits for its ready line. Rejects with what it wrote to stderr where it ends before. */
export async function launchCosmos(port: number, dataDir: string): Promise<{ child: ChildProcess; port: number }> {
  const main = join(process.cwd(), 'local/cosmos/main.ts');
  const child = spawn('node', [main, '--port', String(port), '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ready = once(createInterface({ input: child.stdout }), 'line').then(([line]) => readyPort(String(line)));
  const failed = once(child, 'close').then(([code]) => {
    throw new Error(`Cosmos ended with ${code}: ${complaint}`);
  });
  failed.catch(() => undefined);
  return { child, port: await Promise.race([ready, failed]) };
}

/** Sends a signal and waits for the end. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

/** The container `records` as infra/cosmos.json defines it, in a database of its own. */
export async function createRecords(endpoint: string, database = 'adp'): Promise<Container> {
  const client = new CosmosClient({ endpoint, key: cosmosKey });
  const created = await client.databases.createIfNotExists({ id: database });
  const path = join(process.cwd(), 'infra/cosmos.json');
  const { containers }: { containers: ContainerDefinition[] } = JSON.parse(readFileSync(path, 'utf8'));
  const records = containers.find(({ id }) => id === 'records');
  if (records === undefined) throw new Error('infra/cosmos.json has no container records.');
  return (await created.database.containers.createIfNotExists(records)).container;
}

function readyPort(line: string): number {
  const { port }: { port?: unknown } = JSON.parse(line);
  if (typeof port !== 'number') throw new Error(`Not a ready line: ${line}`);
  return port;
}
