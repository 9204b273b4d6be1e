import type { Json, JsonObject } from './configuration.ts';
import { isObject } from './parseFile.ts';

/**
 * The paths in which what the hub holds differs from what is wanted, such as `entities.part.mapping.uom`.
 *
 * @param held as GET answers it, which is as it was put
 */
export function differences(wanted: JsonObject, held: JsonObject): string[] {
  return compare(wanted, held, '');
}

function compare(wanted: Json | undefined, held: Json | undefined, path: string): string[] {
  if (isObject(wanted) && isObject(held)) {
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(held)])].sort();
    return names.flatMap((name) => compare(own(wanted, name), own(held, name), path === '' ? name : `${path}.${name}`));
  }
  if (Array.isArray(wanted) && Array.isArray(held) && wanted.length === held.length) {
    return wanted.flatMap((item, index) => compare(item, held[index], `${path}[${index}]`));
  }
  return wanted === held ? [] : [path];
}

function own(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
