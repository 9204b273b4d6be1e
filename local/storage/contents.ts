import { readFile } from 'node:fs/promises';
import { TableServiceClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { AdpError } from '../../shared/errors.ts';

/** What a storage account must hold before the app can use it: infra/storage.json. */
export interface StorageContents {
  readonly containers: readonly string[];
  readonly tables: readonly string[];
}

/** @throws AdpError CONFIG_ERROR */
export async function readContents(path: string): Promise<StorageContents> {
  const json: unknown = JSON.parse(await readFile(path, 'utf8'));
  const names = (key: 'containers' | 'tables'): string[] => {
    const list: unknown = Object(json)[key];
    if (Array.isArray(list) && list.every((name) => typeof name === 'string')) return list;
    throw new AdpError('CONFIG_ERROR', `${path}: "${key}" must be a list of names`);
  };
  return { containers: names('containers'), tables: names('tables') };
}

/** Creates what is missing, and leaves what is there. */
export async function createContents(connectionString: string, contents: StorageContents): Promise<void> {
  const blobs = BlobServiceClient.fromConnectionString(connectionString);
  const tables = TableServiceClient.fromConnectionString(connectionString, { allowInsecureConnection: true });
  await Promise.all([
    ...contents.containers.map((name) => blobs.getContainerClient(name).createIfNotExists()),
    ...contents.tables.map((name) => tables.createTable(name)),
  ]);
}
