import { configError, readConfig } from '../config.ts';

/** https://learn.microsoft.com/azure/azure-functions/functions-bindings-service-bus#hostjson-settings, as far as it goes here. */
export interface ServiceBusOptions {
  /** Calls of one function at a time, where it takes single messages. */
  readonly maxConcurrentCalls: number;
  /** Messages that are held ready beyond those that are worked on. */
  readonly prefetchCount: number;
  /** How long the lock of a message is renewed, in milliseconds. */
  readonly maxAutoLockRenewalMs: number;
  /** Messages in one call, where a function takes many. */
  readonly maxMessageBatchSize: number;
}

const known = [
  'maxConcurrentCalls',
  'prefetchCount',
  'maxAutoLockRenewalDuration',
  'maxMessageBatchSize',
  'autoCompleteMessages',
];

/** @throws AdpError CONFIG_ERROR for what is wrong or not supported */
export function readServiceBusOptions(section: unknown): ServiceBusOptions {
  const where = 'host.json, "serviceBus"';
  const config = readConfig(section, where, known);
  if (config.flag('autoCompleteMessages') === false) {
    throw configError(`${where}: the local host settles messages itself; "autoCompleteMessages" can't be false`);
  }
  return {
    maxConcurrentCalls: config.integer('maxConcurrentCalls', 1) ?? 16,
    prefetchCount: config.integer('prefetchCount', 0) ?? 0,
    maxAutoLockRenewalMs: config.duration('maxAutoLockRenewalDuration') ?? 300_000,
    maxMessageBatchSize: config.integer('maxMessageBatchSize', 1) ?? 1000,
  };
}
