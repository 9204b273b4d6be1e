import type { EntityMapping, FieldMapping } from './schema.ts';

/** A dealer's own fields over a pack's; null takes a field of the pack away. */
export type MappingOverrides = Readonly<Record<string, FieldMapping | null>>;

/** A pack's mapping with a dealer's overrides on top, field by field: an override replaces a field's whole rule. */
export function extendMapping(pack: EntityMapping, overrides: MappingOverrides): EntityMapping {
  const merged = new Map<string, FieldMapping>(Object.entries(pack));
  for (const [field, rule] of Object.entries(overrides)) {
    if (rule === null) merged.delete(field);
    else merged.set(field, rule);
  }
  return Object.fromEntries(merged);
}
