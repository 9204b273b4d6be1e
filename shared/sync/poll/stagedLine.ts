import type { PulledRow } from '../../connectors/connector.ts';
import { AdpError } from '../../errors.ts';
import { maxRawLength } from '../../formats/format.ts';
import { textOf } from '../../mapping/scalar.ts';
import { setOwn } from '../../model/json.ts';
import { NumberLiteral } from '../../model/literal.ts';
import { shapeOf } from '../../model/shape.ts';
import type { TextRow } from '../diff/rowsFile.ts';
import { fromRowText, toRowText } from '../diff/rowText.ts';
import { readSpool } from '../diff/spool.ts';

/**
 * A pulled row as a line of text without its end: an object where it could be read, else `[error, raw]`; nothing where
 * the source marks it as deleted, for what a complete read lacks is deleted. A value that JSON can't hold makes the row
 * one that can't be read: nothing is rounded, emptied or guessed.
 */
export function toStagedLine(row: PulledRow): string {
  if ('error' in row) return toRowText([row.error, row.raw]);
  if (Object.hasOwn(row.values, '_op') && row.values._op === 'delete') return '';
  try {
    return toRowText(toJson(row.values, ''));
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return toRowText([error.message, rawOf(row.values)]);
  }
}

/**
 * The rows again, numbered from 1, some at a time.
 * @param count how many lines there must be
 * @throws AdpError INTERNAL where there are not: nothing may be deleted because a page got lost
 */
export async function* readStaged(chunks: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<TextRow[]> {
  let row = 1;
  for await (const lines of readSpool(chunks)) {
    const page: TextRow[] = [];
    for (const line of lines) {
      if (line !== '') page.push(fromStagedLine(line, row));
      row++;
    }
    yield page;
  }
  if (row - 1 !== count) {
    throw new AdpError('INTERNAL', `Of ${count} rows that were read ${row - 1} are there. Read the source again.`);
  }
}

function fromStagedLine(text: string, row: number): TextRow {
  if (!text.startsWith('[')) return { row, values: fromRowText(text), text };
  // It was written by `toStagedLine`.
  const [error, raw] = JSON.parse(text) as [string, string];
  return { row, error, raw };
}

class Unfit extends Error {}

/** As mapping reads it: what it takes for the same is the same. */
function toJson(value: unknown, place: string): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'bigint':
      return new NumberLiteral(String(value));
    case 'number':
      if (Number.isFinite(value)) return value;
      break;
    case 'object':
      if (value === null || value instanceof NumberLiteral) return value;
      if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
      if (Array.isArray(value)) return value.map((member, index) => toJson(member, `${place}[${index}]`));
      if (!(value instanceof Date)) return objectToJson(value, place);
      return textOf(value) ?? unfit(value, place);
  }
  return unfit(value, place);
}

function objectToJson(value: object, place: string): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    setOwn(json, name, toJson(member, place === '' ? name : `${place}.${name}`));
  }
  return json;
}

function unfit(value: unknown, place: string): never {
  throw new Unfit(`The field ${place} holds what can't be kept: ${shapeOf(value)}.`);
}

/** For people. */
function rawOf(values: Readonly<Record<string, unknown>>): string {
  const texts = Object.entries(values).map(([name, value]) => `${name}: ${textOf(value) ?? shapeOf(value)}`);
  return texts.join(', ').slice(0, maxRawLength);
}
