import type { Clock } from '../../clock.ts';
import type { PulledRow } from '../../connectors/connector.ts';
import { AdpError } from '../../errors.ts';
import type { EntityName } from '../../model/entities.ts';
import type { Instant } from '../../model/instant.ts';
import type { Run, RunId } from '../../model/run.ts';
import type { RunStore } from '../runStore.ts';
import type { ReadDiff } from './readDiff.ts';
import { toStagedLine } from './stagedLine.ts';
import type { StagingBlobs } from './stagingBlobs.ts';

/** A read of everything: whole rows, or the keys alone. Nothing of it is delivered before all of it was compared. */
export interface CompleteRead {
  readonly dealerId: string;
  readonly sourceId: string;
  readonly entity: EntityName;
  readonly runId: RunId;
  readonly mode: 'all' | 'keys';
  readonly captured: Instant;
  /** What decides how a row becomes a record, and so which fields are read. */
  readonly meaning: string;
}

/** What of a complete read was put aside, to be kept with its place: what isn't recorded there was never read. */
export interface Staged {
  readonly rows: number;
  readonly bytes: number;
  /** In their order: how many blocks one attempt after the other has put aside. */
  readonly blocks: readonly { readonly attempt: number; readonly count: number }[];
}

export const nothingStaged: Staged = { rows: 0, bytes: 0, blocks: [] };

export interface StagingDeps {
  readonly staging: StagingBlobs;
}

export interface FinishDeps extends StagingDeps {
  readonly runs: Pick<RunStore, 'get'>;
  /** Hands the read over to the queue `snapshot-diffs`. */
  readonly handOver: (diff: ReadDiff) => Promise<void>;
  readonly clock: Clock;
}

/** Of one block blob: https://learn.microsoft.com/rest/api/storageservices/understanding-block-blobs--append-blobs--and-page-blobs */
const maxBlocks = 50_000;

/**
 * Puts a page's rows aside, and answers what is to be recorded together with the page's place. A page that isn't recorded
 * is pulled again under another attempt, and what this one has put aside is never looked at.
 *
 * Rows that the source marks as deleted are left out: what a complete read lacks is deleted.
 *
 * @param attempt unlike those of all other tries at a page of this run
 * @throws AdpError NETWORK_ERROR (retry); CONFIG_ERROR (park) where the pages are too many
 */
export async function stagePage(
  read: CompleteRead,
  staged: Staged,
  attempt: number,
  rows: readonly PulledRow[],
  { staging }: StagingDeps,
): Promise<Staged> {
  const lines = rows.filter((row) => !isDeleted(row)).map((row) => `${toStagedLine(row)}\n`);
  if (lines.length === 0) return staged;
  const block = blocksOf(staged);
  if (block >= maxBlocks) {
    const message = `A complete read has at most ${maxBlocks} pages: let a page have more rows.`;
    throw new AdpError('CONFIG_ERROR', message);
  }
  const content = Buffer.from(lines.join(''));
  await staging.stage(blobOf(read), blockId(block, attempt), content);
  const last = staged.blocks.at(-1);
  const isSame = last?.attempt === attempt;
  const before = isSame ? staged.blocks.slice(0, -1) : staged.blocks;
  return {
    rows: staged.rows + lines.length,
    bytes: staged.bytes + content.byteLength,
    blocks: [...before, { attempt, count: (isSame ? last.count : 0) + 1 }],
  };
}

/**
 * Hands over what was put aside, once the last page is recorded: from then on the diff answers for the run, which stays
 * open until it is compared and sent. Twice is harmless.
 *
 * @param notes what the run is to say besides
 * @throws AdpError NETWORK_ERROR (retry); CONFLICT (retry) where what was put aside is gone: if that stays so the run has
 * to fail, and the next one to read everything again
 */
export async function finishRead(
  read: CompleteRead,
  staged: Staged,
  notes: readonly string[],
  { staging, runs, handOver, clock }: FinishDeps,
): Promise<void> {
  const { dealerId, sourceId, entity, runId, mode, captured, meaning } = read;
  const run = (await runs.get(runId))?.run;
  // Sealed or superseded by the diff, which has removed the rows by now.
  if (run !== undefined && isEnded(run)) return;
  const blob = blobOf(read);
  await staging.commit(blob, blockIds(staged));
  await handOver({
    run_id: runId,
    dealer_id: dealerId,
    entity,
    source_id: sourceId,
    read: { mode, blob, bytes: staged.bytes, meaning, ended_at: new Date(clock()).toISOString(), notes },
    captured,
  });
}

/** For a read that ends otherwise. What is only put aside, and never put together, goes by itself after a week. */
export async function discardRead(read: CompleteRead, { staging }: StagingDeps): Promise<void> {
  await staging.remove(blobOf(read));
}

function blobOf({ dealerId, sourceId, entity, runId }: CompleteRead): string {
  return `polls/${dealerId}/${sourceId}/${entity}/${runId.slice(dealerId.length + 1)}.ndjson`;
}

function blocksOf({ blocks }: Staged): number {
  return blocks.reduce((sum, { count }) => sum + count, 0);
}

function blockIds({ blocks }: Staged): string[] {
  const attempts = blocks.flatMap(({ attempt, count }) => new Array<number>(count).fill(attempt));
  return attempts.map((attempt, block) => blockId(block, attempt));
}

/** The attempt is part of it: a try that was held up must not put another page under the one that was recorded. */
function blockId(block: number, attempt: number): string {
  return Buffer.from(`${String(block).padStart(6, '0')}.${String(attempt).padStart(12, '0')}`).toString('base64');
}

function isDeleted(row: PulledRow): boolean {
  return 'values' in row && Object.hasOwn(row.values, '_op') && row.values._op === 'delete';
}

function isEnded({ sealed, status }: Run): boolean {
  return sealed !== undefined || (status !== 'running' && status !== 'failed');
}
