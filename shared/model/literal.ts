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
    /** A value that is printed as this text (ECMAScript's JSON.parse source text access; Node ≥ 22). */
    rawJSON(text: string): unknown;
  }
}

/** The number for `JSON.stringify`, which then prints it as it was written. */
export function toRawJson(literal: NumberLiteral): unknown {
  return JSON.rawJSON(literal.text);
}
