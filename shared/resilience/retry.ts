import { hash } from 'node:crypto';
import type { Disposition, ErrorCode } from '../errors.ts';

/** A call that failed, as data: it travels between activities and orchestrations. */
export interface Failure {
  readonly code: ErrorCode;
  readonly disposition: Disposition;
  /** For people: what to do. No secrets. */
  readonly detail: string;
  /** The other side said so. */
  readonly retryAfterMs?: number;
}

/** How often a call was tried again, by why. */
export interface Tries {
  readonly transient: number;
  readonly limited: number;
}

export const noTries: Tries = { transient: 0, limited: 0 };

export type RetryStep =
  | { readonly kind: 'wait'; readonly ms: number; readonly tries: Tries }
  | { readonly kind: 'stop' };

const firstWaitMs = 1_000;
const maxTransient = 5;
const maxLimited = 3;
/** Where a 429 doesn't say how long. */
const usualLimitedMs = 60_000;
/** Who is to be left alone for longer is left to the next schedule. */
const longestWaitMs = 3_600_000;
const jitterShare = 0.25;

/**
 * What to do about a failed call: transient errors are tried again after 1, 2, 4, 8 and 16 seconds, each up to a quarter
 * longer; a rate limit after what it says, else a minute, three times; anything else, and whatever has failed too often,
 * ends there.
 *
 * Pure and without chance, so that an orchestration may replay it.
 * @param seed of the jitter: the same for the same call of the same orchestration
 */
export function nextTry(failure: Failure, tries: Tries, seed: string): RetryStep {
  if (failure.disposition !== 'retry') return { kind: 'stop' };
  const asked = failure.retryAfterMs ?? 0;
  if (asked > longestWaitMs) return { kind: 'stop' };
  if (failure.code === 'RATE_LIMITED') {
    if (tries.limited === maxLimited) return { kind: 'stop' };
    const limited = tries.limited + 1;
    const ms = failure.retryAfterMs ?? usualLimitedMs;
    return { kind: 'wait', ms: withJitter(ms, `${seed} ${limited} limited`), tries: { ...tries, limited } };
  }
  if (tries.transient === maxTransient) return { kind: 'stop' };
  const ms = withJitter(firstWaitMs * 2 ** tries.transient, `${seed} ${tries.transient}`);
  return { kind: 'wait', ms: Math.max(ms, asked), tries: { ...tries, transient: tries.transient + 1 } };
}

/** Never shorter: who asks for a pause gets it. */
function withJitter(ms: number, seed: string): number {
  return Math.round(ms * (1 + jitterShare * fractionOf(seed)));
}

/** A number from 0 up to 1 that is always the same for the same text, and evenly spread over texts. */
export function fractionOf(text: string): number {
  return Number.parseInt(hash('sha256', text, 'hex').slice(0, 8), 16) / 2 ** 32;
}
