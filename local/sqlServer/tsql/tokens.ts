import { syntaxError } from '../sqlError.ts';

export interface Token {
  /** `system`: `@@version`. `name`: in brackets or double quotes. */
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'bytes' | 'parameter' | 'system' | 'symbol';
  /** Words as they were written; names and texts without quotes, parameters without `@`. */
  readonly text: string;
}

const patterns: readonly (readonly [Token['kind'] | 'space', RegExp])[] = [
  ['space', /\s+|--[^\n]*|\/\*[\s\S]*?\*\//y],
  ['text', /N?'((?:[^']|'')*)'/iy],
  ['name', /\[((?:[^\]]|\]\])*)\]/y],
  ['name', /"((?:[^"]|"")*)"/y],
  ['bytes', /0x([0-9a-f]*)/iy],
  ['number', /((?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)/iy],
  ['system', /@@(\w+)/y],
  ['parameter', /@(\w+)/y],
  ['word', /([\p{L}_#][\p{L}\p{N}_$#]*)/uy],
  ['symbol', /(<>|<=|>=|!=|[-+*/%=<>(),.;&|^~])/y],
];

/** @throws SqlError 102 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    const [kind, found] = match(sql, at);
    at += found[0].length;
    if (kind !== 'space') tokens.push({ kind, text: unquote(kind, found) });
  }
  return tokens;
}

function match(sql: string, at: number): readonly [Token['kind'] | 'space', RegExpExecArray] {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const found = pattern.exec(sql);
    if (found) return [kind, found];
  }
  throw syntaxError(sql.slice(at, at + 20));
}

function unquote(kind: Token['kind'] | 'space', [whole, inner = '']: RegExpExecArray): string {
  if (kind === 'text') return inner.replaceAll("''", "'");
  if (kind !== 'name') return inner;
  return whole.startsWith('[') ? inner.replaceAll(']]', ']') : inner.replaceAll('""', '"');
}

/** Whether a token is this keyword or symbol (in capitals). */
export function is(token: Token | undefined, ...texts: readonly string[]): boolean {
  if (token === undefined || (token.kind !== 'word' && token.kind !== 'symbol')) return false;
  return texts.includes(token.text.toUpperCase());
}
