import { createRequire } from 'node:module';
import type { StoragePorts } from './account.ts';

export interface Azurite {
  /** Resolves when all three services accept. */
  readonly listening: Promise<StoragePorts>;
  /** Resolves when all three have written everything to disk. */
  readonly closed: Promise<void>;
}

/**
 * Runs Azurite in this process, whose only business it must be: it takes its options from `process.argv`, listens to
 * this process's signals, and tells on the console alone where it listens and when it has closed.
 * @param ports 0: any free one
 */
export function runAzurite(dataDir: string, ports: StoragePorts): Azurite {
  const opened = new Map<string, number>();
  const shut = new Set<string>();
  const listening = Promise.withResolvers<StoragePorts>();
  const closed = Promise.withResolvers<void>();
  console.log = (line: unknown) => {
    const [, started, port] = /Azurite (\w+) service is successfully listening at \S+:(\d+)/.exec(String(line)) ?? [];
    if (started && port) opened.set(started, Number(port));
    const [, ended] = /Azurite (\w+) service successfully closed/.exec(String(line)) ?? [];
    if (ended) shut.add(ended);
    const [blob, queue, table] = ['Blob', 'Queue', 'Table'].map((service) => opened.get(service));
    if (blob && queue && table) listening.resolve({ blob, queue, table });
    if (shut.size === 3) closed.resolve();
  };

  process.argv.splice(
    2,
    process.argv.length,
    ...['--location', dataDir, '--silent', '--skipApiVersionCheck', '--disableTelemetry'],
    ...['--blobPort', String(ports.blob), '--queuePort', String(ports.queue), '--tablePort', String(ports.table)],
  );
  createRequire(import.meta.filename)('azurite/dist/src/azurite.js');
  return { listening: listening.promise, closed: closed.promise };
}
