/** How often the API may be asked. */
export interface RateOptions {
  readonly perMinute: number;
  readonly burst: number;
}

export interface RateAnswer {
  readonly isAllowed: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** A token bucket, told of in the headers that most APIs use. */
export function createRate({ perMinute, burst }: RateOptions, clock: () => number): () => RateAnswer {
  let tokens = burst;
  let at = clock();
  return () => {
    const now = clock();
    tokens = Math.min(burst, tokens + ((now - at) * perMinute) / 60_000);
    at = now;
    const isAllowed = tokens >= 1;
    if (isAllowed) tokens--;
    const reset = Math.ceil(((1 - Math.min(1, tokens)) * 60) / perMinute);
    return {
      isAllowed,
      headers: {
        'x-ratelimit-limit': String(perMinute),
        'x-ratelimit-remaining': String(Math.floor(tokens)),
        'x-ratelimit-reset': String(reset),
        ...(isAllowed ? {} : { 'retry-after': String(Math.max(1, reset)) }),
      },
    };
  };
}
