import { resolve } from 'node:path';
import { storageConnectionString } from '../../local/storage/account.ts';
import { temporaryFolder } from './host.ts';
import { until } from './poll.ts';
import { type Program, run } from './process.ts';

/** Azurite in a process of its own, holding what infra/storage.json names. */
export interface RunningStorage extends Program {
  readonly connectionString: string;
}

export async function startStorage(): Promise<RunningStorage> {
  const dataDir = await temporaryFolder('storage');
  const ports = ['blob', 'queue', 'table'].flatMap((service) => [`--${service}-port`, '0']);
  const program = run(resolve('local/storage/main.ts'), ['--data-dir', dataDir, ...ports]);
  const found = await until(
    () => `storage is ready:\n${program.output()}`,
    () => /"blob":(\d+),"queue":(\d+),"table":(\d+)/.exec(program.output()) ?? undefined,
  );
  const [blob, queue, table] = found.slice(1).map(Number);
  return {
    ...program,
    connectionString: storageConnectionString({ blob: blob ?? 0, queue: queue ?? 0, table: table ?? 0 }),
  };
}
