import { AdpError } from '../../errors.ts';
import { isEntityName } from '../../model/entities.ts';
import { type Instant, isInstant } from '../../model/instant.ts';
import { parseRunId, type RunId } from '../../model/run.ts';
import type { SnapshotDiff } from '../drops/snapshotDiff.ts';

/** A message of `snapshot-diffs` that was checked. */
export type DiffMessage = SnapshotDiff & { readonly run_id: RunId; readonly captured: Instant };

/**
 * A message as it came from the queue, checked as far as the diff relies on it: only the hub sends to this queue, but
 * whatever else lands there must not do harm.
 * @throws AdpError DATA_ERROR for what is no message of ours
 */
export function toDiffMessage(value: unknown): DiffMessage {
  if (typeof value === 'object' && value !== null && isMessage(value)) return value;
  throw new AdpError('DATA_ERROR', 'The message is none of ours: it lacks what a message of snapshot-diffs has.');
}

function isMessage(message: Partial<SnapshotDiff>): message is DiffMessage {
  const { run_id, dealer_id, entity, source_id, drop, captured, manifest = {} } = message;
  return (
    typeof run_id === 'string' &&
    parseRunId(run_id)?.dealerId === dealer_id &&
    typeof entity === 'string' &&
    isEntityName(entity) &&
    (source_id === null || typeof source_id === 'string') &&
    typeof captured === 'string' &&
    isInstant(captured) &&
    typeof manifest === 'object' &&
    manifest !== null &&
    typeof drop === 'object' &&
    drop !== null &&
    [drop.path, drop.etag, drop.snapshot, drop.name].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(drop.bytes) &&
    // No message of one dealer reads another's file.
    drop.path.startsWith(`${dealer_id}/`)
  );
}
