import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The emulator's public key, which the local server takes by default. */
export const cosmosKey = 'C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==';

export interface Cosmos {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Kills with SIGKILL and starts again on the same data and port. */
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
  let server = await launch(0, dataDir);
  const { port } = server;
  const endpoint = `http://127.0.0.1:${port}`;
  const kill = () => ended(server.child, 'SIGKILL');
  return {
    endpoint,
    kill,
    async restart() {
      await kill();
      server = await launch(port, dataDir);
    },
    async setFaults(settings) {
      const request = settings === undefined ? { method: 'DELETE' } : { method: 'PUT', body: JSON.stringify(settings) };
      const response = await fetch(`${endpoint}/_local/faults`, request);
      if (!response.ok) throw new Error(`Faults: ${response.status} ${await response.text()}`);
    },
    async stop() {
      await ended(server.child, 'SIGTERM');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Starts the process and waits for its ready line. Rejects with what it wrote to stderr where it ends before. */
export async function launch(port: number, dataDir: string): Promise<{ child: ChildProcess; port: number }> {
  const main = join(process.cwd(), 'local/cosmos/main.ts');
  const child = spawn(
    'node',
    ['--disable-warning=ExperimentalWarning', main, '--port', String(port), '--data-dir', dataDir],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const lines = createInterface({ input: child.stdout });
  const ready = once(lines, 'line').then(([line]) => JSON.parse(String(line)).port as number);
  const failed = once(child, 'close').then(([code]) => {
    throw new Error(`Cosmos ended with ${code}: ${complaint}`);
  });
  failed.catch(() => undefined);
  return { child, port: await Promise.race([ready, failed]) };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, 'exit');
  child.kill(signal);
  await end;
}
