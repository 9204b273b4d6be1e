/** One measurement of ours and of its peer, made one after the other under the same load of the machine. */
export interface Measurement {
  readonly ours: number;
  readonly peer: number;
  /** For people: what else was seen, such as memory. The last run's is shown. */
  readonly note?: string;
}

/** One benchmark, a file each. */
export interface Benchmark {
  /** As in the goals of the performance page; also what `npm run bench -- NAME` selects by its beginning. */
  readonly name: string;
  readonly unit: string;
  /** Which values of the unit are good: times are better low, rates are better high. */
  readonly better: 'low' | 'high';
  /** Of what floor and goal speak: the ratio (above 1: ours is better), or our own value in the unit. */
  readonly goalOf: 'ratio' | 'ours';
  /** What must be shown, and what is aimed at. */
  readonly floor: number;
  readonly goal: number;
  readonly peerName: string;
  run(): Promise<Measurement>;
  /** Stops what `run` has started and left for the next run. */
  end?(): Promise<void>;
}

/** A line of `bench/results/latest.json`, whose shape the contract fixes. */
export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number;
  readonly peer_name: string;
  /** Above 1: ours is better. */
  readonly ratio: number;
  readonly goal: number;
  /** Whether the goal is met. */
  readonly met: boolean;
}
