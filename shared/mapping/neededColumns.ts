import { compilePath } from './path.ts';
import type { EntityMapping, FieldMapping } from './schema.ts';

/** Columns of which at least one must be there. */
export type Alternatives = readonly string[];

/**
 * The columns without which a mapping can't mean what it meant: each that a rule reads, the choices of a `coalesce` as
 * alternatives. A rule with a default, or with a constant to fall back on, can do without.
 */
export function neededColumns(mapping: EntityMapping, modified?: FieldMapping): Alternatives[] {
  return [...Object.values(mapping), ...(modified === undefined ? [] : [modified])].flatMap(needsOf);
}

/** The first of the needs that the columns of a file don't meet. */
export function missingColumn(needed: readonly Alternatives[], columns: readonly string[]): Alternatives | undefined {
  const there = new Set(columns);
  return needed.find((alternatives) => !alternatives.some((column) => there.has(column)));
}

function needsOf(rule: FieldMapping): Alternatives[] {
  if (typeof rule === 'string') return [compilePath(rule).roots];
  if (rule.default !== undefined || rule.const !== undefined) return [];
  if (rule.coalesce === undefined) return [rule.from ?? []].flat().map((path) => compilePath(path).roots);
  const choices = rule.coalesce.map((choice) => needsOf(choice));
  return choices.some((needs) => needs.length === 0) ? [] : [choices.flat(2)];
}
