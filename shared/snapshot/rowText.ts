import { maxRawLength } from '../formats/format.ts';
import { setOwn } from '../model/json.ts';
import type { Kernel } from './kernel/kernel.ts';

/** The dialect of the file, and its columns' names. */
export interface RowShape {
  readonly names: readonly string[];
  readonly delimiter: string;
  readonly quote: string;
}

/** The values of a row of the kernel's batch, in the order of its columns. */
export function readFields(kernel: Kernel, input: Buffer, row: number, { delimiter, quote }: RowShape): string[] {
  if (kernel.isPlain(row)) {
    return input.toString('utf8', kernel.rowStart(row), kernel.rowEnd(row)).split(delimiter);
  }
  const fields: string[] = [];
  for (let column = 0; column < kernel.rowFields(row); column += 1) {
    const field = input.toString('utf8', kernel.fieldStart(row, column), kernel.fieldEnd(row, column));
    fields.push(kernel.isEscaped(row, column) ? field.replaceAll(quote + quote, quote) : field);
  }
  return fields;
}

/** The same by name, as CsvReader gives them. */
export function readValues(kernel: Kernel, input: Buffer, row: number, shape: RowShape): Record<string, unknown> {
  const fields = readFields(kernel, input, row, shape);
  const values: Record<string, unknown> = {};
  for (let column = 0; column < shape.names.length; column += 1) {
    setOwn<unknown>(values, shape.names[column] ?? '', fields[column]);
  }
  return values;
}

/** Why a row can't be read, in CsvReader's words, and its raw text. */
export function readFault(kernel: Kernel, input: Buffer, row: number, shape: RowShape, maxRowBytes: number) {
  // A character has at most four bytes.
  const end = Math.min(kernel.rowEnd(row), kernel.rowStart(row) + 4 * maxRawLength);
  const raw = input
    .toString('utf8', kernel.rowStart(row), end)
    .slice(0, maxRawLength)
    .replace(/[\r\n]+$/, '');
  return { error: faultText(kernel, row, shape, maxRowBytes), raw };
}

function faultText(kernel: Kernel, row: number, { names }: RowShape, maxRowBytes: number): string {
  const fields = kernel.rowFields(row);
  switch (kernel.rowFault(row)) {
    case 'nul':
      return 'The row has a NUL character.';
    case 'textAfterQuote':
      return `There is text after the closing quote of field ${fields + 1}.`;
    case 'unclosed':
      return `The quote that opens field ${fields + 1} is never closed.`;
    case 'tooLong':
      return `The row is longer than ${maxRowBytes} bytes.`;
    default:
      return `The row has ${fields} fields, the header has ${names.length}.`;
  }
}
