/** Hands out what comes in, in calls of at most `batchSize` items, at most `concurrency` of them at a time. */
export interface Pump<T> {
  /** Resolves when the call with this item has ended. */
  offer(item: T): Promise<void>;
  /** Begins no further call, resolves when the last has ended, and gives back what no call had. */
  stop(): Promise<readonly T[]>;
}

export interface PumpOptions<T> {
  readonly batchSize: number;
  readonly concurrency: number;
  /** Milliseconds that the first item of a batch waits for company. */
  readonly lingerMs: number;
  /** Must not throw. */
  readonly call: (items: readonly T[]) => Promise<void>;
}

interface Waiting<T> {
  readonly item: T;
  readonly done: () => void;
}

export function createPump<T>({ batchSize, concurrency, lingerMs, call }: PumpOptions<T>): Pump<T> {
  const waiting: Waiting<T>[] = [];
  const running = new Set<Promise<void>>();
  let stopped = false;
  let lingering: NodeJS.Timeout | undefined;

  const turn = () => {
    lingering = undefined;
    while (!stopped && waiting.length > 0 && running.size < concurrency) {
      const batch = waiting.splice(0, batchSize);
      const run = call(batch.map(({ item }) => item)).finally(() => {
        running.delete(run);
        for (const { done } of batch) done();
        turn();
      });
      running.add(run);
    }
  };

  return {
    offer: (item) =>
      new Promise((done) => {
        waiting.push({ item, done });
        if (waiting.length >= batchSize || lingerMs === 0) turn();
        else lingering ??= setTimeout(turn, lingerMs);
      }),
    stop: async () => {
      stopped = true;
      clearTimeout(lingering);
      await Promise.all(running);
      return waiting.splice(0).map(({ item, done }) => {
        done();
        return item;
      });
    },
  };
}
