import type { Json, JsonObject } from './json.ts';
import { isArray, isObject } from './json.ts';
import { maximumLevels, stepsOf } from './partitionKeys.ts';
import { Refusal, unsupported } from './refusal.ts';

/** A container's definition, read once. */
export interface Definition {
  /** As the client sent it, with defaults filled in. */
  readonly resource: JsonObject;
  /** Steps of each level of the partition key. */
  readonly keyPaths: readonly (readonly string[])[];
  /** Seconds; -1: items live on unless they say otherwise; undefined: no item ever expires. */
  readonly defaultTtl: number | undefined;
  readonly compositeIndexes: readonly CompositeIndex[];
  /** Whether a path is indexed, so that a query may be ordered by it. */
  readonly isIndexed: (path: readonly string[]) => boolean;
}

export type CompositeIndex = readonly { readonly path: readonly string[]; readonly descending: boolean }[];

const known = new Set(['id', 'partitionKey', 'defaultTtl', 'indexingPolicy', 'conflictResolutionPolicy']);

/** Checks and reads a definition. Throws a 400 that names what is wrong or can't be done here. */
export function readDefinition(resource: Json): Definition {
  if (!isObject(resource)) throw new Refusal(400, 'A container definition must be an object.');
  for (const name of Object.keys(resource)) if (!known.has(name)) throw unsupported(`container property '${name}'`);
  const partitionKey = readPartitionKey(resource.partitionKey);
  const indexingPolicy = resource.indexingPolicy ?? everythingIndexed;
  if (!isObject(indexingPolicy)) throw new Refusal(400, 'indexingPolicy must be an object.');
  return {
    resource: { ...resource, partitionKey, indexingPolicy },
    keyPaths: texts(partitionKey.paths).map(stepsOf),
    defaultTtl: readTtl(resource.defaultTtl, 'defaultTtl'),
    compositeIndexes: list(indexingPolicy.compositeIndexes).map(readCompositeIndex),
    isIndexed: pathFilter(indexingPolicy),
  };
}

/** A time to live in seconds: a positive integer or -1. Throws a 400. */
export function readTtl(value: Json | undefined, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && (value > 0 || value === -1)) return value;
  throw new Refusal(400, `'${name}' must be -1 or a positive number of seconds.`);
}

const everythingIndexed: JsonObject = {
  indexingMode: 'consistent',
  automatic: true,
  includedPaths: [{ path: '/*' }],
  excludedPaths: [{ path: '/"_etag"/?' }],
};

function readPartitionKey(value: Json | undefined): JsonObject {
  if (!isObject(value)) throw new Refusal(400, 'A container needs a partitionKey.');
  const paths = texts(value.paths);
  const kind = value.kind ?? (paths.length > 1 ? 'MultiHash' : 'Hash');
  if (kind !== 'Hash' && kind !== 'MultiHash') throw unsupported(`partition key kind '${JSON.stringify(kind)}'`);
  if (paths.length === 0 || paths.length > (kind === 'Hash' ? 1 : maximumLevels)) {
    throw new Refusal(400, `A ${kind} partition key can't have ${paths.length} paths.`);
  }
  if (kind === 'MultiHash' && (value.version ?? 2) !== 2) throw new Refusal(400, 'MultiHash needs version 2.');
  return { ...value, paths, kind, version: value.version ?? 2 };
}

function readCompositeIndex(value: Json): CompositeIndex {
  return list(value).map((part) => {
    if (!isObject(part) || typeof part.path !== 'string') throw new Refusal(400, 'A composite index needs paths.');
    return { path: stepsOf(part.path), descending: part.order === 'descending' };
  });
}

/**
 * Included and excluded paths: the longest pattern that fits decides.
 * https://learn.microsoft.com/azure/cosmos-db/index-policy#include-exclude-paths
 */
function pathFilter(policy: JsonObject): (path: readonly string[]) => boolean {
  const patterns = [
    ...list(policy.includedPaths).map((item) => ({ ...readPattern(item), included: true })),
    ...list(policy.excludedPaths).map((item) => ({ ...readPattern(item), included: false })),
  ].sort((a, b) => b.steps.length - a.steps.length);
  return (path) => {
    const decisive = patterns.find(
      ({ steps, open }) =>
        (open ? path.length >= steps.length : path.length === steps.length) &&
        steps.every((step, i) => step === path[i]),
    );
    return decisive?.included ?? false;
  };
}

/** `/a/b/?` is that path alone, `/a/b/*` it and all below. */
function readPattern(value: Json): { steps: readonly string[]; open: boolean } {
  if (!isObject(value) || typeof value.path !== 'string') throw new Refusal(400, 'An indexing path must be text.');
  const steps = stepsOf(value.path);
  const last = steps.at(-1);
  if (last !== '*' && last !== '?') throw new Refusal(400, `An indexing path must end in /? or /*: ${value.path}`);
  return { steps: steps.slice(0, -1), open: last === '*' };
}

function list(value: Json | undefined): readonly Json[] {
  return isArray(value) ? value : [];
}

function texts(value: Json | undefined): string[] {
  return list(value).map((item) => {
    if (typeof item !== 'string') throw new Refusal(400, 'Partition key paths must be text.');
    return item;
  });
}
