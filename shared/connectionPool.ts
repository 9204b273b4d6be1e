import type { Connection, Tools } from './connectors/connector.ts';
import type { PolledSource } from './sync/poll/polledSource.ts';
import type { ConnectionPool, SecretValue } from './sync/poll/reachSource.ts';

/** The pool with what only the end of the process and tests need. */
export interface Connections extends ConnectionPool {
  /** Closes everything; who still works with a connection finds it closed. */
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly tools: Tools;
  /** How long a connection that nobody works with stays open. */
  readonly idleMs: number;
  /** Told of a connection that could not be closed. */
  readonly onFailure: (error: unknown) => void;
}

/** A connection that was asked for. */
interface Entry {
  /** Configuration and secret with which it was opened. */
  readonly version: string;
  readonly opening: Promise<Connection>;
  users: number;
  idle: NodeJS.Timeout | undefined;
}

/**
 * Keeps connections to sources open between pages, one a source in this process. Another configuration or another secret
 * gets a connection of its own; the old one is closed once nobody works with it.
 */
export function createConnectionPool({ tools, idleMs, onFailure }: PoolOptions): Connections {
  const entries = new Map<string, Entry>();
  const alive = new Set<Entry>();

  const end = async (entry: Entry): Promise<void> => {
    clearTimeout(entry.idle);
    if (!alive.delete(entry)) return;
    try {
      const connection = await entry.opening;
      await connection.close();
    } catch (error) {
      onFailure(error);
    }
  };

  /** It is not lent any more. */
  const retire = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    if (entry.users === 0) void end(entry);
  };

  const open = (source: PolledSource, secret: SecretValue | undefined, version: string): Entry => {
    const { dealerId, sourceId, settings, credential, zone, concurrency } = source;
    const opening = source.connector.open(
      {
        dealerId,
        sourceId,
        settings,
        ...(credential === undefined ? {} : { credential }),
        secret: secret?.value,
        zone,
        concurrency,
      },
      tools,
    );
    const entry: Entry = { version, opening, users: 0, idle: undefined };
    alive.add(entry);
    // What can't be opened has nothing to close.
    opening.catch(() => alive.delete(entry));
    return entry;
  };

  return {
    async use(source, secret, work) {
      const key = `${source.dealerId}/${source.sourceId}`;
      const version = `${source.etag} ${secret?.version ?? ''}`;
      if (entries.get(key)?.version !== version) retire(key);
      let entry = entries.get(key);
      if (entry === undefined) {
        entry = open(source, secret, version);
        entries.set(key, entry);
      }
      const mine = entry;
      clearTimeout(mine.idle);
      mine.users++;
      try {
        return await work(await mine.opening);
      } finally {
        mine.users--;
        const isLent = entries.get(key) === mine;
        if (!alive.has(mine)) {
          if (isLent) entries.delete(key);
        } else if (mine.users === 0) {
          if (isLent) mine.idle = setTimeout(() => retire(key), idleMs).unref();
          else void end(mine);
        }
      }
    },
    drop: (source) => retire(`${source.dealerId}/${source.sourceId}`),
    async close() {
      for (const key of [...entries.keys()]) retire(key);
      await Promise.all([...alive].map(end));
    },
  };
}
