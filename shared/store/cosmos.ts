import {
  type Container,
  CosmosClient,
  type JSONObject,
  type OperationInput,
  type PartitionKey,
  type PatchOperation,
  type SqlParameter,
} from '@azure/cosmos';
import { identity } from '../credentials/identity.ts';
import { AdpError } from '../errors.ts';
import type { CosmosAccount } from '../settings.ts';
import type { WriteResult } from '../sync/applyChanges.ts';

/** A document's full partition key: its values along `/dealer_id`, `/entity`, `/id`. */
export type DocumentKey = readonly [dealerId: string, entity: string, id: string];

export type DocumentWrite =
  | { readonly kind: 'create'; readonly key: DocumentKey; readonly document: object }
  | { readonly kind: 'replace'; readonly key: DocumentKey; readonly document: object; readonly etag: string }
  | {
      readonly kind: 'patch';
      readonly key: DocumentKey;
      readonly set: Readonly<Record<string, unknown>>;
      readonly etag: string;
    }
  | { readonly kind: 'delete'; readonly key: DocumentKey };

export interface Query {
  readonly text: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** A full partition key or a prefix of it: the query sees nothing outside. */
  readonly within: readonly string[];
  readonly limit?: number;
  readonly continuation?: string;
}

export interface DocumentPage {
  readonly documents: Record<string, unknown>[];
  readonly continuation?: string;
}

/** One Cosmos container with a hierarchical partition key. Reads throw AdpError `NETWORK_ERROR` (retry) when they can't be answered. */
export interface Documents {
  read(key: DocumentKey): Promise<Record<string, unknown> | undefined>;
  /** One page. A continuation that isn't ours is a `DATA_ERROR`. */
  page(query: Query): Promise<DocumentPage>;
  /** Each write on its own, in no order; answers in the order given. Never throws for what a single write met. */
  write(writes: readonly DocumentWrite[]): Promise<WriteResult[]>;
  probe(): Promise<void>;
}

/**
 * Up to this many writes go as requests of their own: the SDK's bulk execution takes a second at least, however little
 * it has to do (it dispatches a batch that isn't full once a second), but costs far less a document.
 */
const singlyUpTo = 48;

export function openDocuments(account: CosmosAccount, containerName: string): Documents {
  const client = new CosmosClient({
    endpoint: account.endpoint,
    ...(account.key === undefined ? { aadCredentials: identity(account) } : { key: account.key }),
    connectionPolicy: { requestTimeout: 20_000, retryOptions: { maxRetryAttemptCount: 3, maxWaitTimeInSeconds: 5 } },
  });
  const container = client.database(account.database).container(containerName);
  return {
    read: (key) => readOne(container, key),
    page: (query) => readPage(container, query),
    write: (writes) => (writes.length <= singlyUpTo ? writeSingly(container, writes) : writeInBulk(container, writes)),
    async probe() {
      await reading(() => client.getDatabaseAccount());
    },
  };
}

/** The SDK tries a read that times out 120 times more, 20 seconds each: too long for whoever waits for an answer. */
const answerWithinMs = 25_000;

function inTime(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(answerWithinMs) };
}

async function readOne(container: Container, key: DocumentKey): Promise<Record<string, unknown> | undefined> {
  const response = await reading(() => container.item(key[2], [...key]).read<Record<string, unknown>>(inTime()));
  return response.statusCode === 404 ? undefined : response.resource;
}

async function readPage(container: Container, query: Query): Promise<DocumentPage> {
  const parameters = Object.entries(query.parameters ?? {}).map(([name, value]) => ({ name, value }) as SqlParameter);
  const feed = container.items.query<Record<string, unknown>>(
    { query: query.text, parameters },
    {
      partitionKey: [...query.within] as PartitionKey,
      maxItemCount: query.limit ?? 1_000,
      ...inTime(),
      ...(query.continuation === undefined ? {} : { continuationToken: query.continuation }),
    },
  );
  const documents: Record<string, unknown>[] = [];
  const { resources, continuationToken } = await reading(() => feed.fetchNext());
  documents.push(...(resources ?? []));
  return continuationToken ? { documents, continuation: continuationToken } : { documents };
}

async function writeSingly(container: Container, writes: readonly DocumentWrite[]): Promise<WriteResult[]> {
  return await Promise.all(
    writes.map(async (write): Promise<WriteResult> => {
      try {
        await writeOne(container, write);
        return { kind: 'done' };
      } catch (error) {
        return resultOf(error);
      }
    }),
  );
}

/** The SDK refuses `contentResponseOnWriteEnabled` here: it takes it for bulk alone. */
async function writeOne(container: Container, write: DocumentWrite): Promise<void> {
  if (write.kind === 'create') {
    await container.items.create(write.document, inTime());
    return;
  }
  const item = container.item(write.key[2], [...write.key]);
  if (write.kind === 'delete') {
    await item.delete(inTime());
    return;
  }
  const guarded = { ...inTime(), accessCondition: { type: 'IfMatch', condition: write.etag } };
  await (write.kind === 'replace' ? item.replace(write.document, guarded) : item.patch(toPatch(write.set), guarded));
}

async function writeInBulk(container: Container, writes: readonly DocumentWrite[]): Promise<WriteResult[]> {
  try {
    const results = await container.items.executeBulkOperations(writes.map(toOperation), {
      contentResponseOnWriteEnabled: false,
    });
    return results.map(({ response, error }) =>
      error === undefined && response !== undefined ? { kind: 'done' } : resultOf(error),
    );
  } catch (error) {
    return writes.map(() => resultOf(error));
  }
}

function toOperation(write: DocumentWrite): OperationInput {
  const partitionKey = [...write.key];
  const [, , id] = write.key;
  switch (write.kind) {
    case 'create':
      return { operationType: 'Create', partitionKey, resourceBody: write.document as JSONObject };
    case 'replace':
      return {
        operationType: 'Replace',
        partitionKey,
        id,
        resourceBody: write.document as JSONObject,
        ifMatch: write.etag,
      };
    case 'patch':
      return {
        operationType: 'Patch',
        partitionKey,
        id,
        resourceBody: { operations: toPatch(write.set) },
        ifMatch: write.etag,
      };
    case 'delete':
      return { operationType: 'Delete', partitionKey, id };
  }
}

function toPatch(set: Readonly<Record<string, unknown>>): PatchOperation[] {
  return Object.entries(set).map(([name, value]) => ({ op: 'set', path: `/${name}`, value }));
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null) return 0;
  const { code } = error as { code?: unknown };
  const status = Number(code);
  return Number.isInteger(status) ? status : 0;
}

function retryAfterOf(error: unknown): number {
  if (typeof error !== 'object' || error === null) return 0;
  const { retryAfterInMs } = error as { retryAfterInMs?: unknown };
  return typeof retryAfterInMs === 'number' ? retryAfterInMs : 0;
}

/** @throws the error itself, where it is no answer of Cosmos DB's and no failure to reach it: then it is a bug of ours */
function resultOf(error: unknown): WriteResult {
  const status = statusOf(error);
  if (status === 0 && !isNetworkFailure(error)) throw error;
  if (status === 404 || status === 409 || status === 412) return { kind: 'conflict' };
  if (status === 400 || status === 413) return { kind: 'refused', status };
  return { kind: 'busy', status, retryAfterMs: retryAfterOf(error), cause: error };
}

/** Node's and the SDK's own errors of connections carry a code in letters (`ECONNREFUSED`), or are time-outs. */
function isNetworkFailure(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' || name === 'TimeoutError' || name === 'AbortError' || name === 'RestError';
}

async function reading<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const status = statusOf(error);
    if (status === 0 && !isNetworkFailure(error)) throw error;
    if (status === 400) throw new AdpError('DATA_ERROR', 'Cosmos DB refused the query.', { cause: error });
    throw new AdpError('NETWORK_ERROR', `Cosmos DB does not answer (${status === 0 ? 'no connection' : status}).`, {
      cause: error,
      retryAfterMs: retryAfterOf(error),
    });
  }
}
