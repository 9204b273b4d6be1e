import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Outcome, settleInGroups } from '../../local/host/serviceBus/settlement.ts';

const message = (id: string) => ({ messageId: id }) as ServiceBusReceivedMessage;

/** A receiver that records what is on its way at the same time, and answers a little later. */
function recordingReceiver() {
  const underWay = new Set<Outcome>();
  const mixtures: Outcome[][] = [];
  const settled = new Map<string, Outcome>();
  const send = (outcome: Outcome) => async (sent: ServiceBusReceivedMessage) => {
    underWay.add(outcome);
    mixtures.push([...underWay]);
    await new Promise((resolve) => setImmediate(resolve));
    underWay.delete(outcome);
    if (sent.messageId === 'lost') throw new Error('lock lost');
    settled.set(String(sent.messageId), outcome);
  };
  return { mixtures, settled, completeMessage: send('completed'), abandonMessage: send('given back') };
}

test('different outcomes are never on their way together, and every message gets its own', async () => {
  const outcomes = fc.array(fc.record({ complete: fc.boolean(), pause: fc.boolean() }), {
    minLength: 1,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(outcomes, async (steps) => {
      const receiver = recordingReceiver();
      const settle = settleInGroups(receiver);
      const settling: Promise<void>[] = [];
      const expected = new Map<string, Outcome>();
      for (const [index, { complete, pause }] of steps.entries()) {
        const outcome = complete ? 'completed' : 'given back';
        expected.set(String(index), outcome);
        settling.push(settle(message(String(index)), outcome));
        if (pause) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(settling);
      expect(receiver.mixtures.filter((together) => together.length > 1)).toEqual([]);
      expect(receiver.settled).toEqual(expected);
    }),
  );
});

test('one that fails says so, and holds nobody up', async () => {
  const receiver = recordingReceiver();
  const settle = settleInGroups(receiver);
  const lost = settle(message('lost'), 'completed');
  const next = settle(message('next'), 'given back');
  await expect(lost).rejects.toThrow('lock lost');
  await next;
  expect(receiver.settled).toEqual(new Map([['next', 'given back']]));
});
