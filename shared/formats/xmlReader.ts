import { SaxesParser, type SaxesTagNS } from 'saxes';
import { setOwn } from '../model/json.ts';
import { damaged } from './damage.ts';
import { defaultMaxDepth, defaultMaxFieldLength, type FormatRow, maxRawLength, type ReadOptions } from './format.ts';
import { limitExceeded } from './limits.ts';

const schemaInstance = 'http://www.w3.org/2001/XMLSchema-instance';
const namespaceDeclarations = 'http://www.w3.org/2000/xmlns/';
const ownText = '#text';
const fieldsPerRow = 16;

/** An element that is open, with the fields of its attributes and children so far. */
class OpenElement {
  readonly name: string;
  readonly isNil: boolean;
  readonly fields: Record<string, unknown> = {};
  hasFields = false;
  text = '';
  readonly #attributes = new Set<string>();

  constructor(tag: SaxesTagNS) {
    this.name = tag.local;
    let isNil = false;
    for (const { uri, local, value } of Object.values(tag.attributes)) {
      if (uri === schemaInstance) {
        isNil ||= local === 'nil' && /^\s*(?:true|1)\s*$/.test(value);
      } else if (uri !== namespaceDeclarations) {
        this.#attributes.add(local);
        this.hasFields = true;
        setOwn<unknown>(this.fields, local, value);
      }
    }
    this.isNil = isNil;
  }

  addChild(name: string, value: unknown): void {
    this.hasFields = true;
    const isRepeated = Object.hasOwn(this.fields, name) && !this.#attributes.delete(name);
    const before = isRepeated ? this.fields[name] : undefined;
    if (Array.isArray(before)) {
      before.push(value);
    } else {
      setOwn(this.fields, name, isRepeated ? [before, value] : value);
    }
  }

  /** What it is to its parent. */
  toValue(): unknown {
    if (this.isNil) {
      return null;
    }
    return this.hasFields ? this.toFields() : this.text;
  }

  toFields(): Record<string, unknown> {
    const text = this.text.trim();
    if (text !== '') {
      setOwn<unknown>(this.fields, ownText, text);
    }
    return this.fields;
  }
}

/** Takes the text in pieces of any size and gives the rows that became complete. Throws what `xml` says. */
export class XmlReader {
  readonly #parser = new SaxesParser({ xmlns: true });
  readonly #maxDepth: number;
  readonly #maxField: number;
  /** From the root down. */
  readonly #open: OpenElement[] = [];
  #rows: FormatRow[] = [];
  #row = 0;
  /** Where the last row ended. */
  #boundary = 0;
  /** Characters given to the parser; its own position is right only while it reads. */
  #written = 0;

  constructor(options: ReadOptions = {}) {
    this.#maxDepth = options.maxDepth ?? defaultMaxDepth;
    this.#maxField = options.maxFieldLength ?? defaultMaxFieldLength;
    const parser = this.#parser;
    parser.on('error', (error) => {
      throw damaged(`The XML is broken at ${this.#place()}: ${error.message.replace(/^\d+:\d+: /, '')}`, error);
    });
    parser.on('doctype', () => {
      throw damaged(`The XML has a DOCTYPE at ${this.#place()}; document types and their entities are not taken.`);
    });
    parser.on('attribute', ({ value }) => this.#checkField(value.length));
    parser.on('opentag', (tag) => this.#openElement(tag));
    parser.on('text', (text) => this.#addText(text));
    parser.on('cdata', (text) => this.#addText(text));
    parser.on('closetag', () => this.#closeElement());
  }

  push(text: string): FormatRow[] {
    this.#parser.write(text);
    this.#written += text.length;
    this.#checkRow(this.#written);
    return this.#takeRows();
  }

  end(): FormatRow[] {
    this.#parser.close();
    return this.#takeRows();
  }

  #takeRows(): FormatRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  #openElement(tag: SaxesTagNS): void {
    if (this.#open.length >= this.#maxDepth) {
      throw limitExceeded('levels of elements inside one another', this.#maxDepth);
    }
    this.#open.push(new OpenElement(tag));
  }

  #addText(text: string): void {
    const element = this.#open.at(-1);
    if (!element) {
      return;
    }
    if (this.#open.length === 1) {
      if (text.trim() !== '') {
        throw damaged(`The XML has text between the rows at ${this.#place()}; the root may only hold elements.`);
      }
      return;
    }
    this.#checkField(element.text.length + text.length);
    element.text += text;
  }

  #closeElement(): void {
    const element = this.#open.pop();
    const parent = this.#open.at(-1);
    if (!element || !parent) {
      return;
    }
    if (this.#open.length > 1) {
      parent.addChild(element.name, element.toValue());
      return;
    }
    this.#checkRow(this.#parser.position);
    this.#boundary = this.#parser.position;
    this.#row += 1;
    this.#rows.push(toRow(element, this.#row));
  }

  #checkField(length: number): void {
    if (length > this.#maxField) {
      throw limitExceeded('characters of a field', this.#maxField);
    }
  }

  /** The parser holds a comment or a tag until it ends, and we hold a row. */
  #checkRow(position: number): void {
    const limit = this.#maxField * fieldsPerRow;
    if (position - this.#boundary > limit) {
      throw limitExceeded('characters of a row', limit);
    }
  }

  #place(): string {
    return `line ${this.#parser.line}, column ${this.#parser.column}`;
  }
}

function toRow(element: OpenElement, row: number): FormatRow {
  if (element.isNil || (!element.hasFields && element.text.trim() !== '')) {
    const found = element.isNil ? 'is nil' : 'has text, but no fields';
    return { row, error: `The element ${element.name} ${found}.`, raw: element.text.slice(0, maxRawLength) };
  }
  return { row, values: element.toFields() };
}
