import type { Step } from '../json.ts';
import { unsupported } from '../refusal.ts';
import type { Comparison, Expression, Order, Query, Selection } from './syntax.ts';
import { functions, isFunctionName } from './syntax.ts';
import type { Token } from './tokens.ts';
import { syntaxError, tokensOf } from './tokens.ts';

const comparisons: Record<string, Comparison> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** What is known and refused by name, so that the message says more than "syntax error". */
const refused = ['DISTINCT', 'JOIN', 'GROUP', 'BETWEEN', 'LIKE', 'ESCAPE', 'EXISTS', 'ARRAY', 'UNDEFINED', 'UDF'];

const keywords = 'SELECT TOP VALUE FROM AS WHERE AND OR NOT IN TRUE FALSE NULL ORDER BY ASC DESC OFFSET LIMIT';

/** Azure takes none of these after a dot. */
const reserved = new Set([...keywords.split(' '), ...refused]);

/** Parses `SELECT … FROM … [WHERE …] [ORDER BY …] [OFFSET … LIMIT …]`. Throws a 400. */
export function parseQuery(text: string): Query {
  const parser = new Parser(text);
  const query = parser.query();
  parser.end();
  return query;
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;
  /** The document's name, from FROM. */
  #alias: string;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
    const keyword = this.#tokens.find((token) => token.kind === 'word' && refused.includes(token.text.toUpperCase()));
    if (keyword !== undefined) throw unsupported(`${keyword.text.toUpperCase()} in a query`);
    // SELECT comes first but uses the name that FROM gives, so FROM is read ahead.
    this.#position = this.#tokens.findIndex((token) => token.kind === 'word' && token.text.toUpperCase() === 'FROM');
    if (this.#position === -1) throw syntaxError('end of query: FROM is missing');
    this.#alias = this.#from();
    this.#position = 0;
  }

  query(): Query {
    this.#need('SELECT');
    const top = this.#take('TOP') ? this.#count() : undefined;
    const select = this.#selection();
    this.#from();
    const where = this.#take('WHERE') ? this.#expression() : undefined;
    const order = this.#order();
    if (!this.#take('OFFSET')) return { select, where, order, limit: top, offset: undefined };
    if (top !== undefined) throw syntaxError('OFFSET: TOP is there already');
    const offset = this.#count();
    this.#need('LIMIT');
    return { select, where, order, limit: this.#count(), offset };
  }

  end(): void {
    if (this.#next().kind !== 'end') throw syntaxError(this.#next().text);
  }

  #from(): string {
    this.#need('FROM');
    const container = this.#name();
    if (this.#take('AS')) return this.#name();
    const next = this.#next();
    const clause = /^(WHERE|ORDER|OFFSET|JOIN|IN)$/i.test(next.text);
    return next.kind === 'word' && !clause ? this.#name() : container;
  }

  #selection(): Selection {
    if (this.#take('*')) return { kind: 'document' };
    if (this.#take('VALUE')) {
      if (!this.#take('COUNT')) return this.#value();
      this.#need('(');
      this.#need('1');
      this.#need(')');
      return { kind: 'count' };
    }
    const properties = [];
    do {
      const path = this.#path();
      const name = this.#take('AS') ? this.#name() : path.at(-1);
      if (typeof name !== 'string') throw unsupported('selecting an array item or the document without AS');
      properties.push({ name, path });
    } while (this.#take(','));
    return { kind: 'properties', properties };
  }

  #value(): Selection {
    const path = this.#path();
    return path.length === 0 ? { kind: 'document' } : { kind: 'value', path };
  }

  #order(): Order[] {
    const order: Order[] = [];
    if (!this.#take('ORDER')) return order;
    this.#need('BY');
    do {
      const path = this.#path();
      const descending = this.#take('DESC');
      if (!descending) this.#take('ASC');
      order.push({ path, descending });
    } while (this.#take(','));
    return order;
  }

  #expression(): Expression {
    let left = this.#conjunction();
    while (this.#take('OR')) left = { kind: 'or', left, right: this.#conjunction() };
    return left;
  }

  #conjunction(): Expression {
    let left = this.#negation();
    while (this.#take('AND')) left = { kind: 'and', left, right: this.#negation() };
    return left;
  }

  #negation(): Expression {
    if (!this.#take('NOT')) return this.#comparison();
    const operand = this.#peek('NOT') ? this.#negation() : this.#operand();
    const next = this.#next().text;
    // In Azure NOT binds more tightly than a comparison, which nobody expects.
    if (comparisons[next] !== undefined || this.#peek('IN')) throw syntaxError(`${next}': write NOT (…)`);
    return { kind: 'not', operand };
  }

  #comparison(): Expression {
    const left = this.#operand();
    const operator = comparisons[this.#next().text];
    if (this.#next().kind === 'symbol' && operator !== undefined) {
      this.#position++;
      return { kind: 'compare', operator, left, right: this.#operand() };
    }
    if (this.#take('IN')) return { kind: 'in', operand: left, list: this.#list() };
    if (this.#take('NOT')) {
      this.#need('IN');
      return { kind: 'not', operand: { kind: 'in', operand: left, list: this.#list() } };
    }
    return left;
  }

  #operand(): Expression {
    if (this.#take('(')) {
      const inner = this.#expression();
      this.#need(')');
      return inner;
    }
    const token = this.#next();
    if (token.kind === 'word' && this.#tokens[this.#position + 1]?.text === '(') return this.#call();
    const constant = this.#constant();
    if (constant !== undefined) return constant;
    return { kind: 'path', path: this.#path() };
  }

  #call(): Expression {
    const name = this.#name().toUpperCase();
    if (!isFunctionName(name)) throw unsupported(`function ${name}`);
    const operands = this.#list();
    if (operands.length !== functions[name]) throw unsupported(`${name} with ${operands.length} operands`);
    return { kind: 'call', name, operands };
  }

  #list(): Expression[] {
    this.#need('(');
    const items = [];
    do items.push(this.#operand());
    while (this.#take(','));
    this.#need(')');
    return items;
  }

  #constant(): Expression | undefined {
    const token = this.#next();
    if (token.kind === 'parameter') return this.#read({ kind: 'parameter', name: token.text });
    if (token.kind === 'text') return this.#read({ kind: 'constant', value: token.text });
    if (this.#take('-')) return { kind: 'constant', value: -this.#number() };
    if (token.kind === 'number') return { kind: 'constant', value: this.#number() };
    if (this.#take('TRUE')) return { kind: 'constant', value: true };
    if (this.#take('FALSE')) return { kind: 'constant', value: false };
    if (this.#take('NULL')) return { kind: 'constant', value: null };
    return undefined;
  }

  #count(): Expression {
    const constant = this.#constant();
    if (constant === undefined) throw syntaxError(this.#next().text);
    return constant;
  }

  #number(): number {
    const token = this.#next();
    if (token.kind !== 'number') throw syntaxError(token.text);
    return this.#read(Number(token.text));
  }

  #path(): Step[] {
    const root = this.#name();
    if (root !== this.#alias) throw unsupported(`'${root}' in a query: only paths of '${this.#alias}'`);
    const path: Step[] = [];
    for (;;) {
      if (this.#take('.')) path.push(this.#property());
      else if (this.#take('[')) {
        const token = this.#next();
        path.push(token.kind === 'text' ? this.#read(token.text) : this.#number());
        this.#need(']');
      } else return path;
    }
  }

  #property(): string {
    const name = this.#name();
    if (reserved.has(name.toUpperCase())) throw syntaxError(`.${name}': write ["${name}"]`);
    return name;
  }

  #name(): string {
    const token = this.#next();
    if (token.kind !== 'word') throw syntaxError(token.text);
    return this.#read(token.text);
  }

  /** The token after which the value was made is used up. */
  #read<T>(value: T): T {
    this.#position++;
    return value;
  }

  #next(): Token {
    return this.#tokens[this.#position] ?? { kind: 'end', text: 'end of query' };
  }

  #peek(text: string): boolean {
    const token = this.#next();
    return token.kind !== 'text' && token.text.toUpperCase() === text;
  }

  #take(text: string): boolean {
    const found = this.#peek(text);
    if (found) this.#position++;
    return found;
  }

  #need(text: string): void {
    if (!this.#take(text)) throw syntaxError(this.#next().text);
  }
}
