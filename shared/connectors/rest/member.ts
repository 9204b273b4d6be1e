import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';

/**
 * What stands at a path such as `a.b[0].c`, own members only; undefined where there is nothing. A member whose whole name
 * is the path's text wins. XML can't tell a list of one from a single element: its first is itself.
 */
export function valueAt(root: unknown, path: string): unknown {
  if (isObject(root) && Object.hasOwn(root, path)) return root[path];
  const steps = path.match(/\[\d+\]|[^.[\]]+/g) ?? [];
  return steps.reduce<unknown>((value, step) => {
    if (typeof value !== 'object' || value === null) return undefined;
    if (!Array.isArray(value)) return step === '[0]' ? value : Object.getOwnPropertyDescriptor(value, step)?.value;
    return step.startsWith('[') ? value[Number(step.slice(1, -1))] : undefined;
  }, root);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Readers of settings that were checked by their schema: what is of another type counts as absent. */
export function textOf(settings: JsonObject, name: string): string | undefined {
  const value = own(settings, name);
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(settings: JsonObject, name: string): number | undefined {
  const value = own(settings, name);
  return typeof value === 'number' ? value : undefined;
}

export function flagOf(settings: JsonObject, name: string): boolean {
  return own(settings, name) === true;
}

export function objectOf(settings: JsonObject, name: string): JsonObject | undefined {
  const value = own(settings, name);
  return isJsonObject(value) ? value : undefined;
}

/** A member's own members as texts, by name. */
export function textsOf(settings: JsonObject, name: string): ReadonlyMap<string, string> {
  const members = Object.entries(objectOf(settings, name) ?? {});
  return new Map(members.filter(([, value]) => typeof value !== 'object').map(([key, value]) => [key, String(value)]));
}

function own(settings: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(settings, name) ? settings[name] : undefined;
}
