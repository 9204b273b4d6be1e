import type { Connection, Tools } from './connectors/connector.ts';
import type { PolledSource } from './sync/poll/polledSource.ts';
import type { ConnectionPool, SecretValue } from './sync/poll/reachSource.ts';

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
export function createConnectionPool({ tools, idleMs, onFailure }: PoolOptions): ConnectionPool {
  const entries = new Map<string, Entry>();

  const end = async ({ idle, opening }: Entry): Promise<void> => {
    clearTimeout(idle);
    // What can't be opened has nothing to close.
    const connection = await opening.catch(() => undefined);
    try {
      await connection?.close();
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

  const open = (key: string, source: PolledSource, secret: SecretValue | undefined, version: string): Entry => {
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
    entries.set(key, entry);
    // The next one tries again.
    opening.catch(() => entries.get(key) === entry && entries.delete(key));
    return entry;
  };

  return {
    async use(source, secret, work) {
      const key = keyOf(source);
      const version = `${source.etag} ${secret?.version ?? ''}`;
      if (entries.get(key)?.version !== version) retire(key);
      const mine = entries.get(key) ?? open(key, source, secret, version);
      clearTimeout(mine.idle);
      mine.users++;
      try {
        return await work(await mine.opening);
      } finally {
        mine.users--;
        if (mine.users === 0) {
          if (entries.get(key) === mine) mine.idle = setTimeout(() => retire(key), idleMs).unref();
          else void end(mine);
        }
      }
    },
    drop: (source) => retire(keyOf(source)),
  };
}

function keyOf({ dealerId, sourceId }: PolledSource): string {
  return `${dealerId}/${sourceId}`;
}
