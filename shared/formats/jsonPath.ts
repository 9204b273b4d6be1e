import { skipSpace, stringEnd } from './jsonSpans.ts';

/**
 * Where the array begins that names lead to from the root of JSON text, as far as the text goes; the array of no names
 * is the root itself. The first way that fits is taken; text that is no JSON may lead anywhere.
 *
 * @returns the place of its bracket, or -1
 */
export function findArray(utf8: Buffer, path: readonly string[]): number {
  let at = skipSpace(utf8, 0);
  if (path.length === 0) {
    return utf8[at] === openArray ? at : -1;
  }
  if (utf8[at] !== openObject) {
    return -1;
  }
  at += 1;
  // Of the open objects and arrays, the outer ones that are on the path; all of these are objects.
  let matched = 1;
  let depth = 1;
  let expectsName = true;
  let isNext = false;
  for (at = skipSpace(utf8, at); at < utf8.length; at = skipSpace(utf8, at)) {
    const byte = utf8[at];
    const isOnPath = depth === matched;
    if (byte === quote) {
      const end = stringEnd(utf8, at);
      if (end < 0) {
        return -1;
      }
      isNext = isOnPath && expectsName && nameOf(utf8, at, end) === path[matched - 1];
      expectsName = false;
      at = end;
      continue;
    }
    if (byte === openArray && isOnPath && isNext && matched === path.length) {
      return at;
    }
    if (byte === openObject || byte === openArray) {
      if (byte === openObject && isOnPath && isNext && matched < path.length) {
        matched += 1;
        expectsName = true;
      }
      depth += 1;
      isNext = false;
    } else if (byte === closeObject || byte === closeArray) {
      depth -= 1;
      matched = Math.min(matched, depth);
    } else if (byte === comma && isOnPath) {
      expectsName = true;
      isNext = false;
    }
    at += 1;
  }
  return -1;
}

const quote = 0x22;
const comma = 0x2c;
const openArray = 0x5b;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

function nameOf(utf8: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(utf8.toString('utf8', start, end));
  } catch {
    // No JSON: whoever parses the whole text says so.
    return undefined;
  }
}
