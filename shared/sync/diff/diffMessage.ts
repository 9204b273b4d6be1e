import { AdpError } from '../../errors.ts';
import { isEntityName } from '../../model/entities.ts';
import { type Instant, isInstant } from '../../model/instant.ts';
import { parseRunId, type RunId } from '../../model/run.ts';
import type { SnapshotDiff } from '../drops/snapshotDiff.ts';
import { stagedUnder } from '../poll/completeReads.ts';
import type { ReadDiff } from '../poll/readDiff.ts';

/** A message of `snapshot-diffs` that was checked. */
export type DropMessage = SnapshotDiff & Checked;
export type ReadMessage = ReadDiff & Checked;
export type DiffMessage = DropMessage | ReadMessage;

interface Checked {
  readonly run_id: RunId;
  readonly captured: Instant;
}

/**
 * A message as it came from the queue, checked as far as the diff relies on it: only the hub sends to this queue, but
 * whatever else lands there must not do harm.
 * @throws AdpError DATA_ERROR for what is no message of ours
 */
export function toDiffMessage(value: unknown): DiffMessage {
  if (typeof value === 'object' && value !== null && hasHeading(value) && (isDrop(value) || isRead(value)))
    return value;
  throw new AdpError('DATA_ERROR', 'The message is none of ours: it lacks what a message of snapshot-diffs has.');
}

function hasHeading({ run_id, dealer_id, entity, source_id, captured }: Partial<DiffMessage>): boolean {
  return (
    typeof run_id === 'string' &&
    parseRunId(run_id)?.dealerId === dealer_id &&
    typeof entity === 'string' &&
    isEntityName(entity) &&
    (source_id === null || typeof source_id === 'string') &&
    typeof captured === 'string' &&
    isInstant(captured)
  );
}

// No message of one dealer reads another's rows.

function isDrop(message: Partial<DropMessage>): message is DropMessage {
  const { dealer_id, drop, manifest = {} } = message;
  return (
    typeof manifest === 'object' &&
    manifest !== null &&
    typeof drop === 'object' &&
    drop !== null &&
    [drop.path, drop.etag, drop.snapshot, drop.name].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(drop.bytes) &&
    drop.path.startsWith(`${dealer_id}/`)
  );
}

function isRead(message: Partial<ReadMessage>): message is ReadMessage {
  const { dealer_id, source_id, read } = message;
  return (
    typeof dealer_id === 'string' &&
    typeof source_id === 'string' &&
    typeof read === 'object' &&
    read !== null &&
    (read.mode === 'all' || read.mode === 'keys') &&
    [read.blob, read.meaning].every((text) => typeof text === 'string') &&
    typeof read.ended_at === 'string' &&
    !Number.isNaN(Date.parse(read.ended_at)) &&
    Array.isArray(read.notes) &&
    Number.isSafeInteger(read.rows) &&
    read.notes.every((note) => typeof note === 'string') &&
    (read.suspicion === undefined || typeof read.suspicion === 'string') &&
    read.blob.startsWith(stagedUnder(dealer_id))
  );
}
