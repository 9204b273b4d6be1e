/** What the API does wrong on purpose. */
export type Fault =
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The body stops in the middle and the connection is closed; `quietly`: it ends as if that were all of it. */
  | { readonly kind: 'truncated'; readonly quietly?: boolean }
  /** The connection is closed without an answer. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'slow'; readonly ms: number }
  /** Headers come, and then nothing. */
  | { readonly kind: 'hanging' }
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** A login page where data were asked for. */
  | { readonly kind: 'html' }
  /** Rows have moved between two pages: this one begins so many rows later, or earlier. */
  | { readonly kind: 'shifted'; readonly rows: number }
  /** What leads to the next page leads to this one. */
  | { readonly kind: 'looping' }
  /** So many megabytes of zeros, packed. */
  | { readonly kind: 'bomb'; readonly megabytes: number };

export interface FaultRule {
  readonly fault: Fault;
  /** How many requests it hits. Default: 1. */
  readonly times?: number;
  /** How many requests go well before. Default: 0. */
  readonly after?: number;
  /** Only requests to paths that begin so. */
  readonly path?: string;
}

/** Faults that are to come, in the order in which they were asked for. */
export interface Faults {
  add(rule: FaultRule): void;
  clear(): void;
  /** The one that hits this request, used up by it. */
  take(path: string): Fault | undefined;
}

export function createFaults(): Faults {
  let rules: { readonly rule: FaultRule; after: number; times: number }[] = [];
  return {
    add(rule) {
      rules.push({ rule, after: rule.after ?? 0, times: rule.times ?? 1 });
    },
    clear() {
      rules = [];
    },
    take(path) {
      const next = rules.find(({ rule }) => path.startsWith(rule.path ?? '/'));
      if (next === undefined) return undefined;
      if (next.after > 0) {
        next.after--;
        return undefined;
      }
      next.times--;
      if (next.times <= 0) rules = rules.filter((other) => other !== next);
      return next.rule.fault;
    },
  };
}
