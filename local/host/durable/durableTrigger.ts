import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import type { AppFunction } from '../functionApp.ts';
import type { Host, Listener, TriggerKind } from '../trigger.ts';
import { toClientInput } from './clientInput.ts';
import { createEngine, type EngineOptions } from './engine.ts';
import { durableFunctions } from './functions.ts';
import { createOperations } from './operations.ts';
import { readDurableOptions } from './options.ts';
import { openStore } from './store.ts';
import { durableWebhooks } from './webhooks.ts';

/**
 * Orchestrations and activities of durable-functions 3. They survive the end of the process at any moment: each turn is
 * kept as a whole, and at most activities run once more. No entities.
 */
export const durableTrigger: TriggerKind = {
  types: ['orchestrationTrigger', 'activityTrigger'],
  section: 'durableTask',
  outputs: [],
  inputs: ['durableClient'],
  prepare: (functions, host) => {
    const options = readDurableOptions(host.section);
    for (const fn of functions) refuseUnknown(fn);
    return functions.length === 0 ? withoutFunctions : listen(functions, options, host);
  },
};

const withoutFunctions: Listener = { start: async () => undefined, stop: async () => undefined };

function refuseUnknown({ name, trigger }: AppFunction): void {
  const where = `Function "${name}", binding "${trigger.name}"`;
  readConfig(trigger, where, ['name', 'type', 'direction', 'properties']);
}

function listen(functions: readonly AppFunction[], options: EngineOptions, host: Host): Listener {
  let stop = async () => {};
  return {
    // All of it at once: another trigger may call a function with a client as soon as this returns.
    start: async () => {
      stop = run(functions, options, host);
      return undefined;
    },
    stop: () => stop(),
  };
}

/** Returns what ends it. */
function run(functions: readonly AppFunction[], options: EngineOptions, host: Host): () => Promise<void> {
  const folder = join(host.dataDir, 'durable');
  mkdirSync(folder, { recursive: true });
  const nature = { now: host.now, newId: () => randomUUID().replaceAll('-', '') };
  const store = openStore(join(folder, 'orchestrations.sqlite'), nature.newId);
  const known = durableFunctions(host.app, functions);
  const engine = createEngine(store, known, options, nature, host.log);
  const operations = createOperations(store, engine, known, nature);
  for (const [prefix, webhook] of durableWebhooks(operations, store.key, host.origin, host.log)) {
    host.webhooks.set(prefix, webhook);
  }
  host.inputs.set('durableClient', async () => ({
    string: JSON.stringify(toClientInput(await host.origin, store.key)),
  }));
  engine.start();
  return async () => {
    await engine.stop();
    store.close();
  };
}
