import { readFile } from 'node:fs/promises';
import { type ContainerRequest, CosmosClient } from '@azure/cosmos';

/** infra/cosmos.json, which the infrastructure is checked against too. */
interface CosmosDefinition {
  readonly containers: readonly ContainerRequest[];
}

/**
 * Creates the database and the containers that are missing.
 * @param settings names server, key and database as the app's do
 */
export async function createCosmosContainers(
  settings: Readonly<Record<'COSMOS_ENDPOINT' | 'COSMOS_KEY' | 'COSMOS_DATABASE', string>>,
  definitionPath: string,
): Promise<void> {
  // Our own file, and the server checks what it says.
  const { containers }: CosmosDefinition = JSON.parse(await readFile(definitionPath, 'utf8'));
  const client = new CosmosClient({ endpoint: settings.COSMOS_ENDPOINT, key: settings.COSMOS_KEY });
  try {
    const { database } = await client.databases.createIfNotExists({ id: settings.COSMOS_DATABASE });
    for (const container of containers) await database.containers.createIfNotExists(container);
  } finally {
    client.dispose();
  }
}
