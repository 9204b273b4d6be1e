import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { AdpError } from '../../shared/errors.ts';
import { configError, readConfig } from './config.ts';
import { type FunctionMetadata, supplyCoreModule } from './coreModule.ts';
import { parseJson } from './hostJson.ts';
import { type Call, type InputSource, invokeFunction, runHooks } from './invocation.ts';
import type { Log } from './log.ts';
import { type Binding, isTrigger } from './rpc.ts';

/** A function of the app, with the binding that calls it apart from the others. */
export interface AppFunction {
  readonly name: string;
  readonly trigger: Binding;
  readonly others: readonly Binding[];
  /** Whether the app asked the host to retry: no trigger here does. */
  readonly retries: boolean;
}

export interface FunctionApp {
  readonly functions: readonly AppFunction[];
  /** Where the library takes the requests of streamed HTTP; undefined if the app didn't ask for streaming. */
  readonly httpProxy: URL | undefined;
  /**
   * Runs one function once, and resolves when all it had to say is said (for HTTP: when the response is written), with
   * what it returned, boxed (`fromRpcData`).
   * @throws what the handler threw; AdpError INTERNAL after `timeoutMs`. Unlike Azure, which then ends the worker with
   * everything in it, only the call is given up: its handler may still be running.
   */
  invoke(fn: AppFunction, call: Call): Promise<unknown>;
  /** Runs the app's own clean-up. */
  end(): Promise<void>;
}

/**
 * Loads the built app into this process: `main` of its package.json, one file.
 * @param inputs the sources of input bindings, by type; looked at whenever a function is called
 * @throws AdpError CONFIG_ERROR where it can't be loaded or isn't an app of @azure/functions 4
 */
export async function loadFunctionApp(
  dir: string,
  inputs: ReadonlyMap<string, InputSource>,
  log: Log,
  timeoutMs?: number,
): Promise<FunctionApp> {
  const registry = supplyCoreModule(log);
  await loadMain(dir);
  if (!registry.model) throw configError(`${dir} registers no function with @azure/functions 4`);
  const capabilities = await registry.model.getCapabilities({});
  const appHookData = {};
  await runHooks(registry.hooks.appStart, { hookData: {}, appHookData });
  registry.sealed = true;

  return {
    functions: [...registry.functions.values()].map(({ metadata }) => toAppFunction(metadata)),
    httpProxy: capabilities.HttpUri === undefined ? undefined : new URL(capabilities.HttpUri),
    invoke: (fn, call) =>
      withTimeout(fn.name, timeoutMs, invokeFunction(registry, fn.name, call, inputs, appHookData, log)),
    end: () => runHooks(registry.hooks.appTerminate, { hookData: {}, appHookData }),
  };
}

async function loadMain(dir: string): Promise<void> {
  const path = join(dir, 'package.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw configError(`${path} can't be read. Is the app built (npm run build)?`, error);
  });
  const main = readConfig(parseJson(text, path), path, ['name', 'version', 'private', 'type', 'main']).text('main');
  if (!main) throw configError(`${path}: "main" is missing`);
  try {
    createRequire(path)(`./${main}`);
  } catch (error) {
    throw error instanceof AdpError ? error : configError(`${join(dir, main)} could not be loaded`, error);
  }
}

function toAppFunction({ name, bindings, retryOptions }: FunctionMetadata): AppFunction {
  const all = Object.entries(bindings).map(([key, binding]): Binding => ({ ...binding, name: key }));
  const trigger = all.find(({ type }) => isTrigger(type));
  if (!trigger) throw configError(`Function "${name}" has no trigger`);
  return { name, trigger, others: all.filter((binding) => binding !== trigger), retries: retryOptions !== undefined };
}

function withTimeout<T>(name: string, timeoutMs: number | undefined, run: Promise<T>): Promise<T> {
  if (timeoutMs === undefined) return run;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const limit = `functionTimeout of host.json (${timeoutMs} ms)`;
      reject(new AdpError('INTERNAL', `Function "${name}" ran longer than ${limit}`));
    }, timeoutMs);
    void run.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
