import { setOwn } from '../model/json.ts';
import { NumberLiteral } from '../model/literal.ts';
import { checkNames } from './csvHeader.ts';
import { damaged } from './damage.ts';
import { defaultMaxFieldLength, type FormatRow, maxRawLength, type ReadOptions } from './format.ts';
import { limitExceeded } from './limits.ts';
import { unescapeText } from './xlsxParts.ts';
import { type CellStyle, serialText } from './xlsxStyle.ts';
import { XmlEvents } from './xmlEvents.ts';

/** Excel's own limit (ECMA-376, part 1, 18.3.1.13). */
const maxColumns = 16_384;

export interface SheetOptions extends Pick<ReadOptions, 'headerRow' | 'maxFieldLength'> {
  /** The texts that cells share, and the styles of cells, by their numbers. */
  readonly texts: readonly string[];
  readonly styles: readonly CellStyle[];
  readonly isFrom1904: boolean;
  /** Called once, before the first row is given. */
  readonly onHeader: (columns: readonly string[]) => void;
}

interface Cell {
  /** Such as `B3`, for errors. */
  readonly place: string;
  /** Counted from 0. */
  readonly column: number;
  readonly type: string;
  readonly style: CellStyle;
  hasFormula: boolean;
  /** Undefined: the cell is empty. */
  text: string | undefined;
}

/** Takes a sheet's XML (18.3.1) in pieces of any size and gives the rows that became complete. */
export class SheetReader {
  readonly #options: SheetOptions;
  readonly #maxField: number;
  readonly #xml: XmlEvents;
  #rows: FormatRow[] = [];
  /** Names by column; a column without one may hold nothing. */
  #names: (string | undefined)[] | undefined;
  #row = 0;
  #values: unknown[] = [];
  #fault: string | undefined;
  #cell: Cell | undefined;
  #column = -1;
  /** Whether what is read is the cell's value, and no formula, reading or note. */
  #isInValue = false;
  #isInReading = false;

  constructor(options: SheetOptions) {
    this.#options = options;
    this.#maxField = options.maxFieldLength ?? defaultMaxFieldLength;
    this.#xml = new XmlEvents('sheet', {
      open: (name, attributes) => this.#open(name, attributes),
      text: (text) => this.#addText(text),
      close: (name) => this.#close(name),
    });
  }

  push(text: string): FormatRow[] {
    this.#xml.push(text);
    return this.#takeRows();
  }

  end(): FormatRow[] {
    this.#xml.end();
    if (!this.#names) {
      throw damaged('The sheet has no header row.');
    }
    return this.#takeRows();
  }

  #takeRows(): FormatRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  #open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === 'row') {
      this.#row = /^\d+$/.test(attributes.r ?? '') ? Number(attributes.r) : this.#row + 1;
      this.#values = [];
      this.#fault = undefined;
      this.#column = -1;
    } else if (name === 'c') {
      this.#openCell(attributes);
    } else if (this.#cell) {
      this.#cell.hasFormula ||= name === 'f';
      this.#isInReading ||= name === 'rPh';
      this.#isInValue = name === 'v' || (name === 't' && !this.#isInReading);
      if (this.#isInValue) {
        this.#cell.text ??= '';
      }
    }
  }

  #openCell({ r: place, t: type = 'n', s: style = '' }: Readonly<Record<string, string>>): void {
    this.#column = place === undefined ? this.#column + 1 : columnOf(place);
    if (!(this.#column >= 0 && this.#column < maxColumns)) {
      throw damaged(`The sheet has a cell at ${place ?? `column ${this.#column + 1}`}, where none can be.`);
    }
    this.#cell = {
      place: place ?? `column ${this.#column + 1} of row ${this.#row}`,
      column: this.#column,
      type,
      style: this.#options.styles[Number(style)] ?? 'number',
      hasFormula: false,
      text: undefined,
    };
  }

  #addText(text: string): void {
    if (this.#cell && this.#isInValue) {
      this.#cell.text = `${this.#cell.text ?? ''}${text}`;
      if (this.#cell.text.length > this.#maxField) {
        throw limitExceeded('characters of a field', this.#maxField);
      }
    }
  }

  #close(name: string): void {
    this.#isInValue = false;
    this.#isInReading &&= name !== 'rPh';
    if (name === 'c' && this.#cell) {
      this.#values[this.#cell.column] = this.#valueOf(this.#cell);
      this.#cell = undefined;
    } else if (name === 'row') {
      this.#finishRow();
    }
  }

  #valueOf({ place, type, style, hasFormula, text }: Cell): unknown {
    if (text === undefined || (text === '' && type !== 'str' && type !== 'inlineStr')) {
      if (hasFormula) {
        this.#fault ??= `The formula in ${place} has no stored result; the workbook must be saved by Excel once.`;
      }
      return undefined;
    }
    switch (type) {
      case 's': {
        const shared = this.#options.texts[Number(text)];
        if (shared === undefined) {
          throw damaged(`The workbook is corrupt: ${place} has a text that is not there.`);
        }
        return shared;
      }
      case 'str':
      case 'inlineStr':
        return unescapeText(text);
      case 'b':
        return text === '1' || text === 'true';
      case 'n':
        return this.#numberOf(text, style);
      default:
        // An error such as #N/A, or a date that is text already.
        return text;
    }
  }

  #numberOf(text: string, style: CellStyle): unknown {
    const shown = style === 'number' ? undefined : serialText(Number(text), style, this.#options.isFrom1904);
    if (shown !== undefined) {
      return shown;
    }
    if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) {
      return text;
    }
    const value = Number(text);
    return `${value}` === text || isDouble(text, value) ? value : new NumberLiteral(text);
  }

  #finishRow(): void {
    const values = this.#values;
    const isEmpty = values.every((value) => value === undefined);
    const { headerRow } = this.#options;
    if (this.#names) {
      if (!isEmpty || this.#fault !== undefined) {
        this.#rows.push(this.#toRow(this.#names));
      }
    } else if (headerRow === undefined ? !isEmpty : this.#row === headerRow) {
      this.#readHeader(values);
    } else if (headerRow !== undefined && this.#row > headerRow) {
      throw damaged(`Row ${headerRow} of the sheet, which should name the columns, is empty.`);
    }
  }

  #readHeader(values: readonly unknown[]): void {
    const names = Array.from(values, (value) => {
      const name = value instanceof NumberLiteral ? value.text : `${value ?? ''}`;
      return name.trim() === '' ? undefined : name;
    });
    const columns = names.filter((name) => name !== undefined);
    if (columns.length === 0) {
      throw damaged(`Row ${this.#row} of the sheet, which should name the columns, is empty.`);
    }
    checkNames(columns, `row ${this.#row}`);
    this.#names = names;
    this.#options.onHeader(columns);
  }

  #toRow(names: readonly (string | undefined)[]): FormatRow {
    const values: Record<string, unknown> = {};
    for (const [column, name] of names.entries()) {
      if (name !== undefined) {
        setOwn<unknown>(values, name, this.#values[column] ?? null);
      }
    }
    const nameless = this.#values.findIndex((value, column) => value !== undefined && names[column] === undefined);
    const fault = this.#fault ?? (nameless < 0 ? undefined : `Column ${nameless + 1} has a value, but no name.`);
    return fault === undefined
      ? { row: this.#row, values }
      : { row: this.#row, error: fault, raw: rawOf(this.#values) };
  }
}

/**
 * Excel holds a double and writes it with 17 digits, so that 19.99 stands there as 19.989999999999998: what was typed is
 * the shortest number that is the same double.
 */
function isDouble(text: string, value: number): boolean {
  const digits = digitsOf(text);
  return digits.length > 15 && digits === digitsOf(value.toPrecision(17));
}

/** Those that count, whatever their size. */
function digitsOf(number: string): string {
  return number
    .replace(/[eE].*$/, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '');
}

function rawOf(values: readonly unknown[]): string {
  const texts = Array.from(values, (value) => (value instanceof NumberLiteral ? value.text : `${value ?? ''}`));
  return texts.join('\t').slice(0, maxRawLength);
}

/** From a cell's place such as `AB12`, counted from 0; -1 for what is no place. */
function columnOf(place: string): number {
  const letters = /^([A-Z]{1,3})\d+$/.exec(place)?.[1] ?? '';
  return [...letters].reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}
