import { NumberLiteral } from '../model/literal.ts';
import { shapeOf } from '../model/shape.ts';
import { damaged } from './damage.ts';
import { defaultMaxDepth, defineFormat, type FormatRow, maxRawLength } from './format.ts';
import { isJsonObject } from './jsonObject.ts';
import { parseJson } from './jsonText.ts';
import { readUtf8 } from './text.ts';

const pageRows = 1_000;

/** An array of objects, or an object whose `records` is one. It is parsed whole: its size is the caller's to bound. */
export const json = defineFormat({
  name: 'json',
  mediaTypes: ['application/json'],
  extensions: ['json'],
  async *read(bytes, options = {}) {
    const utf8 = await readUtf8(bytes);
    const elements = rowsOf(parseJson(utf8, 0, utf8.length, options.maxDepth ?? defaultMaxDepth));
    for (let start = 0; start < elements.length; start += pageRows) {
      yield elements.slice(start, start + pageRows).map((value, index) => toRow(value, start + index + 1));
    }
  },
});

function rowsOf(root: unknown): readonly unknown[] {
  const rows = isJsonObject(root) ? root.records : root;
  if (Array.isArray(rows)) {
    return rows;
  }
  const found = isJsonObject(root) ? 'an object without a "records" array' : shapeOf(root);
  throw damaged(`The JSON must be an array of rows, or an object with such an array as "records"; it is ${found}.`);
}

function toRow(value: unknown, row: number): FormatRow {
  if (isJsonObject(value)) {
    return { row, values: value };
  }
  const raw = (value instanceof NumberLiteral ? value.text : JSON.stringify(value)).slice(0, maxRawLength);
  return { row, error: `A row must be an object; this is ${shapeOf(value)}.`, raw };
}
