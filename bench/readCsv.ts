import Papa from 'papaparse';
import { csv } from '../shared/formats/csv.ts';
import type { Benchmark } from './benchmark.ts';
import { countRows, stockRows, timed } from './readRows.ts';

const count = 200_000;
let body: Buffer | undefined;

/** A CSV body into rows, with a quoted field in every tenth, as objects on both sides. */
export const readCsv: Benchmark = {
  name: 'read-csv-vs-papaparse',
  unit: 'rows/s',
  better: 'high',
  goalOf: 'ratio',
  floor: 0.8,
  goal: 1,
  peerName: 'papaparse, header: true, the whole text',
  async run() {
    body ??= Buffer.from(stockCsv());
    const bytes = body;
    const ours = await timed(count, () => countRows(csv, bytes));
    const peer = await timed(
      count,
      () => Papa.parse(bytes.toString(), { header: true, skipEmptyLines: true }).data.length,
    );
    return { ours: count / (ours / 1_000), peer: count / (peer / 1_000) };
  },
};

function stockCsv(): string {
  const rows = stockRows(count).map((row, index) =>
    Object.values(row)
      .map((field, column) => (index % 10 === 0 && column === 2 ? `"${field}, ""upper"""` : `${field}`))
      .join(','),
  );
  return `part_number,branch_code,bin,on_hand,available,last_sold_date\r\n${rows.join('\r\n')}\r\n`;
}
