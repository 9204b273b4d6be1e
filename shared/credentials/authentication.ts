/** What a request carries to say who asks. */
export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Texts that no message and no log may hold, should the other side repeat them. */
  readonly secrets: readonly string[];
  /** Another one, after a 401; absent where there is none, so that asking again is in vain. Throws as `authorize`. */
  readonly renew?: (signal: AbortSignal) => Promise<Authorization>;
}

/** How a source says who it is. */
export interface Authentication {
  /** The parameters that it adds to queries. */
  readonly queryNames: readonly string[];
  /** @throws AdpError why no token could be had, with its disposition; the reason of `signal` where that aborts */
  authorize(signal: AbortSignal): Promise<Authorization>;
}

/** One that never changes. */
export function fixed(authorization: Partial<Authorization>): Authentication {
  const whole: Authorization = { headers: {}, query: {}, secrets: [], ...authorization };
  return { queryNames: Object.keys(whole.query), authorize: () => Promise.resolve(whole) };
}
