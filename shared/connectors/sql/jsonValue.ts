import { NumberLiteral } from '../../model/literal.ts';

declare global {
  interface JSON {
    /** `context.source` is a number's text (ECMAScript's JSON.parse source text access; Node ≥ 22). */
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
  }
}

/** The value of a JSON column, numbers with all their digits; the text itself where it is nested too deep. */
export function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value, { source }) =>
      typeof value === 'number' && source !== undefined && String(value) !== source ? new NumberLiteral(source) : value,
    );
  } catch {
    return text;
  }
}
