import { syntaxError } from '../sqlError.ts';
import { type SqlType, sqlType } from '../types/sqlType.ts';
import { is, type Token } from './tokens.ts';

/** Reads tokens in order, with a look ahead. */
export class TokenReader {
  readonly tokens: readonly Token[];
  position = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.position + ahead];
  }

  next(): Token {
    const token = this.tokens[this.position];
    if (token === undefined) throw syntaxError(this.tokens.at(-1)?.text ?? '');
    this.position += 1;
    return token;
  }

  /** Takes the keyword or symbol if it is next. */
  take(...texts: readonly string[]): boolean {
    if (!is(this.peek(), ...texts)) return false;
    this.position += 1;
    return true;
  }

  require(text: string): void {
    if (!this.take(text)) throw syntaxError(this.peek()?.text ?? text);
  }

  name(): string {
    const token = this.next();
    if (token.kind !== 'word' && token.kind !== 'name') throw syntaxError(token.text);
    return token.text;
  }

  /** `Veh`, `dbo.Veh` or `[dbo].[Veh]`: as SQLite knows it, `dbo.Veh`. A database before it is left aside. */
  tableName(): string {
    const parts = [this.name()];
    while (this.take('.')) parts.push(this.name());
    const [table = '', schema = 'dbo'] = parts.reverse();
    return `${schema.toLowerCase()}.${table}`;
  }

  type(): SqlType {
    const name = this.name();
    const args: string[] = [];
    if (this.take('(')) {
      do args.push(this.next().text);
      while (this.take(','));
      this.require(')');
    }
    return sqlType(name, args);
  }

  /** Leaves out what stands in parentheses, which are next. */
  skipParentheses(): void {
    this.require('(');
    for (let depth = 1; depth > 0; ) {
      const token = this.next();
      if (is(token, '(')) depth += 1;
      if (is(token, ')')) depth -= 1;
    }
  }
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
