import type { Json, JsonObject } from './json.ts';
import { isArray, isObject } from './json.ts';
import { Refusal, unsupported } from './refusal.ts';

/** https://learn.microsoft.com/azure/cosmos-db/partial-document-update-faq */
const maximumOperations = 10;

/** A document while it is being patched. */
type Draft = { [name: string]: Json } | Json[];

/**
 * Applies `set`, `add`, `remove`, `replace` and `incr` to a copy of a document.
 * https://learn.microsoft.com/azure/cosmos-db/partial-document-update
 * @param fixed paths that can't be patched: the id and the partition key
 * @throws Refusal 400 that names the operation
 */
export function applyPatch(document: JsonObject, operations: Json | undefined, fixed: readonly string[]): JsonObject {
  if (!isArray(operations) || operations.length === 0 || operations.length > maximumOperations) {
    throw new Refusal(400, `A patch needs 1 to ${maximumOperations} operations.`);
  }
  const draft = structuredClone(document);
  for (const operation of operations) applyOne(draft, operation, fixed);
  return draft;
}

function applyOne(document: JsonObject, operation: Json, fixed: readonly string[]): void {
  if (!isObject(operation) || typeof operation.path !== 'string' || typeof operation.op !== 'string') {
    throw new Refusal(400, 'A patch operation needs op and path.');
  }
  const { op, path, value } = operation;
  if (fixed.includes(path)) throw new Refusal(400, `Can't patch '${path}'.`);
  const steps = path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const name = steps.pop();
  if (name === undefined || steps.includes('__proto__') || name === '__proto__') {
    throw new Refusal(400, `Can't patch '${path}'.`);
  }
  const parent = parentAt(document, steps, path);
  const old = childOf(parent, name);
  switch (op) {
    case 'set':
    case 'add':
      put(parent, name, required(value, op, path), op === 'add');
      break;
    case 'replace':
      if (old === undefined) throw new Refusal(400, `Nothing to replace at '${path}'.`);
      put(parent, name, required(value, op, path), false);
      break;
    case 'remove':
      if (old === undefined) throw new Refusal(400, `Nothing to remove at '${path}'.`);
      if (Array.isArray(parent)) parent.splice(Number(name), 1);
      else delete parent[name];
      break;
    case 'incr':
      if (typeof value !== 'number' || (old !== undefined && typeof old !== 'number')) {
        throw new Refusal(400, `Can't increment '${path}': not a number.`);
      }
      put(parent, name, (old ?? 0) + value, false);
      break;
    default:
      throw unsupported(`patch operation '${op}'`);
  }
}

function parentAt(document: JsonObject, steps: readonly string[], path: string): Draft {
  let parent: Json | undefined = document;
  for (const step of steps) parent = isDraft(parent) ? childOf(parent, step) : undefined;
  if (!isDraft(parent)) throw new Refusal(400, `Nothing to patch above '${path}'.`);
  return parent;
}

// A structured clone is ours to change, whatever its type says about readers.
function isDraft(value: Json | undefined): value is Draft {
  return typeof value === 'object' && value !== null;
}

function childOf(parent: Draft, name: string): Json | undefined {
  if (Array.isArray(parent)) return parent[Number(name)];
  return Object.hasOwn(parent, name) ? parent[name] : undefined;
}

function put(parent: Draft, name: string, value: Json, insert: boolean): void {
  if (!Array.isArray(parent)) {
    parent[name] = value;
    return;
  }
  const index = name === '-' ? parent.length : Number(name);
  if (!Number.isInteger(index) || index < 0 || index > parent.length) throw new Refusal(400, `No index '${name}'.`);
  parent.splice(index, insert ? 0 : 1, value);
}

function required(value: Json | undefined, op: string, path: string): Json {
  if (value === undefined) throw new Refusal(400, `'${op}' of '${path}' needs a value.`);
  return value;
}
