import { Readable } from 'node:stream';
import { RestError, type ShareClient, type ShareDirectoryClient, ShareServiceClient } from '@azure/storage-file-share';
import { identity } from '../credentials/identity.ts';
import { AdpError } from '../errors.ts';
import type { Share } from '../sync/drops/share.ts';
import { whileHeard } from './whileHeard.ts';

/** A share of Azure Files: by connection string, or by identity and the service's address. */
export type FileShare = { readonly name: string } & (
  | { readonly connectionString: string }
  | { readonly fileServiceUri: string; readonly clientId?: string }
);

/** The SDK itself waits for a service that hangs as long as that takes; meanwhile nobody's files would be copied. */
const silenceMs = 30_000;

/** A share of Azure Files, to which File Sync brings what dealers' servers hold. It is only ever read. */
export function openShare(settings: FileShare): Share {
  const share = serviceOf(settings).getShareClient(settings.name);
  return {
    list: () => walk(share, share.rootDirectoryClient, ''),
    async *read(file) {
      const client = share.rootDirectoryClient.getFileClient(file.path);
      const open = async (abortSignal: AbortSignal) => {
        const options = { maxRetryRequests: 5, abortSignal };
        const response = await attempt(file.path, client.download(0, undefined, options));
        const body = response.readableStreamBody ?? Readable.from([]);
        if (markOf(response.contentLength ?? 0, response.etag) === file.mark) return body;
        // What nobody reads would keep its connection.
        if (body instanceof Readable) body.destroy();
        throw changed(file.path);
      };
      try {
        for await (const chunk of whileHeard<string | Buffer>(open, silenceMs)) {
          yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        }
      } catch (error) {
        throw unreachable(error);
      }
      const after = await attempt(file.path, client.getProperties());
      if (markOf(after.contentLength ?? 0, after.etag) !== file.mark) throw changed(file.path);
    },
  };
}

function serviceOf(settings: FileShare): ShareServiceClient {
  const retryOptions = { maxTries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 2_000 };
  return 'connectionString' in settings
    ? ShareServiceClient.fromConnectionString(settings.connectionString, { retryOptions })
    : new ShareServiceClient(settings.fileServiceUri, identity(settings), {
        retryOptions,
        // Reads by identity need it: https://learn.microsoft.com/azure/storage/files/authorize-oauth-rest
        fileRequestIntent: 'backup',
      });
}

async function* walk(share: ShareClient, directory: ShareDirectoryClient, folder: string): ReturnType<Share['list']> {
  const includes = { includeTimestamps: true, includeEtag: true, includeExtendedInfo: true };
  const open = async (abortSignal: AbortSignal) =>
    directory.listFilesAndDirectories({ ...includes, abortSignal }).byPage({ maxPageSize: 1_000 });
  const pages = whileHeard(open, silenceMs);
  for (;;) {
    const { value, done } = await attempt(folder, pages.next());
    if (done === true || value === undefined) return;
    for (const { name, properties } of value.segment.fileItems) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const modifiedAt = properties.lastWriteTime ?? properties.lastModified ?? new Date(0);
      yield {
        path,
        bytes: properties.contentLength,
        modifiedAt,
        mark: markOf(properties.contentLength, properties.etag),
      };
    }
    for (const { name } of value.segment.directoryItems) {
      // The service's own, for snapshots and for what File Sync has still to do.
      if (name.startsWith('.') || name === 'System Volume Information') continue;
      yield* walk(share, directory.getDirectoryClient(name), folder === '' ? name : `${folder}/${name}`);
    }
  }
}

function markOf(bytes: number, etag: string | undefined): string {
  return `${bytes}-${etag?.replaceAll('"', '') ?? ''}`;
}

async function attempt<T>(path: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof RestError && error.statusCode === 404) throw changed(path);
    throw unreachable(error);
  }
}

function changed(path: string): AdpError {
  return new AdpError('CONFLICT', `${path} has changed or gone since it was listed.`);
}

function unreachable(error: unknown): AdpError {
  return error instanceof AdpError
    ? error
    : new AdpError('NETWORK_ERROR', 'Azure Files does not answer.', { cause: error });
}
