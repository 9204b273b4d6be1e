import type { Done, Operation } from './documents.ts';
import type { Json } from './json.ts';
import { isArray, isObject } from './json.ts';
import type { PartitionKey } from './partitionKeys.ts';
import { keyOfText } from './partitionKeys.ts';
import { Refusal } from './refusal.ts';

/** https://learn.microsoft.com/azure/cosmos-db/concepts-limits#per-request-limits */
const maximumOperations = 100;

const types = ['Create', 'Read', 'Upsert', 'Replace', 'Delete', 'Patch'] as const;

/** One operation's part of the answer, as JSON text. */
type Result = string;

export interface Results {
  readonly results: readonly Result[];
  readonly charge: number;
  readonly allDone: boolean;
}

/**
 * The operations of a bulk or batch request.
 * @param key of the whole batch, where the operations have none of their own
 * @throws Refusal 400
 */
export function readOperations(body: Json, key: PartitionKey | undefined): Operation[] {
  if (!isArray(body) || body.length === 0 || body.length > maximumOperations) {
    throw new Refusal(400, `A batch needs 1 to ${maximumOperations} operations.`);
  }
  return body.map((item) => {
    if (!isObject(item)) throw new Refusal(400, 'An operation must be an object.');
    const type = types.find((name) => name === item.operationType);
    if (type === undefined) throw new Refusal(400, `Unknown operation '${JSON.stringify(item.operationType)}'.`);
    const ownKey = textOf(item, 'partitionKey');
    return {
      type,
      id: textOf(item, 'id'),
      key: ownKey === undefined ? key : keyOfText(ownKey),
      body: item.resourceBody,
      ifMatch: textOf(item, 'ifMatch'),
      ifNoneMatch: textOf(item, 'ifNoneMatch'),
    };
  });
}

/** Bulk: each operation succeeds or fails for itself. Must run inside a transaction. */
export function performEach(
  operations: readonly Operation[],
  perform: (operation: Operation) => Done,
  withBodies: boolean,
): Results {
  const results: Result[] = [];
  let charge = 0;
  let allDone = true;
  for (const operation of operations) {
    try {
      const done = perform(operation);
      charge += done.charge;
      results.push(resultOf(done, withBodies || operation.type === 'Read'));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      allDone = false;
      results.push(failure(error));
    }
  }
  return { results, charge, allDone };
}

/** Thrown out of a transactional batch, so that nothing of it is kept. */
export class BatchFailed extends Error {
  override readonly name = 'BatchFailed';
  readonly results: Results;

  constructor(results: Results) {
    super('The batch was undone.');
    this.results = results;
  }
}

/** Transactional batch: all or nothing. Must run inside a transaction. Throws BatchFailed. */
export function performTogether(
  operations: readonly Operation[],
  perform: (operation: Operation) => Done,
  withBodies: boolean,
): Results {
  for (const { key } of operations) {
    if (JSON.stringify(key) !== JSON.stringify(operations[0]?.key)) {
      throw new Refusal(400, 'All operations of a batch must have the same partition key.');
    }
  }
  const results: Result[] = [];
  let charge = 0;
  for (const [i, operation] of operations.entries()) {
    try {
      const done = perform(operation);
      charge += done.charge;
      results.push(resultOf(done, withBodies || operation.type === 'Read'));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const dependent = failure(new Refusal(424, 'Another operation of the batch failed.'));
      const all = operations.map((_, j) => (j === i ? failure(error) : dependent));
      throw new BatchFailed({ results: all, charge, allDone: false });
    }
  }
  return { results, charge, allDone: true };
}

function resultOf({ status, charge, etag, body }: Done, withBody: boolean): Result {
  const eTag = etag === undefined ? '' : `,"eTag":${JSON.stringify(etag)}`;
  const resourceBody = body === undefined || !withBody ? '' : `,"resourceBody":${body}`;
  return `{"statusCode":${status},"requestCharge":${charge.toFixed(2)}${eTag}${resourceBody}}`;
}

function failure({ status, substatus, retryAfterMs, message }: Refusal): Result {
  return JSON.stringify({
    statusCode: status,
    subStatusCode: substatus,
    requestCharge: status === 429 || status === 424 ? 0 : 1,
    retryAfterMilliseconds: retryAfterMs,
    message,
  });
}

function textOf(item: { readonly [name: string]: Json }, name: string): string | undefined {
  const value = item[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new Refusal(400, `'${name}' of an operation must be text.`);
  return value;
}
