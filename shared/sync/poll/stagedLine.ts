import type { PulledRow } from '../../connectors/connector.ts';
import { AdpError } from '../../errors.ts';
import { type FormatRow, maxRawLength } from '../../formats/format.ts';
import { textOf } from '../../mapping/scalar.ts';
import { setOwn } from '../../model/json.ts';
import { NumberLiteral } from '../../model/literal.ts';
import { shapeOf } from '../../model/shape.ts';
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
export async function* readStaged(chunks: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<FormatRow[]> {
  let row = 1;
  for await (const lines of readSpool(chunks)) {
    const page: FormatRow[] = [];
    for (const line of lines) {
      if (line !== '') page.push(fromStagedLine(line, row));
      row++;
    }
    yield page;
  }
  checkStaged(row - 1, count);
}

/** @throws AdpError INTERNAL where lines are missing: nothing may be deleted because a page got lost */
export function checkStaged(lines: number, count: number, isCutOff = false): void {
  if (lines === count && !isCutOff) return;
  const are = `${lines} are there${isCutOff ? ', and a part of one' : ''}`;
  throw new AdpError('INTERNAL', `Of ${count} rows that were read ${are}. Read the source again.`);
}

function fromStagedLine(text: string, row: number): FormatRow {
  return toUnreadable(text.startsWith('[') ? JSON.parse(text) : undefined, row) ?? { row, values: fromRowText(text) };
}

/** The row of a line that is no object, but what `toStagedLine` writes for one that can't be read. */
export function toUnreadable(value: unknown, row: number): FormatRow | undefined {
  if (!Array.isArray(value)) return undefined;
  const [error, raw]: unknown[] = value;
  return { row, error: String(error), raw: String(raw) };
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
