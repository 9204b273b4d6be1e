import { createCache } from '../cache.ts';
import type { Check } from '../check.ts';
import type { Clock } from '../clock.ts';
import { AdpError, isConflict } from '../errors.ts';
import { packText, type Row, type Table, unpackText } from '../store/tables.ts';

/** A configuration as it is kept. */
export interface Kept<T> {
  readonly id: string;
  readonly value: T;
  /** Changes whenever the configuration does. */
  readonly etag: string;
}

export interface Saved {
  readonly created: boolean;
  readonly etag: string;
}

export interface SaveOptions<T> {
  /** The ETag that must still be there; without it, whatever is there is overwritten. */
  readonly etag?: string | undefined;
  /**
   * What has to be done before others see the new configuration. It is called again with what is there now, if another
   * writer was first; twice must be harmless.
   */
  readonly before?: (current: Kept<T> | undefined) => Promise<void>;
}

/**
 * Configurations of one kind in a table: JSON text, guarded by ETag, in partitions. Errors are those of `Table`, and
 * `CONFIG_ERROR` for text in the table that today's schema refuses.
 */
export interface Configurations<T> {
  /** As it was at most 10 s ago, where another instance changed it; what isn't there is asked for each time. */
  find(partition: string, id: string): Promise<Kept<T> | undefined>;
  /** As it is now. */
  read(partition: string, id: string): Promise<Kept<T> | undefined>;
  /** In the order of ids, from `from` (inclusive) on. */
  list(partition: string, from?: string): AsyncIterable<Kept<T>>;
  /**
   * @throws AdpError `CONFLICT` if it hasn't the given ETag any more; `CONFIG_ERROR` for more than a row of a table holds
   */
  save(partition: string, id: string, value: T, options?: SaveOptions<T>): Promise<Saved>;
  /** @throws AdpError `CONFLICT` if it hasn't the given ETag any more */
  remove(partition: string, id: string, etag?: string): Promise<void>;
}

export interface ConfigurationsOptions<T> {
  readonly table: Table;
  /** What the kind is called in messages. */
  readonly kind: string;
  readonly check: Check<T>;
  readonly clock: Clock;
}

const cacheMs = 10_000;
const maxCached = 2_000;
const cell = 'json';
/** UTF-16 units. A row of Table Storage holds a mebibyte, at two bytes each. */
const maxText = 400_000;

export function configurationsIn<T>({ table, kind, check, clock }: ConfigurationsOptions<T>): Configurations<T> {
  const toKept = ({ key, etag, cells }: Row): Kept<T> => {
    const value: unknown = JSON.parse(unpackText(cell, cells) ?? 'null');
    const [fault] = check.faults(value, 'CONFIG_ERROR');
    if (fault !== undefined) {
      throw new AdpError('CONFIG_ERROR', `The ${kind} ${key} must be saved again: ${fault.field} ${fault.detail}.`);
    }
    return { id: key, value: check.parse(value), etag };
  };
  const read: Configurations<T>['read'] = async (partition, id) => {
    const row = await table.get(partition, id);
    return row === undefined ? undefined : toKept(row);
  };
  const keyOf = (partition: string, id: string) => `${partition}/${id}`;
  const cache = createCache<Kept<T> | undefined>({
    load: (key) => {
      const [partition = '', id = ''] = key.split('/');
      return read(partition, id);
    },
    ttlMs: cacheMs,
    max: maxCached,
    clock,
    keep: (kept) => kept !== undefined,
  });

  /** Undefined also for what can't be read any more: it is about to be replaced. */
  const replaced = (row: Row | undefined): Kept<T> | undefined => {
    try {
      return row === undefined ? undefined : toKept(row);
    } catch (error) {
      if (error instanceof AdpError && error.code === 'CONFIG_ERROR') return undefined;
      throw error;
    }
  };

  const write = async (partition: string, id: string, text: string, current: Row | undefined): Promise<string> => {
    const cells = packText(cell, text);
    return current === undefined ? table.insert(partition, id, cells) : table.replace(current, cells);
  };

  return {
    find: (partition, id) => cache.get(keyOf(partition, id)),
    read,
    async *list(partition, from) {
      for await (const row of table.rows(partition, from === undefined ? {} : { from })) yield toKept(row);
    },
    async save(partition, id, value, { etag, before } = {}) {
      const text = JSON.stringify(value);
      if (text.length > maxText) {
        throw new AdpError('CONFIG_ERROR', `The ${kind} ${id} is larger than ${maxText} characters of JSON.`);
      }
      for (let attempt = 1; ; attempt++) {
        const current = await table.get(partition, id);
        if (etag !== undefined && current?.etag !== etag) throw changed(kind, id);
        await before?.(replaced(current));
        try {
          const saved = await write(partition, id, text, current);
          return { created: current === undefined, etag: saved };
        } catch (error) {
          if (!isConflict(error)) throw error;
          if (etag !== undefined) throw changed(kind, id);
          if (attempt === 5) throw error;
        } finally {
          cache.forget(keyOf(partition, id));
        }
      }
    },
    async remove(partition, id, etag) {
      try {
        await table.remove(partition, id, etag);
      } finally {
        cache.forget(keyOf(partition, id));
      }
    },
  };
}

function changed(kind: string, id: string): AdpError {
  return new AdpError('CONFLICT', `The ${kind} ${id} was changed meanwhile: read it again and decide.`);
}
