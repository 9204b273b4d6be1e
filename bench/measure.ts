import type { Benchmark, Measurement, Result } from './benchmark.ts';

const runs = 5;

export interface Outcome {
  readonly result: Result;
  readonly isFloorMet: boolean;
  readonly note: string;
}

/** The medians of a few runs, each of which measures ours and its peer; one run before them warms up. */
export async function measure(benchmark: Benchmark): Promise<Outcome> {
  try {
    return outcomeOf(benchmark, await repeat(benchmark));
  } finally {
    await benchmark.end?.();
  }
}

async function repeat(benchmark: Benchmark): Promise<Measurement[]> {
  await benchmark.run();
  const measurements: Measurement[] = [];
  while (measurements.length < runs) {
    measurements.push(await benchmark.run());
  }
  return measurements;
}

function outcomeOf(benchmark: Benchmark, measurements: readonly Measurement[]): Outcome {
  const ours = median(measurements.map((measurement) => measurement.ours));
  const peer = median(measurements.map((measurement) => measurement.peer));
  const ratio = benchmark.better === 'high' ? ours / peer : peer / ours;
  return {
    result: {
      name: benchmark.name,
      unit: benchmark.unit,
      ours: rounded(ours),
      peer: rounded(peer),
      peer_name: benchmark.peerName,
      ratio: rounded(ratio),
      goal: benchmark.goal,
      met: reaches(benchmark, benchmark.goal, ours, ratio),
    },
    isFloorMet: reaches(benchmark, benchmark.floor, ours, ratio),
    note: measurements.at(-1)?.note ?? '',
  };
}

function reaches({ goalOf, better }: Benchmark, mark: number, ours: number, ratio: number): boolean {
  if (goalOf === 'ratio') {
    return ratio >= mark;
  }
  return better === 'low' ? ours <= mark : ours >= mark;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
