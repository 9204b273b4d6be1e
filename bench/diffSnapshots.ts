import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, Measurement } from './benchmark.ts';
import { type DiffTruth, writeDiffData } from './diffData.ts';
import type { Taken } from './diffMeter.ts';
import { runProgram } from './runProgram.ts';

const rows = 5_000_000;

/** What one diff took each: by us, by DuckDB, and for reading the file alone; one after the other. */
interface Round {
  readonly ours: Taken;
  readonly duckdb: Taken;
  readonly scan: Taken;
}

interface Data {
  readonly folder: string;
  readonly truth: DiffTruth;
}

/** Every benchmark here looks at another side of the same rounds. */
const rounds: Promise<Round>[] = [];
let data: Promise<Data> | undefined;

const programs = {
  ours: fileURLToPath(import.meta.resolve('./diffOurs.ts')),
  duckdb: fileURLToPath(import.meta.resolve('./diffPeer.ts')),
  scan: fileURLToPath(import.meta.resolve('./diffScan.ts')),
};
const duckdbName = 'DuckDB, full outer join, 2 threads, 1 GB';

export const diffSnapshots: readonly Benchmark[] = [
  benchmark('diff-5m-wall-vs-duckdb', duckdbName, 2.5, 4, ({ ours, duckdb }) => [ours.wallMs, duckdb.wallMs]),
  benchmark('diff-5m-cpu-vs-duckdb', duckdbName, 5, 8, ({ ours, duckdb }) => [ours.cpuMs, duckdb.cpuMs]),
  benchmark('diff-5m-wall-vs-scan', 'read + indexOf', 0.05, 0.1, ({ ours, scan }) => [ours.wallMs, scan.wallMs]),
  {
    ...benchmark('diff-memory-per-million-rows', duckdbName, 40, 30, ({ ours, duckdb }) => [
      ours.memoryMb / (rows / 1e6),
      duckdb.memoryMb / (rows / 1e6),
    ]),
    unit: 'MB',
    goalOf: 'ours',
  },
];

function benchmark(
  name: string,
  peerName: string,
  floor: number,
  goal: number,
  sides: (round: Round) => [number, number],
): Benchmark {
  let runs = 0;
  return {
    name,
    unit: 'ms',
    better: 'low',
    goalOf: 'ratio',
    floor,
    goal,
    peerName,
    async run(): Promise<Measurement> {
      const measured = rounds[runs] ?? measureRound();
      rounds[runs] = measured;
      runs += 1;
      const round = await measured;
      const [ours, peer] = sides(round);
      return { ours, peer, note: `${Math.round(rows / round.ours.wallMs / 10) / 100}M rows/s` };
    },
    async end() {
      const { folder } = (await data) ?? {};
      data = undefined;
      if (folder !== undefined) {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function measureRound(): Promise<Round> {
  data ??= prepare();
  const { folder, truth } = await data;
  const before = join(folder, 'before');
  const after = join(folder, 'after.csv');
  // What a run before left would have to be cut off, by ours and not by the peer.
  await Promise.all(['next.index', 'next.keys', 'changes'].map((name) => rm(join(folder, name), { force: true })));
  const ours = await runProgram(programs.ours, [after, join(folder, 'changes'), join(folder, 'next'), before]);
  const duckdb = await runProgram(programs.duckdb, [`${before}.csv`, after, join(folder, 'changes.duckdb')]);
  const scan = await runProgram(programs.scan, [after]);
  if (ours.inserted !== truth.inserted || ours.updated !== truth.updated || ours.removed !== truth.removed) {
    throw new Error(`The diff found ${JSON.stringify(ours)} where there was ${JSON.stringify(truth)}.`);
  }
  return { ours, duckdb, scan };
}

async function prepare(): Promise<Data> {
  const folder = await mkdtemp(join(tmpdir(), 'adp-bench-diff-'));
  const before = join(folder, 'before');
  const truth = writeDiffData(`${before}.csv`, join(folder, 'after.csv'), rows);
  await runProgram(programs.ours, [`${before}.csv`, join(folder, 'changes'), before]);
  return { folder, truth };
}
