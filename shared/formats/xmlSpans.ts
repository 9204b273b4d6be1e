// Where the parts of XML end, by their brackets and quotes alone. Whether they are well-formed is a parser's to say: of
// text that is not, any end may come out. -1: the text ends before.

export const openBracket = 0x3c;
const closeBracket = 0x3e;
const slash = 0x2f;
const bang = 0x21;
const question = 0x3f;
const quote = 0x22;
const apostrophe = 0x27;
const colon = 0x3a;

export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Whether the bracket at `at` begins a start tag. */
export function startsElement(text: Uint8Array, at: number): boolean {
  const next = text[at + 1];
  return next !== undefined && next !== slash && next !== bang && next !== question;
}

/** The name in the start tag at `at`, without its prefix; undefined where it may go on behind the text. */
export function localName(text: Buffer, at: number): string | undefined {
  let start = at + 1;
  for (let end = start; end < text.length; end += 1) {
    const byte = text[end] ?? 0;
    if (byte === colon) {
      start = end + 1;
    } else if (isSpace(byte) || byte === slash || byte === closeBracket) {
      return text.toString('utf8', start, end);
    }
  }
  return undefined;
}

/** Where the tag, comment, instruction or text that begins at `at` ends. */
export function constructEnd(text: Buffer, at: number): number {
  if (text[at] !== openBracket) return text.indexOf(openBracket, at);
  const next = text[at + 1];
  if (next === bang) return declarationEnd(text, at);
  if (next === question) return after(text, '?>', at + 2);
  return next === undefined ? -1 : tagEnd(text, at);
}

/** Where the element ends whose start tag begins at `at`. */
export function elementEnd(text: Buffer, start: number): number {
  const length = text.length;
  let depth = 0;
  let at = start;
  for (;;) {
    const next = text[at + 1];
    let end: number;
    if (next === bang) {
      end = declarationEnd(text, at);
    } else if (next === question) {
      end = after(text, '?>', at + 2);
    } else {
      end = tagEnd(text, at);
      if (end < 0) return -1;
      if (next === slash) depth -= 1;
      else if (text[end - 2] !== slash) depth += 1;
      if (depth <= 0) return end;
    }
    if (end < 0) return -1;
    while (end < length && text[end] !== openBracket) end += 1;
    if (end >= length) return -1;
    at = end;
  }
}

/** A bracket within quotes does not end a tag. */
function tagEnd(text: Uint8Array, start: number): number {
  const length = text.length;
  for (let at = start + 1; at < length; at += 1) {
    const byte = text[at];
    if (byte === closeBracket) return at + 1;
    if (byte === quote || byte === apostrophe) {
      at += 1;
      while (at < length && text[at] !== byte) at += 1;
    }
  }
  return -1;
}

/** Comments and CDATA have ends of their own; a DOCTYPE is refused by the parser, wherever it ends. */
function declarationEnd(text: Buffer, at: number): number {
  if (isAt(text, at, '<!--')) return after(text, '-->', at + 4);
  if (isAt(text, at, '<![CDATA[')) return after(text, ']]>', at + 9);
  return text.length - at < 9 ? -1 : after(text, '>', at + 2);
}

function isAt(text: Buffer, at: number, mark: string): boolean {
  return text.length >= at + mark.length && text.toString('latin1', at, at + mark.length) === mark;
}

function after(text: Buffer, mark: string, from: number): number {
  const at = text.indexOf(mark, from, 'latin1');
  return at < 0 ? -1 : at + mark.length;
}
