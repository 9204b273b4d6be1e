/** Where the three services of a storage account listen. */
export interface StoragePorts {
  readonly blob: number;
  readonly queue: number;
  readonly table: number;
}

/** The emulator's account. Its key is public and protects nothing: https://learn.microsoft.com/azure/storage/common/storage-use-azurite */
const name = 'devstoreaccount1';
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export function storageConnectionString({ blob, queue, table }: StoragePorts): string {
  const at = (port: number) => `http://127.0.0.1:${port}/${name}`;
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${name}`,
    `AccountKey=${key}`,
    `BlobEndpoint=${at(blob)}`,
    `QueueEndpoint=${at(queue)}`,
    `TableEndpoint=${at(table)}`,
  ].join(';');
}
