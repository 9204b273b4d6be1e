import { SaxesParser } from 'saxes';
import { damaged } from './damage.ts';

/** What is called while XML is read. Names are without their namespace prefix. */
export interface XmlHandlers {
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  text?(text: string): void;
  close?(name: string): void;
}

/** A parser of the XML within a file of another format: no DOCTYPE, no entities but the predefined ones. */
export class XmlEvents {
  readonly #parser = new SaxesParser();
  readonly #what: string;

  /** @param what for errors, such as "workbook" */
  constructor(what: string, handlers: XmlHandlers) {
    this.#what = what;
    const parser = this.#parser;
    parser.on('error', (error) => {
      throw damaged(`The XML of the ${this.#what} is broken: ${error.message}`, error);
    });
    parser.on('doctype', () => {
      throw damaged(`The XML of the ${this.#what} has a DOCTYPE; document types and their entities are not taken.`);
    });
    parser.on('opentag', ({ name, attributes }) => handlers.open?.(local(name), attributes));
    parser.on('text', (text) => handlers.text?.(text));
    parser.on('cdata', (text) => handlers.text?.(text));
    parser.on('closetag', ({ name }) => handlers.close?.(local(name)));
  }

  /** @throws AdpError DATA_ERROR where it is broken */
  push(text: string): void {
    this.#parser.write(text);
  }

  end(): void {
    this.#parser.close();
  }

  async readAll(texts: AsyncIterable<string>): Promise<void> {
    for await (const text of texts) {
      this.push(text);
    }
    this.end();
  }
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
