/** Where the webhooks are: on the host's HTTP port, for whoever has the key. */
export const webhookPrefix = '/runtime/webhooks/durabletask/';

/** Where `DurableClient` calls. In Azure it is a port of its own, to which only the app has a way. */
export function rpcPrefix(key: string): string {
  return `/durabletask/${key}/`;
}

const hub = 'TestHubName';

/** What a binding `durableClient` hands over (`OrchestrationClientInputData` of durable-functions 3). */
export function toClientInput(origin: string, key: string): object {
  const base = `${origin}${webhookPrefix.slice(0, -1)}`;
  const id = 'INSTANCEID';
  return {
    taskHubName: hub,
    baseUrl: base,
    requiredQueryStringParameters: `code=${key}`,
    rpcBaseUrl: `${origin}${rpcPrefix(key)}`,
    creationUrls: {
      createNewInstancePostUri: `${base}/orchestrators/{functionName}[/{instanceId}]?code=${key}`,
    },
    managementUrls: toManagementUrls(origin, key, id),
  };
}

/** The webhooks of one instance: also what the start of an orchestration answers. */
export function toManagementUrls(origin: string, key: string, id: string): Record<string, string> {
  const instance = `${origin}${webhookPrefix}instances/${id}`;
  const query = `taskHub=${hub}&connection=Storage&code=${key}`;
  return {
    id,
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}
