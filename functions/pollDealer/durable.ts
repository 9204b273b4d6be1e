// All that the hub uses of durable-functions: its clients and `.result` change with version 4.
import type { InvocationContext } from '@azure/functions';
import * as df from 'durable-functions';
import type { PollInput, PollStarter, RunningPoll } from '../../shared/sync/poll/pollStart.ts';

export type { OrchestrationContext, Task } from 'durable-functions';

/** What a function needs besides its trigger in order to start orchestrations. */
export function durableClient() {
  return df.input.durableClient();
}

export function registerOrchestration(name: string, orchestrator: df.OrchestrationHandler): void {
  df.app.orchestration(name, orchestrator);
}

export function registerActivity<Input>(name: string, handler: (request: Input) => Promise<unknown>): void {
  df.app.activity(name, { handler });
}

/** Starts polls by the client of an invocation that has the extra input `durableClient`. */
export function pollStarter(context: InvocationContext, orchestration: string): PollStarter {
  const client = df.getClient(context);
  const find = async (instanceId: string): Promise<RunningPoll | undefined> => {
    const status = await statusOf(client, instanceId);
    return status !== undefined && underWay.has(status.runtimeStatus)
      ? { kind: 'running', input: inputOf(status.input) }
      : undefined;
  };
  return {
    find,
    async start(instanceId, given) {
      try {
        await client.startNew(orchestration, { instanceId, input: given });
        return { kind: 'started' };
      } catch (error) {
        // The extension refuses an id that is running, by an answer that differs between versions.
        const running = await find(instanceId);
        if (running !== undefined) return running;
        throw error;
      }
    },
  };
}

/** Forgets orchestrations that began before and have ended; those of lanes would pile up. */
export async function purgeOrchestrations(context: InvocationContext, before: Date): Promise<void> {
  const { Completed, Failed, Terminated } = df.OrchestrationRuntimeStatus;
  await df.getClient(context).purgeInstanceHistoryBy({
    createdTimeFrom: new Date(0),
    createdTimeTo: before,
    runtimeStatus: [Completed, Failed, Terminated],
  });
}

const underWay: ReadonlySet<unknown> = new Set([
  df.OrchestrationRuntimeStatus.Pending,
  df.OrchestrationRuntimeStatus.Running,
  df.OrchestrationRuntimeStatus.ContinuedAsNew,
  df.OrchestrationRuntimeStatus.Suspended,
]);

async function statusOf(client: df.DurableClient, instanceId: string) {
  try {
    return await client.getStatus(instanceId, { showInput: true });
  } catch (error) {
    // What there is none of is a 404, told as an error's text.
    if (error instanceof Error && /\b404\b/.test(error.message)) return undefined;
    throw error;
  }
}

/** Inputs are this program's own. */
function inputOf(value: unknown): PollInput {
  return (typeof value === 'string' ? JSON.parse(value) : value) as PollInput;
}
