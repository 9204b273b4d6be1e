// `npm run bench [-- NAME]`: measures each benchmark (those whose name begins with NAME) beside its peer.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Benchmark } from './benchmark.ts';
import { diffRows } from './diffRows.ts';
import { diffSnapshots } from './diffSnapshots.ts';
import { measure, type Outcome } from './measure.ts';
import { pollMssql } from './pollMssql.ts';
import { pollMysql } from './pollMysql.ts';
import { pollPostgres } from './pollPostgres.ts';
import { push } from './push.ts';
import { readCsv } from './readCsv.ts';
import { readJson } from './readJson.ts';
import { startBundled } from './startBundled.ts';
import { formatTable } from './table.ts';
import { write } from './write.ts';

const benchmarks: readonly Benchmark[] = [
  readCsv,
  readJson,
  push,
  write,
  pollPostgres,
  pollMysql,
  pollMssql,
  startBundled,
  ...diffSnapshots,
  ...diffRows,
];

const prefix = process.argv[2] ?? '';
const chosen = benchmarks.filter(({ name }) => name.startsWith(prefix));
if (chosen.length === 0) {
  console.error(`No benchmark begins with "${prefix}". There are: ${benchmarks.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}

const lines = [['name', 'ours', 'peer', 'unit', 'ratio', 'floor', 'goal', 'verdict', 'peer is', 'note']];
const outcomes: Outcome[] = [];
for (const benchmark of chosen) {
  process.stderr.write(`${benchmark.name} …\n`);
  const outcome = await measure(benchmark);
  outcomes.push(outcome);
  lines.push(toLine(benchmark, outcome));
}
const folder = join(import.meta.dirname, 'results');
await mkdir(folder, { recursive: true });
const results = outcomes.map(({ result }) => result);
await writeFile(join(folder, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
console.log(formatTable(lines));

function toLine(benchmark: Benchmark, { result, isFloorMet, note }: Outcome): string[] {
  const mark = (value: number) =>
    benchmark.goalOf === 'ratio' ? `${value}` : `${benchmark.better === 'low' ? '<' : '>'} ${value} ${result.unit}`;
  const verdict = result.met ? 'goal met' : isFloorMet ? 'floor met' : 'BELOW FLOOR';
  return [
    result.name,
    `${result.ours}`,
    `${result.peer}`,
    result.unit,
    `${result.ratio}`,
    mark(benchmark.floor),
    mark(benchmark.goal),
    verdict,
    result.peer_name,
    note,
  ];
}
