import {
  odata,
  RestError,
  TableClient,
  type TableEntity,
  type TableEntityResult,
  type TableServiceClientOptions,
} from '@azure/data-tables';
import { identity } from '../credentials/identity.ts';
import { AdpError, isConflict } from '../errors.ts';
import type { StorageAccount } from '../settings.ts';

/** What a property may hold. Whole numbers must fit 32 bits; text longer than a property's 32 K characters is split by `packText`. */
export type Cell = string | number | boolean;

/** One entity of a table: its keys, its ETag and its properties. */
export interface Row {
  readonly partition: string;
  readonly key: string;
  readonly etag: string;
  readonly cells: Readonly<Record<string, Cell>>;
}

export interface Page {
  readonly rows: Row[];
  /** Where the next page begins; absent on the last one. Opaque. */
  readonly continuation?: string;
}

export interface ListOptions {
  /** First key that is wanted, inclusive. */
  readonly from?: string;
  /** First key that is not wanted any more, exclusive. */
  readonly to?: string;
  readonly limit?: number;
  readonly continuation?: string;
}

/**
 * One Azure table. Every error is an AdpError: `CONFLICT` when a row exists that shouldn't, or has another ETag
 * (decide again with what is there now), `NETWORK_ERROR` (retry) when the service can't be reached or throttles after
 * the SDK's own retries.
 */
export interface Table {
  get(partition: string, key: string): Promise<Row | undefined>;
  /** Keys ascend. One page; ask again with its `continuation`. */
  list(partition: string, options?: ListOptions): Promise<Page>;
  /** Every row of a partition's range, page by page. */
  rows(partition: string, options?: ListOptions): AsyncIterable<Row>;
  /** Answers the new ETag. */
  insert(partition: string, key: string, cells: Readonly<Record<string, Cell>>): Promise<string>;
  upsert(partition: string, key: string, cells: Readonly<Record<string, Cell>>): Promise<string>;
  replace(row: Pick<Row, 'partition' | 'key' | 'etag'>, cells: Readonly<Record<string, Cell>>): Promise<string>;
  /** Deleting what isn't there is no error; a stale ETag is. */
  remove(partition: string, key: string, etag?: string): Promise<void>;
}

export type OpenTable = (name: string) => Table;

const maxProperty = 32_000;

/** Splits a long text over the properties `{name}`, `{name}1`, `{name}2` …, never within a character. */
export function packText(name: string, text: string): Record<string, string> {
  const cells: Record<string, string> = {};
  let start = 0;
  for (let i = 0; i === 0 || start < text.length; i++) {
    const cut = start + maxProperty;
    const end = isWithinPair(text, cut) ? cut - 1 : cut;
    cells[i === 0 ? name : `${name}${i}`] = text.slice(start, end);
    start = end;
  }
  return cells;
}

/** Half a surrogate pair is no text: the service would refuse it or put another character in its place. */
function isWithinPair(text: string, at: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1));
}

/** The opposite of `packText`; `undefined` where there is none. */
export function unpackText(name: string, cells: Readonly<Record<string, Cell>>): string | undefined {
  const first = cells[name];
  if (typeof first !== 'string') return undefined;
  let text = first;
  for (let i = 1; ; i++) {
    const part = cells[`${name}${i}`];
    if (typeof part !== 'string') return text;
    text += part;
  }
}

/** False where another writer was there first. Other errors are thrown. */
export async function unlessChanged(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (isConflict(error)) return false;
    throw error;
  }
}

/** Tables of the storage account, by the unmodified SDK. Clients are made once a table. */
export function openTables(account: StorageAccount): OpenTable {
  const opened = new Map<string, Table>();
  return (name) => {
    const known = opened.get(name);
    if (known !== undefined) return known;
    const table = tableOf(clientOf(account, name));
    opened.set(name, table);
    return table;
  };
}

/** The SDK itself waits for a service that hangs as long as that takes. */
const answerWithinMs = 10_000;

function clientOf(account: StorageAccount, name: string): TableClient {
  const options: TableServiceClientOptions = {
    retryOptions: { maxRetries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 2_000 },
    additionalPolicies: [
      {
        position: 'perCall',
        policy: {
          name: 'answerWithin',
          sendRequest: (request, next) => next(Object.assign(request, { timeout: answerWithinMs })),
        },
      },
    ],
  };
  return account.kind === 'connectionString'
    ? TableClient.fromConnectionString(account.connectionString, name, {
        ...options,
        allowInsecureConnection: account.insecure,
      })
    : new TableClient(account.tableServiceUri, name, identity(account), options);
}

function tableOf(client: TableClient): Table {
  const list: Table['list'] = (partition, options = {}) =>
    attempt(async () => {
      const pages = client.listEntities({ queryOptions: { filter: rangeOf(partition, options) } }).byPage({
        maxPageSize: options.limit ?? 1_000,
        ...(options.continuation === undefined ? {} : { continuationToken: options.continuation }),
      });
      const { value, done } = await pages.next();
      if (done === true || value === undefined) return { rows: [] };
      const rows = value.map(toRow);
      return value.continuationToken === undefined ? { rows } : { rows, continuation: value.continuationToken };
    });

  return {
    get: (partition, key) =>
      attempt(async () => toRow(await client.getEntity(partition, key))).catch((error: unknown) => {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }),
    list,
    async *rows(partition, options = {}) {
      let continuation = options.continuation;
      do {
        const page = await list(partition, { ...options, ...(continuation === undefined ? {} : { continuation }) });
        yield* page.rows;
        continuation = page.continuation;
      } while (continuation !== undefined);
    },
    insert: (partition, key, cells) =>
      attempt(async () => etagOf(await client.createEntity(toEntity(partition, key, cells)))),
    upsert: (partition, key, cells) =>
      attempt(async () => etagOf(await client.upsertEntity(toEntity(partition, key, cells), 'Replace'))),
    replace: (row, cells) =>
      attempt(async () =>
        etagOf(await client.updateEntity(toEntity(row.partition, row.key, cells), 'Replace', { etag: row.etag })),
      ),
    remove: (partition, key, etag) =>
      attempt(async () => {
        await client.deleteEntity(partition, key, etag === undefined ? {} : { etag });
      }).catch((error: unknown) => {
        if (statusOf(error) !== 404) throw error;
      }),
  };
}

function rangeOf(partition: string, { from, to }: ListOptions): string {
  let filter = odata`PartitionKey eq ${partition}`;
  if (from !== undefined) filter += odata` and RowKey ge ${from}`;
  if (to !== undefined) filter += odata` and RowKey lt ${to}`;
  return filter;
}

function toEntity(partition: string, key: string, cells: Readonly<Record<string, Cell>>): TableEntity {
  return { ...cells, partitionKey: partition, rowKey: key };
}

function toRow(entity: TableEntityResult<Record<string, unknown>>): Row {
  const { partitionKey, rowKey, etag, timestamp, ...rest } = entity;
  const cells: Record<string, Cell> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') cells[name] = value;
  }
  return { partition: partitionKey ?? '', key: rowKey ?? '', etag, cells };
}

function etagOf(response: { readonly etag?: string | undefined }): string {
  return response.etag ?? '*';
}

function statusOf(error: unknown): number | undefined {
  const cause = error instanceof AdpError ? error.cause : error;
  return cause instanceof RestError ? cause.statusCode : undefined;
}

async function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const status = statusOf(error);
    if (status === 409 || status === 412 || status === 404) {
      throw new AdpError('CONFLICT', 'Another writer was there first.', { cause: error });
    }
    if (status === undefined || status === 408 || status === 429 || status >= 500) {
      throw new AdpError('NETWORK_ERROR', 'Table storage does not answer.', { cause: error });
    }
    throw new AdpError('INTERNAL', `Table storage refused the request (${status}).`, { cause: error });
  }
}
