import { setTimeout as sleep } from 'node:timers/promises';
import {
  isServiceBusError,
  RetryMode,
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
} from '@azure/service-bus';
import { configError, readConfig } from '../config.ts';
import type { AppFunction } from '../functionApp.ts';
import { describeError } from '../log.ts';
import { createPump } from '../pump.ts';
import { type Host, type Listener, type TriggerKind, together } from '../trigger.ts';
import { findConnectionString } from './connection.ts';
import { type LockRenewal, whileLocked } from './lockRenewal.ts';
import { toBatchData, toBatchMetadata, toBodyData, toTriggerMetadata } from './message.ts';
import { readServiceBusOptions, type ServiceBusOptions } from './options.ts';
import { type Outcome, type Settle, settleInGroups } from './settlement.ts';
import { isStale } from './stale.ts';

interface QueueFunction {
  readonly fn: AppFunction;
  readonly connectionString: string;
  readonly queue: string;
  /** Whether it takes the queue's dead letters. */
  readonly deadLetters: boolean;
  /** Whether one call takes a batch. */
  readonly many: boolean;
}

/** Queues, in peek-lock: completed when the handler succeeds, given back when it fails. No topics, no sessions. */
export const serviceBusTrigger: TriggerKind = {
  types: ['serviceBusTrigger'],
  section: 'serviceBus',
  outputs: [],
  inputs: [],
  prepare: (functions, host) => {
    const options = readServiceBusOptions(host.section);
    return together(functions.map((fn) => listen(toQueueFunction(fn, host), options, host)));
  },
};

const known = ['name', 'type', 'direction', 'properties', 'connection', 'queueName', 'cardinality'];
const refused = ['isSessionsEnabled', 'autoCompleteMessages', 'topicName', 'subscriptionName'];

function toQueueFunction(fn: AppFunction, host: Host): QueueFunction {
  const where = `Function "${fn.name}", binding "${fn.trigger.name}"`;
  const binding = readConfig(fn.trigger, where, [...known, ...refused.filter((key) => fn.trigger[key] === false)]);
  const address = host.settings.resolve(binding.text('queueName') ?? '', where);
  const [queue, subQueue, ...rest] = address.split('/');
  if (!queue || rest.length > 0 || (subQueue !== undefined && subQueue.toLowerCase() !== '$deadletterqueue')) {
    throw configError(`${where}: "${address}" is neither a queue nor a queue's "/$DeadLetterQueue"`);
  }
  const cardinality = binding.text('cardinality')?.toLowerCase() ?? 'one';
  if (cardinality !== 'one' && cardinality !== 'many') throw configError(`${where}: "cardinality" must be one or many`);
  const connectionString = findConnectionString(binding.text('connection') ?? '', host.settings, where);
  return { fn, connectionString, queue, deadLetters: subQueue !== undefined, many: cardinality === 'many' };
}

/** Long enough for messages that were sent together to be taken together, too short for anyone to notice. */
const batchLingerMs = 10;

/**
 * A local broker answers at once, or not at all: when it restarts, nobody answers any more what was being settled, and
 * the SDK's usual patience (four times a minute) would hold up everything behind it. The SDK reconnects for ever anyway.
 */
const retryOptions = { mode: RetryMode.Fixed, maxRetries: 0, retryDelayInMs: 200, timeoutInMs: 5000 };

function listen(target: QueueFunction, options: ServiceBusOptions, host: Host): Listener {
  const client = new ServiceBusClient(target.connectionString, { retryOptions });
  const receiver = client.createReceiver(target.queue, {
    ...(target.deadLetters && { subQueueType: 'deadLetter' }),
    maxAutoLockRenewalDurationInMs: 0,
    skipParsingBodyAsJson: true,
  });
  const settle = settleInGroups(receiver);
  const renewal: LockRenewal = {
    receiver,
    forMs: options.maxAutoLockRenewalMs,
    onFailure: ({ messageId }, error) =>
      host.log('warning', target.fn.name, `The lock of message ${messageId} could not be renewed: ${String(error)}`),
  };
  const concurrency = target.many ? 1 : options.maxConcurrentCalls;
  const batchSize = target.many ? options.maxMessageBatchSize : 1;
  const pump = createPump<ServiceBusReceivedMessage>({
    batchSize,
    concurrency,
    lingerMs: target.many ? batchLingerMs : 0,
    call: async (received) => {
      // What came over a connection that is lost can't be settled: its lock runs out, and the broker brings it again.
      const messages = received.filter((message) => !isStale(message));
      if (messages.length === 0) return;
      await whileLocked(messages, renewal, async () => {
        const succeeded = await callFunction(target, messages, host);
        await settleAll(settle, messages, succeeded ? 'completed' : 'given back', target, host);
      });
    },
  });
  let subscription: { close(): Promise<void> } | undefined;

  return {
    start: async () => {
      // Subscribing fails in the background and for ever; a queue that isn't there must fail the start.
      await untilReachable(receiver);
      subscription = receiver.subscribe(
        {
          processMessage: (message) => pump.offer(message),
          processError: async ({ error, errorSource }) =>
            host.log('warning', target.fn.name, `${target.queue}, ${errorSource}: ${error.message}`),
        },
        { autoCompleteMessages: false, maxConcurrentCalls: concurrency * batchSize + options.prefetchCount },
      );
      return undefined;
    },
    stop: async () => {
      await subscription?.close();
      await settleAll(settle, await pump.stop(), 'given back', target, host);
      await client.close();
    },
  };
}

/** How long a broker that is just starting is waited for. */
const reachableMs = 15_000;

async function untilReachable(receiver: ServiceBusReceiver): Promise<void> {
  const deadline = Date.now() + reachableMs;
  for (;;) {
    try {
      await receiver.peekMessages(1);
      return;
    } catch (error) {
      if (!isServiceBusError(error) || !error.retryable || Date.now() > deadline) throw error;
      await sleep(retryOptions.retryDelayInMs);
    }
  }
}

async function callFunction(
  { fn, many }: QueueFunction,
  messages: readonly ServiceBusReceivedMessage[],
  host: Host,
): Promise<boolean> {
  try {
    if (many) {
      await host.app.invoke(fn, { data: toBatchData(messages), metadata: toBatchMetadata(messages) });
    } else {
      for (const message of messages) {
        await host.app.invoke(fn, { data: toBodyData(message), metadata: toTriggerMetadata(message) });
      }
    }
    return true;
  } catch (error) {
    host.log('error', fn.name, describeError(error));
    return false;
  }
}

// Where this fails, the lock runs out and the message comes again: that is what peek-lock promises.
async function settleAll(
  settle: Settle,
  messages: readonly ServiceBusReceivedMessage[],
  outcome: Outcome,
  { fn }: QueueFunction,
  host: Host,
): Promise<void> {
  const settleOne = async (message: ServiceBusReceivedMessage): Promise<void> => {
    try {
      await settle(message, outcome);
    } catch (error) {
      host.log('warning', fn.name, `Message ${message.messageId} could not be ${outcome}: ${String(error)}`);
    }
  };
  await Promise.all(messages.map(settleOne));
}
