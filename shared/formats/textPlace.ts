import { isAscii } from 'node:buffer';

const lineFeed = 0x0a;

/** A line and a column in UTF-16 code units, both counted from 1, of a text that is read in parts. */
export class TextPlace {
  readonly #ofWhat: string;
  #line = 1;
  #column = 1;

  /** @param ofWhat where the text begins, for a person; default: it is all there is */
  constructor(ofWhat = '') {
    this.#ofWhat = ofWhat;
  }

  /** Goes on behind this text. */
  advance(utf8: Buffer): void {
    let lineStart = 0;
    for (let at = utf8.indexOf(lineFeed); at >= 0; at = utf8.indexOf(lineFeed, at + 1)) {
      this.#line += 1;
      this.#column = 1;
      lineStart = at + 1;
    }
    const rest = lineStart === 0 ? utf8 : utf8.subarray(lineStart);
    this.#column += isAscii(rest) ? rest.length : rest.toString().length;
  }

  /** That many units before this place, on the same line. */
  before(units: number): TextPlace {
    const place = new TextPlace(this.#ofWhat);
    place.#line = this.#line;
    place.#column = this.#column - units;
    return place;
  }

  /** Where `position` is in a text that begins here, for a person: in the first line the column says all. */
  describe(text: string, position: number): string {
    const before = text.slice(0, position);
    const lineStart = before.lastIndexOf('\n') + 1;
    const line = this.#line + before.split('\n').length - 1;
    const column = position - lineStart + (lineStart === 0 ? this.#column : 1);
    return `${line > 1 ? `line ${line}, ` : ''}column ${column}${this.#ofWhat}`;
  }
}
