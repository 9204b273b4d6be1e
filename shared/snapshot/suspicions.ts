import type { SuspectReason } from './snapshot.ts';

/** What was met in a whole file. */
export interface Met {
  /** Rows in all, those whose key can't be told, and those with a quote that is not closed. */
  readonly read: number;
  readonly unreadableKeys: number;
  readonly unclosed: number;
}

/** Why a snapshot's removals are held: see `SuspectReason`. */
export function suspicionsOf(met: Met, unseen: number, base: number, maxRatio: number): SuspectReason[] {
  const reasons: SuspectReason[] = [];
  if (met.read === 0) reasons.push('empty');
  if (met.unreadableKeys > 0) reasons.push('unreadable_key');
  if (met.unclosed > 0) reasons.push('unclosed_quote');
  if (unseen > maxRatio * base) reasons.push('too_many_deletes');
  return reasons;
}
