/** The end of the time that an answer may take, from the first request to the last byte. */
export interface Deadline {
  readonly ms: number;
  /** Aborts when time is up. */
  readonly signal: AbortSignal;
  clear(): void;
}

export function startDeadline(ms: number): Deadline {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(), ms);
  // Whoever forgets an answer must not keep the process alive.
  timer.unref();
  return { ms, signal: end.signal, clear: () => clearTimeout(timer) };
}
