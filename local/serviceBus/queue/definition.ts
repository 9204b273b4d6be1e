import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import type { FromSchema } from 'json-schema-to-ts';
import { AdpError } from '../../../shared/errors.ts';
import { millisecondsOf } from './duration.ts';

/** A queue as infra/queues.json defines it, in milliseconds. */
export interface QueueDefinition {
  readonly name: string;
  readonly lockDuration: number;
  /** Failed deliveries after which a message is dead-lettered. */
  readonly maxDeliveryCount: number;
  /** How long a message id is remembered; undefined: no duplicate detection. */
  readonly duplicateWindow: number | undefined;
  /** Undefined: messages never expire. */
  readonly timeToLive: number | undefined;
}

/**
 * The names and values of ARM's queue resource; what this broker doesn't do (sessions, forwarding, …) is not in the
 * list, and therefore refused.
 * Source: learn.microsoft.com/azure/templates/microsoft.servicebus/namespaces/queues
 */
const schema = {
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'properties'],
    properties: {
      name: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,259}$' },
      properties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          lockDuration: { type: 'string' },
          maxDeliveryCount: { type: 'integer', minimum: 1 },
          requiresDuplicateDetection: { type: 'boolean' },
          duplicateDetectionHistoryTimeWindow: { type: 'string' },
          defaultMessageTimeToLive: { type: 'string' },
        },
      },
    },
  },
} as const;

type QueuesFile = FromSchema<typeof schema>;

/** Service Bus's own defaults and limits. */
const usual = { lockDuration: 'PT1M', maxDeliveryCount: 10, duplicateWindow: 'PT10M' };
const longestLock = millisecondsOf('PT5M');
const longestDuplicateWindow = millisecondsOf('P7D');
/** .NET's longest time span, in which ARM says "unlimited". */
const unlimited = millisecondsOf('P10675199DT2H48M5.4775807S');

/** @throws AdpError CONFIG_ERROR if the file can't be read or defines a queue that can't be had */
export async function readQueueDefinitions(path: string): Promise<QueueDefinition[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new AdpError('CONFIG_ERROR', `The queue definitions ${path} can't be read.`, { cause });
  });
  return parseQueueDefinitions(text, path);
}

/** @param path for messages only */
export function parseQueueDefinitions(text: string, path: string): QueueDefinition[] {
  const refuse = (reason: string, cause?: unknown): AdpError =>
    new AdpError('CONFIG_ERROR', `${path}: ${reason}`, { cause });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw refuse('this is not JSON.', cause);
  }
  const ajv = new Ajv();
  const validate = ajv.compile<QueuesFile>(schema);
  if (!validate(parsed)) {
    const [error] = validate.errors ?? [];
    const property: unknown = error?.params.additionalProperty;
    throw refuse(
      typeof property === 'string'
        ? `${error?.instancePath}/${property} is not supported by the local Service Bus broker.`
        : `${error?.instancePath} ${error?.message}.`,
    );
  }
  const definitions = parsed.map(({ name, properties }) => ({ name: name.toLowerCase(), ...toDefinition(properties) }));
  const names = new Set(definitions.map((definition) => definition.name));
  if (names.size < definitions.length) throw refuse('two queues have the same name.');
  for (const { name, lockDuration, duplicateWindow } of definitions) {
    if (lockDuration > longestLock) throw refuse(`${name}: a lock lasts five minutes at most (lockDuration).`);
    if (duplicateWindow !== undefined && duplicateWindow > longestDuplicateWindow) {
      throw refuse(`${name}: ids are remembered for seven days at most (duplicateDetectionHistoryTimeWindow).`);
    }
  }
  return definitions;
}

function toDefinition(properties: QueuesFile[number]['properties']): Omit<QueueDefinition, 'name'> {
  const timeToLive = properties.defaultMessageTimeToLive && millisecondsOf(properties.defaultMessageTimeToLive);
  return {
    lockDuration: millisecondsOf(properties.lockDuration ?? usual.lockDuration),
    maxDeliveryCount: properties.maxDeliveryCount ?? usual.maxDeliveryCount,
    duplicateWindow: properties.requiresDuplicateDetection
      ? millisecondsOf(properties.duplicateDetectionHistoryTimeWindow ?? usual.duplicateWindow)
      : undefined,
    timeToLive: typeof timeToLive === 'number' && timeToLive < unlimited ? timeToLive : undefined,
  };
}
