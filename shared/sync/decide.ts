import type { Change } from '../model/change.ts';
import { formatVersion, parseVersion } from '../model/version.ts';

/** What the store holds of a record, as far as a decision needs it. `content_hash` is null for a tombstone. */
export interface Held {
  readonly version: string;
  readonly content_hash: string | null;
  readonly source_id: string | null;
  readonly run_id: string;
  readonly first_run_id: string;
}

/** Who brings the change. */
export interface Bringer {
  readonly run_id: string;
  readonly source_id: string | null;
}

/** How one change counts in a run's receipt. */
export type Outcome = 'inserted' | 'updated' | 'deleted' | 'unchanged' | 'stale';

/**
 * - `write`: the record (or tombstone) with this version replaces what is held, if anything; then it counts as `outcome`
 * - `touch`: the content stays, only the version (and whose it is) is written
 * - `nothing`: it counts as `outcome`
 */
export type Decision =
  | { readonly kind: 'write'; readonly version: string; readonly outcome: 'inserted' | 'updated' | 'deleted' }
  | { readonly kind: 'touch'; readonly outcome: 'unchanged' }
  | { readonly kind: 'nothing'; readonly outcome: Outcome };

/**
 * The version rules (architecture.md, "Versions" and "Crashes"), for one change against what is held. Pure: whoever
 * writes the decision guards it with the ETag that was read, and decides again where that fails.
 */
export function decide(change: Change, by: Bringer, held: Held | undefined): Decision {
  if (change.op === 'delete' && change.absence === true) return decideAbsence(change.version, by, held);
  if (held === undefined) {
    const outcome = change.op === 'upsert' ? 'inserted' : 'deleted';
    return { kind: 'write', version: change.version, outcome };
  }
  if (change.version === held.version && by.run_id === held.run_id) return alreadyDone(held);
  const sameContent = change.op === 'upsert' ? held.content_hash === change.content_hash : held.content_hash === null;
  if (change.version === held.version) return { kind: 'nothing', outcome: sameContent ? 'unchanged' : 'stale' };
  if (change.version < held.version) return { kind: 'nothing', outcome: 'stale' };
  if (sameContent) {
    return epochAndTime(change.version) === epochAndTime(held.version) && by.source_id === held.source_id
      ? { kind: 'nothing', outcome: 'unchanged' }
      : { kind: 'touch', outcome: 'unchanged' };
  }
  if (change.op === 'delete') return { kind: 'write', version: change.version, outcome: 'deleted' };
  const outcome = held.content_hash === null ? 'inserted' : 'updated';
  return { kind: 'write', version: change.version, outcome };
}

/**
 * A delete by absence applies only to a record of the same source whose `captured` is before the run's; its tombstone
 * keeps the record's `t` and takes the run's `captured`.
 */
function decideAbsence(version: string, by: Bringer, held: Held | undefined): Decision {
  if (held === undefined) return { kind: 'nothing', outcome: 'unchanged' };
  if (held.content_hash === null) {
    return { kind: 'nothing', outcome: held.run_id === by.run_id ? 'deleted' : 'unchanged' };
  }
  const run = parseVersion(version);
  const record = parseVersion(held.version);
  if (held.source_id !== by.source_id || record.captured >= run.captured || record.epoch > run.epoch) {
    return { kind: 'nothing', outcome: 'stale' };
  }
  return { kind: 'write', version: formatVersion({ ...run, t: record.t }), outcome: 'deleted' };
}

/** The change was applied by an earlier delivery of the same run: it counts as it did then. */
function alreadyDone(held: Held): Decision {
  if (held.content_hash === null) return { kind: 'nothing', outcome: 'deleted' };
  return { kind: 'nothing', outcome: held.first_run_id === held.run_id ? 'inserted' : 'updated' };
}

function epochAndTime(version: string): string {
  const { epoch, t } = parseVersion(version);
  return `${epoch}|${t}`;
}
