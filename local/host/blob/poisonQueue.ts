import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobServiceClient,
  generateAccountSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { configError } from '../config.ts';

/** A blob for which a function has failed too often. */
export interface PoisonBlob {
  readonly functionName: string;
  readonly container: string;
  readonly name: string;
  readonly etag: string;
}

/** The storage queue into which the blob trigger puts what it gives up on: `webjobs-blobtrigger-poison`. */
export type PoisonQueue = (blob: PoisonBlob) => Promise<void>;

const queueName = 'webjobs-blobtrigger-poison';

/**
 * Two calls of the queue service's REST API, which need no client of their own:
 * https://learn.microsoft.com/rest/api/storageservices/put-message
 */
export function poisonQueueOf(connectionString: string): PoisonQueue {
  const address = /(?:^|;)QueueEndpoint=([^;]+)/.exec(connectionString)?.[1];
  const { credential } = BlobServiceClient.fromConnectionString(connectionString);
  if (address === undefined || !(credential instanceof StorageSharedKeyCredential)) {
    throw configError('The storage connection string needs a QueueEndpoint and an AccountKey');
  }
  const call = async (method: string, path: string, body?: string) => {
    const sas = generateAccountSASQueryParameters(
      {
        services: AccountSASServices.parse('q').toString(),
        resourceTypes: AccountSASResourceTypes.parse('co').toString(),
        permissions: AccountSASPermissions.parse('wca'),
        protocol: SASProtocol.HttpsAndHttp,
        expiresOn: new Date(Date.now() + 3_600_000),
      },
      credential,
    );
    const init = { method, ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/xml' } }) };
    const { status } = await fetch(`${address}/${queueName}${path}?${sas}`, init);
    if (status >= 300) throw new Error(`The queue service answered ${method} ${queueName}${path} with ${status}`);
  };
  return async ({ functionName, container, name, etag }) => {
    const message = {
      Type: 'BlobTrigger',
      FunctionId: `Host.Functions.${functionName}`,
      BlobType: 'BlockBlob',
      ContainerName: container,
      BlobName: name,
      ETag: etag,
    };
    const text = Buffer.from(JSON.stringify(message)).toString('base64');
    await call('PUT', '');
    await call('POST', '/messages', `<QueueMessage><MessageText>${text}</MessageText></QueueMessage>`);
  };
}
