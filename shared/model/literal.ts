/**
 * A JSON number whose source text says more than the JS number it reads as: `10.50`, `1e3`, twenty digits. Readers of
 * JSON make one only where `String(Number(text)) !== text`; all other numbers stay plain JS numbers.
 */
export class NumberLiteral {
  /** The number as it was written, by the grammar of RFC 8259. */
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

declare global {
  interface JSON {
    /** `context.source` is a number's text (ECMAScript's JSON.parse source text access; Node ≥ 22). */
    parse(
      text: string,
      reviver: (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
    /** A value that is printed as this text (ECMAScript's JSON.parse source text access; Node ≥ 22). */
    rawJSON(text: string): unknown;
  }
}

/** For `JSON.parse`: numbers that JavaScript would change keep their text. */
export function keepLiteral(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  return typeof value === 'number' && source !== undefined ? numberOf(source) : value;
}

/** The number that a text is by the grammar of JSON. */
export function numberOf(text: string): number | NumberLiteral {
  const value = Number(text);
  return `${value}` === text ? value : new NumberLiteral(text);
}

/** The number for `JSON.stringify`, which then prints it as it was written. */
export function toRawJson(literal: NumberLiteral): unknown {
  return JSON.rawJSON(literal.text);
}
