import { type Clock, type Random, timeText } from '../clock.ts';
import { AdpError, isConflict } from '../errors.ts';
import type { Cell, OpenTable, Row, Table } from '../store/tables.ts';
import { hashOfKey, newKeyText } from './keyText.ts';
import { isScope, type Scope } from './scopes.ts';

/** What is known of an API key. Times are RFC 3339 in UTC. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly created_at: string;
  readonly expires_at?: string;
  /** To within some minutes. */
  readonly last_used_at?: string;
}

/** A key that was just made: the only time that its text is known. */
export interface NewApiKey extends ApiKey {
  readonly key: string;
}

export interface KeyRequest {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expires_at?: string;
}

/** An API key as it is kept: by its hash. */
export interface StoredKey extends ApiKey {
  /** SHA-256 of the whole key, in hex. */
  readonly hash: string;
}

/** The API keys, in the table `keys`. Errors are those of `Table`. */
export interface Keys {
  /** @throws AdpError `DATA_ERROR` for a scope that doesn't exist or an expiry that has passed */
  create(request: KeyRequest): Promise<NewApiKey>;
  find(id: string): Promise<StoredKey | undefined>;
  /** By id, from `after` (exclusive) on. */
  list(options: { readonly from?: string }): AsyncIterable<ApiKey>;
  /** False if there was none. */
  remove(id: string): Promise<boolean>;
  /** The dealer is gone: no key says anything about it any more, and one that says nothing else is deleted. */
  dropDealer(dealerId: string): Promise<void>;
  /** Notes that a key was used. A key that was deleted meanwhile stays deleted. */
  touch(id: string): Promise<void>;
}

const partition = 'key';

export function keysIn(
  openTable: OpenTable,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Keys {
  const table = openTable('keys');
  return {
    async create({ name, scopes, expires_at }) {
      const unknown = scopes.find((scope) => !isScope(scope));
      if (unknown !== undefined) {
        throw new AdpError('DATA_ERROR', 'A scope is admin, ingest:{dealerId} or read:{dealerId}.');
      }
      const expires = expires_at === undefined ? undefined : Date.parse(expires_at);
      if (expires !== undefined && !(expires > clock())) {
        throw new AdpError('DATA_ERROR', 'expires_at must be in the future.');
      }
      const { id, text } = newKeyText(random);
      const created_at = timeText(clock());
      const expiry = expires === undefined ? {} : { expires_at: timeText(expires) };
      await table.insert(partition, id, {
        hash: hashOfKey(text),
        name,
        scopes: scopes.join(' '),
        created_at,
        ...expiry,
      });
      return { id, key: text, name, scopes: scopes.filter(isScope), created_at, ...expiry };
    },
    async find(id) {
      const row = await table.get(partition, id);
      return row === undefined ? undefined : toStoredKey(row);
    },
    async *list({ from }) {
      for await (const row of table.rows(partition, from === undefined ? {} : { from })) {
        const { hash, ...shown } = toStoredKey(row);
        yield shown;
      }
    },
    async remove(id) {
      const row = await table.get(partition, id);
      if (row === undefined) return false;
      await table.remove(partition, id);
      return true;
    },
    async dropDealer(dealerId) {
      for await (const row of table.rows(partition)) await withoutDealer(table, row, dealerId);
    },
    async touch(id) {
      const row = await table.get(partition, id);
      if (row === undefined) return;
      try {
        await table.replace(row, { ...row.cells, last_used_at: timeText(clock()) });
      } catch (error) {
        // Another instance noted it, or the key is gone: both are as good.
        if (!isConflict(error)) throw error;
      }
    },
  };
}

async function withoutDealer(table: Table, row: Row, dealerId: string): Promise<void> {
  const { scopes } = toStoredKey(row);
  const left = scopes.filter((scope) => !scope.endsWith(`:${dealerId}`));
  if (left.length === scopes.length) return;
  try {
    if (left.length === 0) await table.remove(row.partition, row.key, row.etag);
    else await table.replace(row, { ...row.cells, scopes: left.join(' ') });
  } catch (error) {
    if (!isConflict(error)) throw error;
    // It was used in this moment: with what is there now.
    const now = await table.get(row.partition, row.key);
    if (now !== undefined) await withoutDealer(table, now, dealerId);
  }
}

function toStoredKey({ key, cells }: Row): StoredKey {
  const optional = (name: string, cell: Cell | undefined) => (typeof cell === 'string' ? { [name]: cell } : {});
  return {
    id: key,
    hash: String(cells.hash),
    name: String(cells.name),
    scopes: String(cells.scopes).split(' ').filter(isScope),
    created_at: String(cells.created_at),
    ...optional('expires_at', cells.expires_at),
    ...optional('last_used_at', cells.last_used_at),
  };
}
