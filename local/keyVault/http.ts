/** One request, read whole. */
export interface Call {
  readonly method: string;
  /** The path's segments, decoded: `['secrets', 'acme-dms', 'versions']`. */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  /** `https://localhost:8443`: ids of secrets begin with it. */
  readonly origin: string;
  /** Parsed JSON; an empty object where there is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  /** Written as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
