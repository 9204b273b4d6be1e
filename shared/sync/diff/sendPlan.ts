import { AdpError } from '../../errors.ts';
import type { Change, ChangeMessage } from '../../model/change.ts';
import { entities } from '../../model/entities.ts';
import type { IngestDeps, Ingestion, Rejection } from '../ingest.ts';
import { type Plan, planBlobs } from './plan.ts';
import { fromRowText } from './rowText.ts';
import type { SnapshotBlobs } from './snapshotBlobs.ts';
import { readChanges, readSpool } from './spool.ts';

/** Changes that are sent before it is noted that they were. */
const windowChanges = 10_000;
/** Rows that are put into quarantine together. */
const windowRejections = 1_000;

/** How far a plan was sent. */
export interface Sent {
  readonly isComplete: boolean;
  readonly windows: number;
  readonly messages: number;
  readonly changes: number;
}

/**
 * Puts the rejected rows of a plan into quarantine. Twice is harmless: windows and names are the same each time.
 */
export async function quarantineRejected(
  prefix: string,
  ingestion: Ingestion,
  blobs: SnapshotBlobs,
  { quarantine }: Pick<IngestDeps, 'quarantine'>,
): Promise<void> {
  const chunks = await blobs.open(planBlobs(prefix).rejected);
  if (chunks === undefined) return;
  let windows = 0;
  let window: Rejection[] = [];
  for await (const lines of readSpool(chunks)) {
    for (const line of lines) {
      // The line was written by this program.
      window.push(fromRowText(line) as unknown as Rejection);
      if (window.length < windowRejections) continue;
      await quarantine(ingestion, window, windows++);
      window = [];
    }
  }
  if (window.length > 0) await quarantine(ingestion, window, windows);
}

/**
 * Sends a plan's changes, upserts first, from where an earlier try stopped. The same windows make the same messages, so
 * what is sent twice is the same message twice.
 * @param accepted called after the queue has accepted another window: whether to go on
 */
export async function sendPlan(
  prefix: string,
  plan: Plan,
  heading: Omit<ChangeMessage, 'changes' | 'seq' | 'schema_version'>,
  from: Pick<Sent, 'windows' | 'messages'>,
  blobs: SnapshotBlobs,
  { deliver }: Pick<IngestDeps, 'deliver'>,
  accepted: (sent: Sent) => Promise<boolean>,
): Promise<Sent> {
  const standing = new Map(plan.competing);
  let sent: Sent = { isComplete: false, windows: 0, messages: from.messages, changes: 0 };
  for await (const window of windowsOf(readChanges(blobs, planBlobs(prefix).changes), standing)) {
    const isNew = sent.windows >= from.windows;
    const { schemaVersion: schema_version } = entities[heading.entity];
    const messages = isNew ? await deliver({ ...heading, schema_version, seq: sent.messages }, window) : 0;
    sent = {
      isComplete: false,
      windows: sent.windows + 1,
      messages: sent.messages + messages,
      changes: sent.changes + window.length,
    };
    if (isNew && !(await accepted(sent))) return sent;
  }
  const { upserts, deletes } = plan.counts;
  if (sent.changes !== upserts + deletes - plan.held) {
    throw new AdpError('INTERNAL', `The plan has ${upserts + deletes} changes, but ${sent.changes} were written down.`);
  }
  return { ...sent, isComplete: true };
}

async function* windowsOf(
  pages: AsyncIterable<readonly Change[]>,
  standing: ReadonlyMap<Change['id'], string>,
): AsyncGenerator<Change[]> {
  let window: Change[] = [];
  for await (const page of pages) {
    for (const change of page) {
      const stands = change.op === 'delete' || (standing.get(change.id) ?? change.version) === change.version;
      if (!stands) continue;
      // Deletes are sent once all upserts were accepted.
      const isTurn = change.op === 'delete' && window[0]?.op === 'upsert';
      if (isTurn || window.length === windowChanges) {
        yield window;
        window = [];
      }
      window.push(change);
    }
  }
  if (window.length > 0) yield window;
}
