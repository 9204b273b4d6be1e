import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, startStack } from '../local/stack.ts';

/** A fresh local stack with the built app in it, on free ports, with a data folder of its own. */
export interface Hub {
  readonly stack: Stack;
  /** A setting that the app was started with. */
  setting(name: string): string;
  /** Calls the API as the administrator. @throws for any answer that isn't of the 200s */
  call(method: string, path: string, body?: unknown): Promise<Response>;
  /** The most memory that the host's process has had so far. */
  peakMemory(): Promise<string>;
  /** Stops everything and removes its data. */
  end(): Promise<void>;
}

/** @param settings of the app, beyond what the stack needs */
export async function startHub(settings: Readonly<Record<string, string>> = {}): Promise<Hub> {
  const dataDir = await mkdtemp(join(tmpdir(), 'adp-bench-'));
  const stack = await startStack({ dataDir, ports: 'auto', settings });
  return {
    stack,
    setting(name) {
      const value = stack.settings[name];
      if (value === undefined) throw new Error(`The stack has no setting ${name}`);
      return value;
    },
    async call(method, path, body) {
      const headers = { 'x-api-key': stack.adminKey, 'content-type': 'application/json' };
      const content = typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(`${stack.baseUrl}/api/v1/${path}`, { method, headers, body: content ?? null });
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
      return response;
    },
    peakMemory: () => peakMemoryOf(stack.host.pid),
    async end() {
      await stack.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Only Linux tells what another process needed at most: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html */
async function peakMemoryOf(pid: number): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? 'unknown here' : `${Math.round(Number(kilobytes) / 1024)} MB`;
}
