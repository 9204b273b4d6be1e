import { buildApp, type RunningHost, startHost, temporaryFolder } from './host.ts';
import { until } from './poll.ts';

/** What `DurableClient.getStatus` gives, after its way over HTTP. */
export interface Status {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly createdTime: string;
}

/** A host that runs test/fixtures/durableApp. */
export interface DurableHost {
  readonly host: RunningHost;
  /** Starts an orchestration; returns its webhooks. */
  start(name: string, instanceId: string, input?: unknown): Promise<Record<string, string>>;
  /** Calls an operation of `DurableClient` in the app; fails with what it threw. */
  client<T = unknown>(operation: string, ...parameters: unknown[]): Promise<T>;
  status(instanceId: string): Promise<Status>;
  /** Waits until it has that status; fails as soon as it has ended otherwise. */
  reaches(instanceId: string, runtimeStatus: string): Promise<Status>;
}

export async function buildDurableApp(hostJson: object = {}): Promise<string> {
  return await buildApp('../durableApp/main.ts', hostJson);
}

export async function startDurableHost(
  app: string,
  dataDir?: string,
  env: Readonly<Record<string, string>> = {},
): Promise<DurableHost> {
  const host = await startHost(app, dataDir ?? (await temporaryFolder('durable')), { env });
  const post = async (path: string, body: unknown): Promise<Response> => {
    return await fetch(`${host.baseUrl}/api/${path}`, { method: 'POST', body: JSON.stringify(body) });
  };
  const client = async <T>(operation: string, ...parameters: unknown[]): Promise<T> => {
    const response = await post(`client/${operation}`, parameters);
    const answer: { result: T; error?: string } = JSON.parse(await response.text());
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result;
  };
  const status = (instanceId: string) => client<Status>('getStatus', instanceId);
  // A child is there only after its parent's turn.
  const findStatus = (instanceId: string): Promise<Status | undefined> =>
    status(instanceId).catch((error: unknown) => {
      if (/404/.test(String(error))) return undefined;
      throw error;
    });
  return {
    host,
    start: async (name, instanceId, input = null) => {
      const response = await post(`start/${name}?id=${encodeURIComponent(instanceId)}`, input);
      const text = await response.text();
      if (response.status !== 202) throw new Error(`${response.status} ${text}\n${host.output()}`);
      return JSON.parse(text);
    },
    client,
    status,
    reaches: async (instanceId, wanted) =>
      await until(
        async () => `${instanceId} is ${wanted}; it is ${JSON.stringify(await findStatus(instanceId))}`,
        async () => {
          const found = await findStatus(instanceId);
          if (found === undefined || found.runtimeStatus === wanted) return found;
          if (['Completed', 'Failed', 'Terminated'].includes(found.runtimeStatus)) {
            throw new Error(`It is ${found.runtimeStatus}: ${JSON.stringify(found.output)}`);
          }
          return undefined;
        },
      ),
  };
}
