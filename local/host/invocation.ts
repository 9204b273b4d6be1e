import { randomUUID } from 'node:crypto';
import { AdpError } from '../../shared/errors.ts';
import type { CoreContext, FunctionMetadata, Handler, Hook, InvocationModel, Registry } from './coreModule.ts';
import type { Log } from './log.ts';
import { isTrigger, type RpcData, type RpcMetadata } from './rpc.ts';

/** Gives what an input binding holds at the time of a call. */
export type InputSource = () => Promise<RpcData>;

/** One call of a function. */
export interface Call {
  /** What the trigger hands over. */
  readonly data: RpcData;
  readonly metadata: RpcMetadata;
  /** Default: a random one. */
  readonly id?: string;
  /** Whoever called has gone. It counts only until the arguments are there: a handler that began is not stopped. */
  readonly gone?: AbortSignal;
}

/**
 * Calls a registered function the way the worker does: arguments, hooks, handler, hooks, response
 * (`InvocationHandler.ts` of Azure/azure-functions-nodejs-worker).
 * @param inputs the sources of input bindings, by type
 * @returns the return value, boxed (`fromRpcData`); of HTTP functions there is none
 * @throws what the handler, a hook or the writing of the response threw
 */
export async function invokeFunction(
  registry: Registry,
  name: string,
  call: Call,
  inputSources: ReadonlyMap<string, InputSource>,
  appHookData: object,
  log: Log,
): Promise<unknown> {
  const registered = registry.functions.get(name);
  if (!registered || !registry.model) throw new AdpError('INTERNAL', `Function "${name}" is gone`);
  const { metadata, handler } = registered;
  const invocationId = call.id ?? randomUUID();
  const core: CoreContext = {
    invocationId,
    metadata,
    request: {
      invocationId,
      functionId: name,
      inputData: await readInputs(metadata, call, inputSources),
      triggerMetadata: call.metadata,
    },
    log: (level, _category, message) => log(level, name, message),
    state: undefined,
  };
  const model = registry.model.getInvocationModel(core);
  const { context, inputs } = await unlessGone(model.getArguments(), call.gone);
  const shared = { hookData: {}, appHookData, invocationContext: context };

  // A hook may replace the inputs, the handler, and in the end the result or the error.
  const before = { ...shared, inputs, functionCallback: handler };
  core.state = 'preInvocationHooks';
  await runHooks(registry.hooks.preInvocation, before);
  core.state = 'invocation';
  const outcome = await settle(model, context, before.inputs, before.functionCallback);
  const after = { ...shared, inputs: before.inputs, ...outcome };
  core.state = 'postInvocationHooks';
  await runHooks(registry.hooks.postInvocation, after);
  core.state = undefined;
  if (after.error !== null) throw after.error;
  const { returnValue }: { returnValue?: unknown } = Object(await model.getResponse(context, after.result));
  return returnValue;
}

function readInputs(
  { name, bindings }: FunctionMetadata,
  call: Call,
  sources: ReadonlyMap<string, InputSource>,
): Promise<{ name: string; data: RpcData }[]> {
  const inputs = Object.entries(bindings).filter(([, { direction }]) => direction === 'in');
  return Promise.all(
    inputs.map(async ([binding, { type }]) => {
      if (isTrigger(type)) return { name: binding, data: call.data };
      const read = sources.get(type);
      if (!read) throw new AdpError('INTERNAL', `Nothing supplies the binding "${binding}" of function "${name}"`);
      return { name: binding, data: await read() };
    }),
  );
}

export async function runHooks(hooks: readonly Hook[], context: Record<string, unknown>): Promise<void> {
  for (const hook of hooks) await hook(context);
}

interface Outcome {
  result: unknown;
  error: unknown;
}

async function settle(model: InvocationModel, context: unknown, inputs: unknown[], handler: Handler): Promise<Outcome> {
  try {
    return { result: await model.invokeFunction(context, inputs, handler), error: null };
  } catch (error) {
    // `throw null` is legal, and must not count as success.
    return { result: null, error: error ?? new Error(`The handler threw ${String(error)}`) };
  }
}

function unlessGone<T>(value: Promise<T>, gone: AbortSignal | undefined): Promise<T> {
  if (!gone) return value;
  return new Promise((resolve, reject) => {
    const leave = () => reject(new AdpError('NETWORK_ERROR', 'The caller went away before the function began'));
    if (gone.aborted) leave();
    gone.addEventListener('abort', leave, { once: true });
    void value.then(resolve, reject).finally(() => gone.removeEventListener('abort', leave));
  });
}
