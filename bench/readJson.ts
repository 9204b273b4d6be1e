import { json } from '../shared/formats/json.ts';
import type { Benchmark } from './benchmark.ts';
import { countRows, stockRows, timed } from './readRows.ts';

const count = 200_000;
let body: Buffer | undefined;

/** A pushed JSON body into rows, with its depth bounded and its literals kept. */
export const readJson: Benchmark = {
  name: 'read-json-vs-json-parse',
  unit: 'rows/s',
  better: 'high',
  goalOf: 'ratio',
  floor: 0.7,
  goal: 0.8,
  peerName: 'JSON.parse(body.toString())',
  async run() {
    body ??= Buffer.from(JSON.stringify(stockRows(count)));
    const bytes = body;
    const ours = await timed(count, () => countRows(json, bytes));
    const peer = await timed(count, () => {
      const rows: unknown = JSON.parse(bytes.toString());
      return Array.isArray(rows) ? rows.length : 0;
    });
    return { ours: count / (ours / 1_000), peer: count / (peer / 1_000) };
  },
};
