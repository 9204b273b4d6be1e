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
