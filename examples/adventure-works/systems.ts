import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { keepAuthority } from '../../local/certificates/authority.ts';
import type { PolledSystem } from './polled.ts';
import { startAltaCounter } from './systems/altaCounter.ts';
import { startLumiereApi } from './systems/lumiereApi.ts';
import type { AdventureWorks } from './tables.ts';

/** Systems that run. */
export interface RunningSystems extends AsyncDisposable {
  readonly all: readonly PolledSystem[];
}

export interface SystemsOptions {
  readonly tables: AdventureWorks;
  /** Of the stack whose hub is to poll them: what its authority vouches for, the hub trusts. */
  readonly stackDir: string;
  /** For what they keep; it is made. */
  readonly folder: string;
  /** Of the API. Default: any that is free. */
  readonly apiPort?: number;
}

/** Starts the systems of the dealers that are polled. Nothing is left running where one doesn't start. */
export async function startSystems({ tables, stackDir, folder, apiPort }: SystemsOptions): Promise<RunningSystems> {
  await mkdir(folder, { recursive: true });
  await using started = new AsyncDisposableStack();
  const authority = await keepAuthority(path.join(stackDir, 'certificates'));
  const counter = started.use(await startAltaCounter(folder, authority, tables));
  const atelier = started.use(await startLumiereApi(tables, apiPort));
  const running = started.move();
  return { all: [counter, atelier], [Symbol.asyncDispose]: () => running.disposeAsync() };
}
