import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { JournalEntry } from '../../local/serviceBus/journal/entry.ts';
import type { QueueDefinition } from '../../local/serviceBus/queue/definition.ts';
import type { Outcome } from '../../local/serviceBus/queue/outcome.ts';
import { Queue } from '../../local/serviceBus/queue/queue.ts';

const definition: QueueDefinition = {
  name: 'queue',
  lockDuration: 100,
  maxDeliveryCount: 3,
  duplicateWindow: 1000,
  timeToLive: undefined,
};

/** A queue and its dead letters, with a clock to be set, on a journal in memory. */
class Bench {
  now = 1_000_000;
  readonly journal: JournalEntry[] = [];
  readonly tokens = new Set<string>();
  queue: Queue;
  dead: Queue;

  constructor() {
    [this.queue, this.dead] = this.create();
  }

  create(): [Queue, Queue] {
    const environment = {
      journal: {
        append: (entry: JournalEntry) => {
          this.journal.push(entry);
        },
        whenDurable: (callback: () => void) => callback(),
      },
      now: () => this.now,
      newToken: () => {
        const token = Buffer.alloc(16);
        token.writeUInt32BE(this.tokens.size);
        this.tokens.add(token.toString('hex'));
        return token;
      },
    };
    const dead = new Queue({ ...definition, name: 'dead', duplicateWindow: undefined }, undefined, environment);
    return [new Queue(definition, dead, environment), dead];
  }

  /** As after a crash: only the journal is left. */
  restart(entries: readonly JournalEntry[]): void {
    const [queue, dead] = this.create();
    for (const entry of entries) (entry.queue === 'dead' ? dead : queue).restore(entry);
    queue.resume();
    dead.resume();
    [this.queue, this.dead] = [queue, dead];
  }

  send(messageId: string, scheduledFor?: number): number {
    return this.queue.enqueue({
      messageId,
      partitionKey: undefined,
      timeToLive: undefined,
      scheduledFor,
      // A body of two bytes.
      bare: Buffer.from([0, 0x53, 0x75, 0xa0, 2, 1, 2]),
    });
  }

  describe(): unknown[] {
    return [this.queue, this.dead].map((queue) =>
      [...queue.browse(0)].map(({ messageId, state, deliveryCount, sequenceNumber }) => {
        return { messageId, state, deliveryCount, sequenceNumber };
      }),
    );
  }
}

const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), later: fc.nat(300) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('receive' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      which: fc.nat(5),
      how: fc.constantFrom<Outcome['kind']>('complete', 'release', 'abandon', 'defer', 'deadLetter'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), time: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'compact' as const) }) },
);

test('whatever happens, each message is in one place until it is completed, and a restart changes nothing', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const bench = new Bench();
      const expected = new Set<string>();
      let held: { token: Buffer; messageId: string; until: number }[] = [];
      for (const [i, next] of operations.entries()) {
        if (next.do === 'send') {
          const messageId = `message ${i}`;
          bench.send(messageId, next.later > 200 ? bench.now + next.later : undefined);
          expected.add(messageId);
          expect(bench.send(messageId)).toBe(0);
        }
        if (next.do === 'receive') {
          bench.queue.tick();
          const locked = new Set(held.filter(({ until }) => until > bench.now).map(({ messageId }) => messageId));
          const waiting = [...bench.queue.browse(0)].filter((m) => m.state === 'active' && !locked.has(m.messageId));
          const received = bench.queue.receive();
          expect(received?.message.messageId).toBe(waiting[0]?.messageId);
          if (received !== undefined) {
            const { token, lockedUntil } = received.lock;
            held.push({ token, messageId: received.message.messageId, until: lockedUntil });
          }
        }
        const lock = next.do === 'settle' ? held[next.which] : undefined;
        if (next.do === 'settle' && lock !== undefined) {
          const outcome: Outcome = { kind: next.how, properties: {} };
          held = held.filter((other) => other !== lock);
          if (lock.until > bench.now) {
            bench.queue.settle(lock.token, outcome);
            if (next.how === 'complete') expected.delete(lock.messageId);
          } else {
            expect(() => bench.queue.settle(lock.token, outcome)).toThrow(/lock/);
          }
        }
        if (next.do === 'wait') {
          bench.now += next.time;
          bench.queue.tick();
        }
        if (next.do === 'crash' || next.do === 'compact') {
          const before = bench.describe();
          const compacted = [...bench.queue.entries(), ...bench.dead.entries()];
          bench.restart(next.do === 'crash' ? bench.journal : compacted);
          expect(bench.describe()).toEqual(before);
          held = [];
        }
        const kept = [...bench.queue.browse(0), ...bench.dead.browse(0)];
        expect(kept.map(({ messageId }) => messageId).sort()).toEqual([...expected].sort());
        expect(bench.queue.bytes + bench.dead.bytes).toBe(kept.reduce((sum, { bare }) => sum + bare.length, 0));
      }
    }),
    { numRuns: 300 },
  );
});

test('100,000 messages cost as much each as a few do', () => {
  const bench = new Bench();
  /** Milliseconds of this process: how busy the machine is has no part in them. */
  const roundOfAThousand = () => {
    const start = process.cpuUsage();
    for (let i = 0; i < 1000; i++) {
      const received = bench.queue.receive();
      if (received !== undefined)
        bench.queue.settle(received.lock.token, { kind: i % 2 ? 'abandon' : 'complete', properties: {} });
    }
    return process.cpuUsage(start).user / 1_000;
  };
  for (let i = 0; i < 2000; i++) bench.send(`few ${i}`);
  const few = Math.min(roundOfAThousand(), roundOfAThousand());
  for (let i = 0; i < 100_000; i++) bench.send(`many ${i}`);
  const many = Math.min(roundOfAThousand(), roundOfAThousand(), roundOfAThousand());
  expect(many).toBeLessThan(10 * few + 20);
});

test('a renewed lock does not keep others from expiring', () => {
  const bench = new Bench();
  bench.send('renewed');
  bench.send('expired');
  const [renewed, expired] = [bench.queue.receive(), bench.queue.receive()];
  if (!renewed || !expired) throw new Error('Two messages were expected.');
  bench.now += 60;
  expect(bench.queue.renewLock(renewed.lock.token)).toBe(bench.now + 100);
  bench.now += 60;
  bench.queue.tick();
  expect(bench.queue.receive()?.message.messageId).toBe('expired');
  bench.queue.settle(renewed.lock.token, { kind: 'complete' });
  expect(() => bench.queue.settle(expired.lock.token, { kind: 'complete' })).toThrow(/lock/);
});
