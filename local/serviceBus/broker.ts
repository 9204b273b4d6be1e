import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AdpError } from '../../shared/errors.ts';
import { lockFolder } from './folderLock.ts';
import { Journal } from './journal/journal.ts';
import { deadLetterName } from './links/address.ts';
import { LinkTable } from './links/linkTable.ts';
import type { QueueDefinition } from './queue/definition.ts';
import { Queue, type QueueEnvironment } from './queue/queue.ts';
import { listen } from './server.ts';

export interface BrokerOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** Holds the journal; created if it isn't there. */
  readonly dataFolder: string;
  readonly definitions: readonly QueueDefinition[];
  /** The disk failed: nothing can be promised any more, and the process should end. */
  readonly onFailure: (error: unknown) => void;
}

export interface Broker {
  readonly port: number;
  /** Resolves when everything is on the disk. Connections are cut. */
  close(): Promise<void>;
}

const tickEvery = 50;

/**
 * A Service Bus namespace on this machine for @azure/service-bus with `UseDevelopmentEmulator=true`.
 * @throws AdpError CONFIG_ERROR if another broker uses the folder, if the journal is damaged or holds messages of a queue that is no longer defined; the
 * socket's error if the port can't be had
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const path = join(options.dataFolder, 'messages.journal');
  const journal = new Journal({ path, onFailure: options.onFailure });
  const queues = createQueues(options.definitions, { journal, now: Date.now, newToken: () => randomBytes(16) });
  await mkdir(options.dataFolder, { recursive: true });
  // The port first: a second broker, started on it by mistake, must not touch the data of the first. No client gets in
  // between, because what follows happens in the same turn.
  const links = new LinkTable(queues, journal);
  const server = await listen(options.port, links);
  let unlockFolder = () => {};
  try {
    unlockFolder = lockFolder(options.dataFolder);
    restore(journal, queues, path);
  } catch (error) {
    unlockFolder();
    server.close();
    throw error;
  }
  const timer = setInterval(() => {
    for (const queue of queues.values()) queue.tick();
    links.dispatch();
  }, tickEvery);
  return {
    port: server.port,
    close: async () => {
      clearInterval(timer);
      server.close();
      await journal.close();
      unlockFolder();
    },
  };
}

/** Each queue and its dead-letter queue, by name. */
function createQueues(definitions: readonly QueueDefinition[], environment: QueueEnvironment): Map<string, Queue> {
  const queues = definitions.flatMap((definition) => {
    const name = deadLetterName(definition.name);
    const deadLetters = new Queue(
      { ...definition, name, duplicateWindow: undefined, timeToLive: undefined },
      undefined,
      environment,
    );
    return [deadLetters, new Queue(definition, deadLetters, environment)];
  });
  return new Map(queues.map((queue) => [queue.name, queue]));
}

/** @throws AdpError CONFIG_ERROR if there are messages of a queue that is not defined: opening would lose them */
function restore(journal: Journal, queues: ReadonlyMap<string, Queue>, path: string): void {
  const homeless = new Map<string, Set<number>>();
  journal.open({
    apply: (entry) => {
      const queue = queues.get(entry.queue);
      if (queue !== undefined) {
        queue.restore(entry);
        return;
      }
      const numbers = homeless.get(entry.queue) ?? new Set<number>();
      homeless.set(entry.queue, numbers);
      if (entry.op === 'put') numbers.add(entry.message.sequenceNumber);
      if (entry.op === 'remove') numbers.delete(entry.sequenceNumber);
    },
    entries: function* () {
      for (const [name, { size }] of homeless) {
        if (size === 0) continue;
        const advice = 'Define it again, or move the file away to start empty.';
        throw new AdpError(
          'CONFIG_ERROR',
          `${path} holds ${size} messages of ${name}, which is not defined. ${advice}`,
        );
      }
      for (const queue of queues.values()) yield* queue.entries();
    },
    get bytes() {
      return queues.values().reduce((sum, queue) => sum + queue.bytes, 0);
    },
  });
  for (const queue of queues.values()) queue.resume();
}
