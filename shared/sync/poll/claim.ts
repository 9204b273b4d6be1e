import type { Segment } from '../../model/run.ts';
import type { PollState, Reading } from './pollState.ts';

/** A state whose next page somebody works on. */
export type ClaimedState = PollState & { readonly reading: Reading };

/** The attempt under which a claimed page is delivered: `messages` of it are recorded already. */
export function attemptOf({ segments }: Reading): Segment {
  return segments.at(-1) ?? { attempt: 0, messages: 0 };
}

/**
 * Claims the next page. An attempt goes on over pages until somebody dies with it: what was sent since its last recorded
 * page can't be told from what comes next, so that a new number is needed then.
 */
export function claim(state: PollState, reading: Reading): ClaimedState {
  if (!reading.isClaimed) return { ...state, reading: { ...reading, isClaimed: true } };
  const attempts = state.attempts + 1;
  const segments = [...reading.segments.filter(({ messages }) => messages > 0), { attempt: attempts, messages: 0 }];
  return { ...state, attempts, reading: { ...reading, segments } };
}

/** The segments once the claimed page is recorded. */
export function withMessages(reading: Reading, messages: number): readonly Segment[] {
  const { attempt, messages: before } = attemptOf(reading);
  return [...reading.segments.slice(0, -1), { attempt, messages: before + messages }];
}
