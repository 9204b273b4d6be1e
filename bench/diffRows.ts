import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark } from './benchmark.ts';
import { type RowsFormat, writeSameRows } from './diffRowsData.ts';
import { runProgram } from './runProgram.ts';

const rows = 500_000;

const ours = fileURLToPath(import.meta.resolve('./diffRowsOurs.ts'));
const peer = fileURLToPath(import.meta.resolve('./diffRowsPeer.ts'));

/**
 * A snapshot of which no row has changed, in another order than before: from the file to "nothing changed" and the new
 * index, beside what it takes to read the file's rows at all.
 */
export const diffRows: readonly Benchmark[] = [
  benchmark('diff-ndjson-vs-json-parse', 'ndjson', 'JSON.parse of each line', 2),
  benchmark('diff-json-vs-json-parse', 'json', 'JSON.parse of the file', 2),
  benchmark('diff-xml-vs-saxes', 'xml', 'saxes to rows', 2),
  benchmark('diff-parquet-vs-hyparquet', 'parquet', 'hyparquet to rows', 1.5),
];

function benchmark(name: string, format: RowsFormat, peerName: string, floor: number): Benchmark {
  let data: Promise<string> | undefined;
  return {
    name,
    unit: 'ms',
    better: 'low',
    goalOf: 'ratio',
    floor,
    goal: 3,
    peerName,
    async run() {
      data ??= prepare(format);
      const folder = await data;
      const file = join(folder, `after.${format}`);
      // What a run before left would have to be cut off.
      await Promise.all(['next.index', 'next.keys'].map((file) => rm(join(folder, file), { force: true })));
      const diff = await runProgram(ours, [file, join(folder, 'next'), join(folder, 'before')]);
      const read = await runProgram(peer, [format, file]);
      if (diff.unchanged !== rows || diff.removed !== 0 || read.read !== rows) {
        throw new Error(`Of ${rows} rows the diff found ${JSON.stringify(diff)}, its peer ${JSON.stringify(read)}.`);
      }
      const note = `${Math.round(rows / diff.wallMs / 10) / 100}M rows/s, ${Math.round(diff.memoryMb)} MB; peer ${Math.round(read.memoryMb)} MB`;
      return { ours: diff.wallMs, peer: read.wallMs, note };
    },
    async end() {
      const folder = await data;
      data = undefined;
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function prepare(format: RowsFormat): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `adp-bench-${format}-`));
  const [before, after] = [join(folder, `before.${format}`), join(folder, `after.${format}`)];
  await writeSameRows(format, before, after, rows);
  await runProgram(ours, [before, join(folder, 'before')]);
  return folder;
}
