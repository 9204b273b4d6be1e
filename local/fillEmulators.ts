/**
 * `npx node local/fillEmulators.ts`: creates what the hub needs in the emulators of compose.yaml, or wherever else the
 * settings of the environment and of local.settings.json lead. Queues are not created: there is no way with the
 * emulator's connection string; compose.yaml defines them.
 */
import { join, resolve } from 'node:path';
import { AdpError } from '../shared/errors.ts';
import { createCosmosContainers } from './cosmosContainers.ts';
import { readAppSettings } from './host/appSettings.ts';
import { createContents, readContents } from './storage/contents.ts';

const settings = await readAppSettings(resolve('local.settings.json'), process.env);
const infra = join(import.meta.dirname, '../infra');

await createContents(needed('AzureWebJobsStorage'), await readContents(join(infra, 'storage.json')));
await createCosmosContainers(
  {
    COSMOS_ENDPOINT: needed('COSMOS_ENDPOINT'),
    COSMOS_KEY: needed('COSMOS_KEY'),
    COSMOS_DATABASE: needed('COSMOS_DATABASE'),
  },
  join(infra, 'cosmos.json'),
);

function needed(name: string): string {
  const value = settings.get(name);
  if (value) return value;
  throw new AdpError('CONFIG_ERROR', `The setting ${name} is missing: copy local.settings.sample.json`);
}
