import Module from 'node:module';
import { configError } from './config.ts';
import type { Log, LogLevel } from './log.ts';
import type { BindingSettings, RpcData, RpcMetadata } from './rpc.ts';

/** The library's half of one invocation, in the order in which it is called. */
export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], handler: Handler): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<unknown>;
}

export interface ProgrammingModel {
  getInvocationModel(context: CoreContext): InvocationModel;
  /** Also starts the library's HTTP proxy, and says where it listens, if the app asked for HTTP streaming. */
  getCapabilities(capabilities: Record<string, string>): Promise<Readonly<Record<string, string>>>;
}

export interface CoreContext {
  readonly invocationId: string;
  readonly metadata: FunctionMetadata;
  readonly request: {
    readonly invocationId: string;
    readonly functionId: string;
    readonly inputData: readonly { readonly name: string; readonly data: RpcData }[];
    readonly triggerMetadata: RpcMetadata;
  };
  readonly log: (level: LogLevel, category: string, message: string) => void;
  state: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
}

export type Handler = (...inputs: unknown[]) => unknown;
export type Hook = (context: Record<string, unknown>) => unknown;
export type HookName = 'appStart' | 'appTerminate' | 'preInvocation' | 'postInvocation';

export interface FunctionMetadata {
  readonly name: string;
  readonly bindings: Readonly<Record<string, BindingSettings>>;
  readonly retryOptions?: unknown;
}

/** What an app registered while it was loaded. */
export interface Registry {
  readonly functions: Map<string, { readonly metadata: FunctionMetadata; readonly handler: Handler }>;
  readonly hooks: Readonly<Record<HookName, Hook[]>>;
  model: ProgrammingModel | undefined;
  /** True once the app has started: what comes later is too late. */
  sealed: boolean;
}

/**
 * Supplies the module `@azure/functions-core`, which exists on no disk: the worker makes it up, and the library
 * registers its functions through it. Must be called before the app is loaded. The module is put in the way the worker
 * does it (`setupCoreModule.ts` of Azure/azure-functions-nodejs-worker), so it reaches bundled and unbundled apps alike.
 */
export function supplyCoreModule(log: Log): Registry {
  const registry: Registry = {
    functions: new Map(),
    hooks: { appStart: [], appTerminate: [], preInvocation: [], postInvocation: [] },
    model: undefined,
    sealed: false,
  };

  const core = {
    version: '3.12.0',
    hostVersion: '4.1044.0',
    Disposable,
    log: (level: LogLevel, category: string, message: string) => log(level, category, message),
    setProgrammingModel: (model: ProgrammingModel) => {
      registry.model = model;
    },
    getProgrammingModel: () => registry.model,
    registerFunction: (metadata: FunctionMetadata, handler: Handler) => {
      if (registry.sealed) throw configError('A function can only be registered while the app starts');
      if (registry.functions.has(metadata.name)) {
        throw configError(`Two functions have the name "${metadata.name}"`);
      }
      registry.functions.set(metadata.name, { metadata, handler });
      return new Disposable(() => registry.functions.delete(metadata.name));
    },
    registerHook: (name: HookName, hook: Hook) => {
      const hooks = registry.hooks[name];
      if (!hooks) throw configError(`The local host doesn't support the hook "${name}"`);
      hooks.push(hook);
      return new Disposable(() => hooks.splice(hooks.indexOf(hook), 1));
    },
  };

  const usualRequire = Module.prototype.require;
  Module.prototype.require = function require(this: Module, id: string) {
    return id === '@azure/functions-core' ? core : usualRequire.call(this, id);
  };
  return registry;
}

class Disposable {
  readonly #dispose: () => unknown;

  constructor(dispose: () => unknown) {
    this.#dispose = dispose;
  }

  static from(...disposables: Disposable[]): Disposable {
    return new Disposable(() => {
      for (const each of disposables) each.dispose();
    });
  }

  dispose(): void {
    this.#dispose();
  }
}
