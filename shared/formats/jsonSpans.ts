// Where the parts of JSON end, by its brackets and quotes alone. Whether they are JSON is a parser's to say: of text that
// is none, any end may come out.

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const closeArray = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

export function skipSpace(utf8: Uint8Array, start: number): number {
  let at = start;
  while (at < utf8.length && isSpace(utf8[at] ?? 0)) {
    at += 1;
  }
  return at;
}

/** Behind the quote that ends the string at `start`, or -1 where the text ends before. */
export function stringEnd(utf8: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < utf8.length) {
    if (utf8[at] === quote) {
      return at + 1;
    }
    at += utf8[at] === backslash ? 2 : 1;
  }
  return -1;
}

/** Behind the value that begins at `start`; `start` itself where none can, -1 where it may go on behind the text. */
export function valueEnd(utf8: Uint8Array, start: number): number {
  const first = utf8[start];
  if (first === undefined) {
    return -1;
  }
  if (isOpening(first)) {
    return nestedEnd(utf8, start);
  }
  return first === quote ? stringEnd(utf8, start) : scalarEnd(utf8, start);
}

/** Of an object or array. */
function nestedEnd(utf8: Uint8Array, start: number): number {
  const length = utf8.length;
  let depth = 0;
  for (let at = start; at < length; at += 1) {
    const byte = utf8[at] ?? 0;
    if (byte === quote) {
      // Most of a file is within strings: one call for each of them would be felt.
      for (at += 1; at < length && utf8[at] !== quote; at += 1) {
        if (utf8[at] === backslash) {
          at += 1;
        }
      }
    } else if (isOpening(byte)) {
      depth += 1;
    } else if (isClosing(byte)) {
      depth -= 1;
      if (depth === 0) {
        return at + 1;
      }
    }
  }
  return -1;
}

function scalarEnd(utf8: Uint8Array, start: number): number {
  for (let at = start; at < utf8.length; at += 1) {
    const byte = utf8[at] ?? 0;
    if (isSpace(byte) || byte === comma || byte === colon || byte === closeArray || byte === closeObject) {
      return at;
    }
  }
  return -1;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

// `[` and `{`, `]` and `}` differ in this bit alone; no other byte of JSON outside strings becomes one of them by it.
const bracketBit = 0x20;

function isOpening(byte: number): boolean {
  return (byte | bracketBit) === openObject;
}

function isClosing(byte: number): boolean {
  return (byte | bracketBit) === closeObject;
}
