import { setOwn } from '../model/json.ts';
import { keepLiteral, numberOf } from '../model/literal.ts';
import { isJsonObject } from './jsonObject.ts';

// A control character can only be in JSON text as an escape: where this escape is not, no string holds the mark.
const mark = '\u0001';
const escapedMark = '\\u0001';
const before = Buffer.from(`["${escapedMark}","`);
const after = Buffer.from('"]');
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * `JSON.parse` that keeps the text of the numbers at `places` (start and end of each, in bytes). These are put into
 * the text as `["\u0001","10.50"]` and taken out of the parsed value again: many times faster than a reviver with
 * source text, which is called for every value. An array, because a string could stand where a key must.
 *
 * @throws SyntaxError where the text, as it was, is no JSON
 */
export function parseWithLiterals(utf8: Buffer, start: number, end: number, places: readonly number[]): unknown {
  const segment = utf8.subarray(start, end);
  if (segment.includes(escapedMark)) {
    return JSON.parse(segment.toString(), keepLiteral);
  }
  const marked = Buffer.allocUnsafe(end - start + (places.length / 2) * (before.length + after.length));
  let read = start;
  let written = 0;
  for (let index = 0; index + 1 < places.length; index += 2) {
    const from = places[index] ?? end;
    const to = places[index + 1] ?? end;
    // What is no number must not become a string, which would be JSON; the text is broken, and the parser says so.
    if (!number.test(utf8.toString('latin1', from, to))) {
      return JSON.parse(segment.toString());
    }
    written += utf8.copy(marked, written, read, from);
    written += before.copy(marked, written);
    written += utf8.copy(marked, written, from, to);
    written += after.copy(marked, written);
    read = to;
  }
  written += utf8.copy(marked, written, read, end);
  return unmarked(JSON.parse(marked.toString('utf8', 0, written)));
}

/** Recursion is bounded: the text was surveyed for its depth. */
function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value[0] === mark ? numberOf(`${value[1]}`) : value.map(unmarked);
  }
  if (isJsonObject(value)) {
    for (const name in value) {
      const field = value[name];
      if (typeof field === 'object' && field !== null) {
        setOwn(value, name, unmarked(field));
      }
    }
  }
  return value;
}
