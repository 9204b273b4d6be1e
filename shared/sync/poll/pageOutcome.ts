import { AdpError } from '../../errors.ts';
import type { Counts } from '../../model/run.ts';
import type { Failure } from '../../resilience/retry.ts';
import type { Seen } from './seenOf.ts';

/**
 * What became of a page, or of some, one after another: then of the last one. It travels into an orchestration's history:
 * counts and codes, never rows.
 */
export type PageOutcome =
  /** It is recorded; the next one may be asked for, after a pause if the source wants one. */
  (
    | { readonly kind: 'more'; readonly waitMs?: number }
    /** It was the last one, and its run is sealed, or handed over to a diff. */
    | { readonly kind: 'done'; readonly counts: Counts }
    /** Not now: nothing was done, and nothing is wrong. */
    | { readonly kind: 'wait'; readonly ms: number }
    /** The source has failed too often lately to be asked at all. */
    | { readonly kind: 'refused'; readonly detail: string }
    | FailedPage
  ) & {
    /** So many pages are recorded: the next one has this number. Histories of before don't have it. */
    readonly pages?: number;
  };

/** `seen`: what it failed under, where a person has to do something about it. */
export type FailedPage = { readonly kind: 'failed'; readonly seen?: Seen } & Failure;

/** An error as data. `isUnforeseen`: the log should have it. */
export function toFailure(error: unknown): { readonly failure: Failure; readonly isUnforeseen: boolean } {
  if (error instanceof AdpError) {
    const { code, disposition, message: detail, retryAfterMs } = error;
    const failure = { code, disposition, detail, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    return { failure, isUnforeseen: disposition === 'fatal' };
  }
  if (error instanceof Error && error.name === 'TimeoutError') {
    const detail = 'The source took too long for a page. If it always does, index its cursor or read fewer columns.';
    return { failure: { code: 'NETWORK_ERROR', disposition: 'retry', detail }, isUnforeseen: false };
  }
  const detail = 'Something unexpected went wrong; the log has it under this run.';
  return { failure: { code: 'INTERNAL', disposition: 'fatal', detail }, isUnforeseen: true };
}
