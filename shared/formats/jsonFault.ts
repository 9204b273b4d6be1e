/** What is wrong with a text, and where: a count of UTF-16 code units from its start. */
export interface JsonFault {
  readonly position: number;
  readonly what: string;
}

/** Where JSON text is broken, and how; for a person. `JSON.parse` doesn't always say. Undefined: it is not. */
export function findJsonFault(text: string): JsonFault | undefined {
  const scanner = new JsonScanner(text);
  if (scanner.isValid()) {
    return undefined;
  }
  const { position } = scanner;
  const what = position < text.length ? `unexpected ${JSON.stringify(text.charAt(position))}` : 'it ends too early';
  return { position, what };
}

/** RFC 8259, without building anything and without recursion. */
class JsonScanner {
  readonly #text: string;
  /** Where the scan is; after a fault, what can't be there. */
  position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isValid(): boolean {
    const closers: string[] = [];
    let expects: 'value' | 'value or end' | 'key' | 'key or end' | 'comma or end' = 'value';
    for (;;) {
      this.#skipSpace();
      const closer = closers.at(-1);
      const character = this.#text.charAt(this.position);
      if (expects === 'comma or end' && closer === undefined) {
        return this.position === this.#text.length;
      }
      if (expects !== 'value' && expects !== 'key' && character === closer) {
        this.position += 1;
        closers.pop();
        expects = 'comma or end';
      } else if (expects === 'comma or end') {
        if (character !== ',') {
          return false;
        }
        this.position += 1;
        expects = closer === '}' ? 'key' : 'value';
      } else if (expects === 'key' || expects === 'key or end') {
        if (!this.#skipString() || !this.#skipColon()) {
          return false;
        }
        expects = 'value';
      } else if (character === '{' || character === '[') {
        this.position += 1;
        closers.push(character === '{' ? '}' : ']');
        expects = character === '{' ? 'key or end' : 'value or end';
      } else if (this.#skipString() || this.#skip(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y)) {
        expects = 'comma or end';
      } else {
        return false;
      }
    }
  }

  #skipSpace(): void {
    while (' \t\n\r'.includes(this.#text.charAt(this.position)) && this.position < this.#text.length) {
      this.position += 1;
    }
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.position;
    const isThere = pattern.test(this.#text);
    this.position = isThere ? pattern.lastIndex : this.position;
    return isThere;
  }

  #skipColon(): boolean {
    this.#skipSpace();
    return this.#skip(/:/y);
  }

  /** False leaves the position where it was if no string begins here, else at what the string can't hold. */
  #skipString(): boolean {
    if (this.#text.charAt(this.position) !== '"') {
      return false;
    }
    this.position += 1;
    for (;;) {
      const unit = this.#text.charCodeAt(this.position);
      if (unit === 0x22) {
        this.position += 1;
        return true;
      }
      if (unit === 0x5c) {
        if (!this.#skip(/\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y)) {
          return false;
        }
      } else if (unit >= 0x20) {
        this.position += 1;
      } else {
        // A control character, or NaN: the text's end.
        return false;
      }
    }
  }
}
