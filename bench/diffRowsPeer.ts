// What it takes to read a file's rows at all, in a process of its own: `diffRowsPeer.ts FORMAT FILE`. Nothing is done
// with the rows, and none is kept. Prints what it took as JSON.
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { SaxesParser } from 'saxes';
import { startMeter } from './diffMeter.ts';
import { pieces } from './syncFiles.ts';

const [format = '', path = ''] = process.argv.slice(2);
const readers: Readonly<Record<string, () => number | Promise<number>>> = {
  json: parseWhole,
  ndjson: parseLines,
  xml: parseElements,
  parquet: readObjects,
};

const meter = startMeter();
const read = (await readers[format]?.()) ?? 0;
console.log(JSON.stringify({ ...meter.stop(), read }));

/** `JSON.parse` of the file, as one text. */
function parseWhole(): number {
  const rows: unknown = JSON.parse(Buffer.concat(Array.from(pieces(path), (chunk) => Buffer.from(chunk))).toString());
  return Array.isArray(rows) ? rows.length : 0;
}

/** `JSON.parse` of each line. */
function parseLines(): number {
  let rows = 0;
  let rest = Buffer.alloc(0);
  for (const chunk of pieces(path)) {
    const text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, start)) {
      const row: unknown = JSON.parse(text.toString('utf8', start, end));
      rows += row === null ? 0 : 1;
      start = end + 1;
    }
    rest = Buffer.from(text.subarray(start));
  }
  return rows;
}

/** saxes as it is, with the least that makes rows of its events. */
function parseElements(): number {
  const parser = new SaxesParser();
  const decoder = new TextDecoder();
  let rows = 0;
  let depth = 0;
  let row: Record<string, string> = {};
  let text = '';
  parser.on('opentag', () => {
    depth += 1;
    text = '';
  });
  parser.on('text', (some) => {
    text += some;
  });
  parser.on('closetag', ({ name }) => {
    depth -= 1;
    if (depth === 2) {
      row[name] = text;
    } else if (depth === 1) {
      rows += row.part_no === undefined ? 0 : 1;
      row = {};
    }
    text = '';
  });
  for (const chunk of pieces(path)) parser.write(decoder.decode(chunk, { stream: true }));
  parser.close();
  return rows;
}

/** hyparquet's objects, a row group at a time. */
async function readObjects(): Promise<number> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  let rows = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rowEnd = rows + Number(num_rows);
    rows += (await parquetReadObjects({ file, metadata, compressors, rowStart: rows, rowEnd })).length;
  }
  return rows;
}
