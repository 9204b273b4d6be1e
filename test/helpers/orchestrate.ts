import { createRequire } from 'node:module';
import type { CallOrchestrator } from '../../local/host/durable/orchestrator.ts';

/** A generator function as `df.app.orchestration` takes it. */
export type Orchestrator = (context: never) => Generator<unknown, unknown, unknown>;

interface Library {
  createOrchestrator(orchestrator: Orchestrator): (trigger: unknown, context: object) => Promise<unknown>;
}

// What `df.app.orchestration` registers. The package has no types for it, and exports no other way to it.
const require = createRequire(__filename);
const { createOrchestrator }: Library = require('durable-functions/lib/src/util/testingUtils.js');

/** Calls an orchestrator by the unmodified durable-functions, as the host would, without a host. */
export function callOf(orchestrator: Orchestrator): CallOrchestrator {
  const handler = createOrchestrator(orchestrator);
  return async (trigger) => {
    const state = await handler(JSON.parse(JSON.stringify(trigger)), {});
    return JSON.parse(JSON.stringify(state));
  };
}
