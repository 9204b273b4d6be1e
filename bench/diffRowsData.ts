import { closeSync, openSync, writeSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';

export type RowsFormat = 'json' | 'ndjson' | 'xml' | 'parquet';

/**
 * Writes two snapshots of a parts table with the same rows, the second one's in another order. The same `rows` make the
 * same files.
 */
export async function writeSameRows(format: RowsFormat, before: string, after: string, rows: number): Promise<void> {
  const step = 2 * Math.floor(rows * 0.309) + 1;
  if (format === 'parquet') {
    await writeParquet(before, after, rows, step);
    return;
  }
  writeText(format, before, rows, (place) => place);
  writeText(format, after, rows, (place) => (place * step) % rows);
}

type TextFormat = Exclude<RowsFormat, 'parquet'>;

const around: Readonly<Record<TextFormat, readonly [before: string, after: string]>> = {
  json: ['[\n', ']\n'],
  ndjson: ['', ''],
  xml: ['<?xml version="1.0" encoding="utf-8"?>\n<parts>\n', '</parts>\n'],
};

function writeText(format: TextFormat, path: string, rows: number, rowAt: (place: number) => number): void {
  const file = openSync(path, 'w');
  const [before, after] = around[format];
  const gap = format === 'json' ? ',\n' : '\n';
  let lines = [before];
  for (let place = 0; place < rows; place += 1) {
    const row = rowOf(rowAt(place));
    lines.push(format === 'xml' ? elementOf(row) : `${JSON.stringify(row)}${place < rows - 1 ? gap : '\n'}`);
    if (lines.length === 10_000) {
      writeSync(file, lines.join(''));
      lines = [];
    }
  }
  writeSync(file, `${lines.join('')}${after}`);
  closeSync(file);
}

/** About 220 bytes as JSON. */
function rowOf(row: number): Record<string, string | number> {
  return {
    part_no: `P${((row * 2_654_435_761) % 4_294_967_296).toString(36).toUpperCase()}-${row}`,
    description: `FILTER ÖL ${row % 977} "Set" ${row % 31}`,
    brand: ['BOSCH', 'VALEO', 'MANN', 'HELLA'][row % 4] ?? '',
    qty_on_hand: row % 500,
    bin: `A${row % 40}-${row % 99}`,
    list_price: 1 + (row % 90_000) / 100,
    cost: (row % 9_000) / 100,
    last_sold: `2025-01-${10 + (row % 18)}`,
    updated_at: `2025-05-05T${10 + (row % 14)}:30:00Z`,
    dealer_id: `D${100 + (row % 40)}`,
  };
}

function elementOf(row: Record<string, string | number>): string {
  const fields = Object.entries(row).map(([name, value]) => `    <${name}>${value}</${name}>\n`);
  return `  <part>\n${fields.join('')}  </part>\n`;
}

/** As the tools of a warehouse write it: compressed, with dictionaries, nullable. */
async function writeParquet(before: string, after: string, rows: number, step: number): Promise<void> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  const table = `
    select printf('P%X-%d', i * 2654435761 % 4294967296, i) as part_no, 'FILTER ÖL ' || i % 977 || ' Set ' || i % 31 as description,
      list_element(['BOSCH', 'VALEO', 'MANN', 'HELLA'], 1 + i % 4) as brand, (i % 500)::integer as qty_on_hand,
      'A' || i % 40 || '-' || i % 99 as bin, (1 + (i % 90000) / 100)::decimal(12, 2) as list_price,
      (i % 9000) / 100::double as cost, date '2025-01-10' + (i % 18)::integer as last_sold,
      timestamp '2025-05-05 10:30:00' + interval (i % 14) hours as updated_at, 'D' || 100 + i % 40 as dealer_id
    from (select PLACE as i from range(${rows}) t(place))`.replaceAll('list_element', 'list_extract');
  for (const [path, place] of [
    [before, 'place'],
    [after, `place * ${step} % ${rows}`],
  ] as const) {
    await connection.run(`copy (${table.replace('PLACE', place)}) to '${path}' (format parquet)`);
  }
  connection.closeSync();
  database.closeSync();
}
