import type { Json, JsonObject, Step } from './json.ts';
import { isArray, isObject, parseJson, valueAt } from './json.ts';
import { Refusal } from './refusal.ts';

/** The most levels that a hierarchical key can have. A simple key has one. */
export const maximumLevels = 3;

/**
 * A partition key, or a prefix of one, as it is stored and compared: each level as JSON text, so that `1` and `"1"`
 * differ and `"a"` is no part of `"ab"`. A level without a value is ''.
 */
export type PartitionKey = readonly string[];

/** Steps of a path in a definition: `/a/b` or `/"a b"/c`. */
export function stepsOf(path: string): string[] {
  if (!path.startsWith('/')) throw new Refusal(400, `A path must begin with a slash: ${path}`);
  return path
    .slice(1)
    .split('/')
    .map((step) => step.replace(/^"(.*)"$/, '$1'));
}

/** The key that a document's own values give. Throws a 400 where one of them isn't a scalar. */
export function keyOfDocument(document: JsonObject, paths: readonly (readonly Step[])[]): PartitionKey {
  return paths.map((path) => encodeLevel(valueAt(document, path)));
}

/** Reads a key from `x-ms-documentdb-partitionkey` or an operation's `partitionKey`: a JSON array. Throws a 400. */
export function keyOfText(text: string): PartitionKey {
  let values: Json;
  try {
    values = parseJson(text);
  } catch {
    throw new Refusal(400, `Partition key is not valid JSON: ${text}`);
  }
  if (!isArray(values)) throw new Refusal(400, `Partition key must be a JSON array: ${text}`);
  // The SDK writes `{}` for "no value".
  return values.map((value) => encodeLevel(isObject(value) && Object.keys(value).length === 0 ? undefined : value));
}

export function sameKey(a: PartitionKey, b: PartitionKey): boolean {
  return a.length === b.length && a.every((level, i) => level === b[i]);
}

/** One level as stored. */
export function encodeLevel(value: Json | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'object' && value !== null) throw new Refusal(400, 'A partition key value must be a scalar.');
  return JSON.stringify(value);
}
