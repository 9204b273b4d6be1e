/** What a piece of work took of its process. */
export interface Taken {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Peak of resident memory above what the process had before. */
  readonly memoryMb: number;
}

/** Measures from now until `stop`. */
export function startMeter(): { stop(): Taken } {
  globalThis.gc?.();
  const base = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  const start = performance.now();
  return {
    stop() {
      const wallMs = performance.now() - start;
      const { user, system } = process.cpuUsage(cpu);
      const peak = process.resourceUsage().maxRSS * 1024;
      return { wallMs, cpuMs: (user + system) / 1000, memoryMb: (peak - base) / 1e6 };
    },
  };
}
