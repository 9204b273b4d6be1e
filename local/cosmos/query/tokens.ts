import { Refusal } from '../refusal.ts';

/** A word is a name or a keyword; which of them, only the place tells. */
export interface Token {
  readonly kind: 'word' | 'number' | 'text' | 'parameter' | 'symbol' | 'end';
  /** As it stands in the query; of a text, its value. */
  readonly text: string;
}

const pattern =
  /\s+|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<parameter>@\w+)|(?<word>[A-Za-z_]\w*)|(?<symbol><=|>=|!=|<>|[=<>()[\],.*-])/gy;

const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Throws a 400 that shows the place. */
export function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < query.length) {
    pattern.lastIndex = position;
    const match = pattern.exec(query);
    if (match?.groups === undefined) throw syntaxError(query.slice(position, position + 20));
    position = pattern.lastIndex;
    const { number, text, parameter, word, symbol } = match.groups;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (text !== undefined) tokens.push({ kind: 'text', text: withoutEscapes(text.slice(1, -1)) });
    else if (parameter !== undefined) tokens.push({ kind: 'parameter', text: parameter });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol });
  }
  return tokens;
}

export function syntaxError(near: string): Refusal {
  return new Refusal(
    400,
    `Syntax error in the query, or syntax that the local Cosmos DB doesn't support, near '${near}'.`,
  );
}

function withoutEscapes(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code: string | undefined, one: string | undefined) =>
    code === undefined ? (escapes[one ?? ''] ?? one ?? '') : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
