import { BlobServiceClient, RestError } from '@azure/storage-blob';
import { identity } from '../credentials/identity.ts';
import { AdpError } from '../errors.ts';
import type { StorageAccount } from '../settings.ts';

/** Blobs of one container. Errors are `NETWORK_ERROR` (retry) after the SDK's own retries. */
export interface Blobs {
  /** Writes a blob unless one of this name exists: for names that are made of the content, or used once. */
  create(name: string, content: Buffer): Promise<void>;
  /** `undefined` where there is none. */
  read(name: string): Promise<Buffer | undefined>;
}

export interface BlobStore {
  container(name: 'claims' | 'quarantine'): Blobs;
  probe(): Promise<void>;
}

/** The SDK itself waits for a service that hangs as long as that takes. Enough for the largest blob that we hold. */
const answerWithinMs = 30_000;

export function openBlobs(account: StorageAccount): BlobStore {
  const retryOptions = { maxTries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 2_000 };
  const client =
    account.kind === 'connectionString'
      ? BlobServiceClient.fromConnectionString(account.connectionString, { retryOptions })
      : new BlobServiceClient(account.blobServiceUri, identity(account), { retryOptions });
  return {
    container: (name) => {
      const container = client.getContainerClient(name);
      return {
        async create(blob, content) {
          const upload = container
            .getBlockBlobClient(blob)
            .upload(content, content.byteLength, { conditions: { ifNoneMatch: '*' }, ...inTime() });
          await attempt(upload, [409, 412]);
        },
        read: (blob) => attempt(container.getBlobClient(blob).downloadToBuffer(undefined, undefined, inTime()), [404]),
      };
    },
    async probe() {
      await attempt(client.getContainerClient('claims').getProperties(inTime()), []);
    },
  };
}

function inTime(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(answerWithinMs) };
}

/** Waits for a call; a status among `expected` answers `undefined`. */
async function attempt<T>(call: Promise<T>, expected: readonly number[]): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RestError && error.statusCode !== undefined && expected.includes(error.statusCode)) {
      return undefined;
    }
    throw new AdpError('NETWORK_ERROR', 'Blob storage does not answer.', { cause: error });
  }
}
