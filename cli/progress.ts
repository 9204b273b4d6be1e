import type { TextStream } from './output.ts';

/** How far long work is. */
export interface Progress {
  /** Replaces what was shown before; nothing where standard error is no terminal. */
  show(text: string): void;
  /** Takes the line away, so that something else can be written. */
  clear(): void;
}

/** More often is not readable. */
const leastMilliseconds = 80;

/** One line of a terminal that is written over again and again. Elsewhere silent: logs want results, not steps. */
export function createProgress(stream: TextStream, now: () => number = Date.now): Progress {
  if (stream.isTTY !== true) return { show: () => {}, clear: () => {} };
  let shown = false;
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    show(text) {
      if (now() - shownAt < leastMilliseconds) return;
      shownAt = now();
      shown = true;
      stream.write(`\r\u001b[2K${[...text].slice(0, (stream.columns || 80) - 1).join('')}`);
    },
    clear() {
      if (!shown) return;
      shown = false;
      shownAt = Number.NEGATIVE_INFINITY;
      stream.write('\r\u001b[2K');
    },
  };
}
