import { readConfig } from '../config.ts';
import type { EngineOptions } from './engine.ts';

/** Enough for one machine; a long activity must not keep the others waiting. */
const defaultConcurrency = 10;

/**
 * The section `durableTask` of host.json. What says where Azure keeps histories, and what it reports, means nothing here.
 * https://learn.microsoft.com/azure/azure-functions/durable/durable-functions-bindings#host-json
 * @throws AdpError CONFIG_ERROR
 */
export function readDurableOptions(section: unknown): EngineOptions {
  const limits = ['maxConcurrentActivityFunctions', 'maxConcurrentOrchestratorFunctions'];
  const config = readConfig(section, 'host.json, "durableTask"', [...limits, 'hubName', 'storageProvider', 'tracing']);
  return {
    maxActivities: config.integer('maxConcurrentActivityFunctions', 1) ?? defaultConcurrency,
    maxTurns: config.integer('maxConcurrentOrchestratorFunctions', 1) ?? defaultConcurrency,
  };
}
