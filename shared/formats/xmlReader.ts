import { SaxesParser, type SaxesTagNS } from 'saxes';
import { AdpError } from '../errors.ts';
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
  /** Those that it declares itself. */
  readonly namespaces: Readonly<Record<string, string>>;
  hasFields = false;
  text = '';
  readonly #attributes = new Set<string>();

  constructor(tag: SaxesTagNS) {
    this.name = tag.local;
    this.namespaces = tag.ns;
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
  /** The names from the root down that lead to a row; a single one may be at any depth. */
  readonly #path: readonly string[] | undefined;
  /** Whether an element was seen that rows are in. */
  #hasParent = false;
  /** From the root down. */
  readonly #open: OpenElement[] = [];
  /** How many elements are open from the root down to the row; 0 between rows. */
  #rowDepth = 0;
  #rows: FormatRow[] = [];
  #row = 0;
  /** Where the last row ended, or the last tag outside of rows. */
  #boundary = 0;
  /** Rows were passed by: the parser's own lines say nothing any more. */
  #hasPassed = false;
  /** Characters given to the parser; its own position is right only while it reads. */
  #written = 0;

  constructor(options: ReadOptions = {}) {
    this.#maxDepth = options.maxDepth ?? defaultMaxDepth;
    this.#maxField = options.maxFieldLength ?? defaultMaxFieldLength;
    this.#path = options.element?.replace(/^\//, '').split('/');
    if (this.#path?.includes('')) {
      throw new AdpError('CONFIG_ERROR', 'The XML element must be a name, or names joined by /.');
    }
    const parser = this.#parser;
    parser.on('error', (error) => {
      throw damaged(`The XML is broken at ${this.place}: ${error.message.replace(/^\d+:\d+: /, '')}`, error);
    });
    parser.on('doctype', () => {
      throw damaged(`The XML has a DOCTYPE at ${this.place}; document types and their entities are not taken.`);
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
    if (!this.#hasParent) {
      throw damaged(`The XML has no element ${this.#path?.slice(0, -1).join('/')}, where the rows are said to be.`);
    }
    return this.#takeRows();
  }

  /** For a person. Lines of what is passed by are not counted: that would take as long as to tell its rows apart. */
  get place(): string {
    const { line, column } = this.#parser;
    return this.#hasPassed ? `row ${this.#row + 1} or behind it` : `line ${line}, column ${column}`;
  }

  get isBetweenRows(): boolean {
    return this.#rowDepth === 0;
  }

  /** What the text of a row means besides: the version of XML and the namespaces that are declared around it. */
  get namespaces(): string {
    const declared = Object.assign({}, ...this.#open.map(({ namespaces }) => namespaces));
    return JSON.stringify([this.#parser.xmlDecl.version ?? '1.0', Object.entries(declared).sort()]);
  }

  /** Between rows: whether an element would be one that began here. @param name without its prefix */
  isRow(name: string): boolean {
    const path = this.#path;
    if (!path) return this.#open.length === 1;
    if (path.at(-1) !== name) return false;
    return path.length === 1 || this.#isAt(path.slice(0, -1));
  }

  /** Between rows: leaves out rows that were read before, and what is blank around them. */
  pass(rows: number): void {
    this.#row += rows;
    this.#hasPassed ||= rows > 0;
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
    if (this.#rowDepth === 0) {
      this.#boundary = this.#parser.position;
      this.#hasParent ||= this.#isParent();
      this.#rowDepth = this.#isRow() ? this.#open.length : 0;
    }
  }

  #isRow(): boolean {
    const path = this.#path;
    if (!path) {
      return this.#open.length === 2;
    }
    return path.length === 1 ? this.#open.at(-1)?.name === path[0] : this.#isAt(path);
  }

  /** A name alone may have its place anywhere: then no row at all is just an empty list. */
  #isParent(): boolean {
    return !this.#path || this.#path.length === 1 || this.#isAt(this.#path.slice(0, -1));
  }

  #isAt(path: readonly string[]): boolean {
    return this.#open.length === path.length && this.#open.every(({ name }, index) => name === path[index]);
  }

  #addText(text: string): void {
    const element = this.#open.at(-1);
    if (!element) {
      return;
    }
    if (this.#rowDepth === 0) {
      if (!this.#path && text.trim() !== '') {
        throw damaged(`The XML has text between the rows at ${this.place}; the root may only hold elements.`);
      }
      return;
    }
    this.#checkField(element.text.length + text.length);
    element.text += text;
  }

  #closeElement(): void {
    const depth = this.#open.length;
    const element = this.#open.pop();
    if (element && this.#rowDepth > 0 && depth > this.#rowDepth) {
      this.#open.at(-1)?.addChild(element.name, element.toValue());
      return;
    }
    this.#checkRow(this.#parser.position);
    this.#boundary = this.#parser.position;
    if (element && depth === this.#rowDepth) {
      this.#rowDepth = 0;
      this.#row += 1;
      this.#rows.push(toRow(element, this.#row));
    }
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
}

function toRow(element: OpenElement, row: number): FormatRow {
  if (element.isNil || (!element.hasFields && element.text.trim() !== '')) {
    const found = element.isNil ? 'is nil' : 'has text, but no fields';
    return { row, error: `The element ${element.name} ${found}.`, raw: element.text.slice(0, maxRawLength) };
  }
  return { row, values: element.toFields() };
}
