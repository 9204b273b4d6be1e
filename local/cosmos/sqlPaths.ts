import type { Step } from './json.ts';
import { rank } from './json.ts';

/**
 * How SQL sees the value at a document's path. `type` is its rank as in json.ts, undefined where it is always a string;
 * `value` is the scalar itself. Sorting by both sorts as Cosmos DB does, and both together tell 1, true and "1" apart.
 */
export interface SqlPath {
  readonly type: string | undefined;
  readonly value: string;
}

/** Whether a path is that of a document's id, which is always text and has a column of its own. */
export function isId(path: readonly Step[]): boolean {
  return path.length === 1 && path[0] === 'id';
}

/** Undefined where SQLite has no way to write the path. */
export function sqlPathOf(path: readonly Step[]): SqlPath | undefined {
  if (isId(path)) return { type: undefined, value: 'id' };
  if (path.some((step) => typeof step === 'string' && needsEscapes(step))) return undefined;
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `."${step}"`));
  const literal = `'$${steps.join('').replaceAll("'", "''")}'`;
  return { type: typeSql(literal), value: `json_extract(body, ${literal})` };
}

// SQLite compares names as they are written in the text, escapes included.
function needsEscapes(name: string): boolean {
  return JSON.stringify(name) !== `"${name}"`;
}

function typeSql(literal: string): string {
  return (
    `CASE json_type(body, ${literal}) WHEN 'null' THEN ${rank.null} WHEN 'false' THEN ${rank.false}` +
    ` WHEN 'true' THEN ${rank.true} WHEN 'integer' THEN ${rank.number} WHEN 'real' THEN ${rank.number}` +
    ` WHEN 'text' THEN ${rank.string} WHEN 'array' THEN ${rank.array} WHEN 'object' THEN ${rank.object}` +
    ` ELSE ${rank.undefined} END`
  );
}
