/**
 * A source's circuit breaker as it is kept in the store: instances come and go.
 * - `closed`: calls go through; `failures` is how many failed in a row
 * - `open`: nothing goes through until then
 * - `half-open`: one call tries whether the other side is back; who died with it is forgotten at `until`
 *
 * Times are milliseconds since 1970.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open'; readonly until: number; readonly openings: number }
  | { readonly state: 'half-open'; readonly until: number; readonly openings: number };

export const closedBreaker: Breaker = { state: 'closed', failures: 0 };

/** A call with its five retries. */
const maxFailures = 6;
const firstPauseMs = 60_000;
const longestPauseMs = 30 * 60_000;
/** Longer than a call may take. */
const trialMs = 5 * 60_000;

/** Whether a call may go through, and what the breaker is then. */
export type Admission =
  | { readonly isAdmitted: true; readonly breaker: Breaker }
  | { readonly isAdmitted: false; readonly retryAt: number };

export function admit(breaker: Breaker, now: number): Admission {
  if (breaker.state === 'closed') return { isAdmitted: true, breaker };
  if (isShut(breaker, now)) return { isAdmitted: false, retryAt: breaker.until };
  return { isAdmitted: true, breaker: tryOut(breaker, now) };
}

/** Whether nothing goes through yet. What is shut for longer than it ever is was shut by a clock that was wrong. */
export function isShut(breaker: Breaker, now: number): boolean {
  return breaker.state !== 'closed' && now < breaker.until && breaker.until <= now + longestPauseMs;
}

/** Lets the next call through at once: somebody asked for it by hand. */
export function probe(breaker: Breaker, now: number): Breaker {
  return breaker.state === 'closed' ? breaker : { ...breaker, state: 'open', until: now };
}

/** The other side answered, even if only to refuse. */
export function succeeded(): Breaker {
  return closedBreaker;
}

/** A call failed for a reason that may pass: the other side didn't answer, or said that it can't. */
export function failed(breaker: Breaker, now: number): Breaker {
  if (breaker.state === 'closed') {
    const failures = breaker.failures + 1;
    return failures < maxFailures ? { state: 'closed', failures } : opened(1, now);
  }
  // A call that began before it opened says nothing new.
  return breaker.state === 'open' ? breaker : opened(breaker.openings + 1, now);
}

function tryOut({ openings }: { readonly openings: number }, now: number): Breaker {
  return { state: 'half-open', until: now + trialMs, openings };
}

function opened(openings: number, now: number): Breaker {
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(openings - 1, 10));
  return { state: 'open', until: now + pauseMs, openings };
}
