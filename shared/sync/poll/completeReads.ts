import type { Clock } from '../../clock.ts';
import type { PulledRow } from '../../connectors/connector.ts';
import { AdpError, isConflict } from '../../errors.ts';
import type { EntityName } from '../../model/entities.ts';
import type { Instant } from '../../model/instant.ts';
import { messagesOf, type Run, type RunId, type Segment } from '../../model/run.ts';
import { wasGivenUp } from '../closeRuns.ts';
import type { RunStore } from '../runStore.ts';
import type { ReadDiff } from './readDiff.ts';
import { toStagedLine } from './stagedLine.ts';
import type { StagingBlobs } from './stagingBlobs.ts';

/** A read of everything, as all of its pages know it. */
export interface CompleteRead {
  readonly dealerId: string;
  readonly sourceId: string;
  readonly entity: EntityName;
  /** `keys`: rows have the key fields alone. */
  readonly mode: 'all' | 'keys';
  readonly runId: RunId;
  readonly epoch: number;
  /** When it began. */
  readonly captured: Instant;
  /** What decided which fields were read: rows of another meaning may lack some. */
  readonly meaning: string;
}

/** What there is to say once its last page is staged. */
export interface CompleteReadEnd {
  /** The pages that count, in order: of each attempt those with `seq` 0 to `messages` − 1. */
  readonly segments: readonly Segment[];
  readonly rows: number;
  readonly notes: readonly string[];
  /** Why it can hardly be all that there is: its deletes must be held. */
  readonly suspicion?: string;
}

/**
 * Reads of everything, which are compared as a whole: their pages are kept until the last one is there, then a diff takes
 * them over, which seals the run or ends it.
 */
export interface CompleteReads {
  /**
   * Keeps a page; durable once it resolves. Called again for the same place it is another look at the same page: what was
   * staged before does not count. Pages of an attempt that nothing was recorded of are staged for nothing.
   */
  stage(
    read: CompleteRead,
    at: { readonly attempt: number; readonly seq: number },
    rows: readonly PulledRow[],
  ): Promise<void>;
  /** Hands the read over. Twice is harmless. */
  finish(read: CompleteRead, end: CompleteReadEnd): Promise<void>;
  /** The read is not gone on with: what was staged of it may go. As well as it can; twice is harmless. */
  discard(read: CompleteRead): Promise<void>;
}

export interface CompleteReadDeps {
  readonly staging: StagingBlobs;
  readonly runs: Pick<RunStore, 'get'>;
  /** Hands the read over to the queue `snapshot-diffs`. */
  readonly handOver: (diff: ReadDiff) => Promise<void>;
  readonly clock: Clock;
}

/** Of one block blob: https://learn.microsoft.com/rest/api/storageservices/put-block-list */
const maxBlocks = 50_000;

/**
 * Complete reads as lines of text in a blob each: a page is a block, which is put aside under its attempt and number, and
 * the blob is put together of those that count once the last page is recorded. So a try that was held up can't put
 * another page under the one that was recorded; and what never becomes a blob goes by itself after a week.
 *
 * They throw AdpError NETWORK_ERROR (retry), and CONFIG_ERROR (park) where there are too many pages; `finish` INTERNAL
 * (retry) where one is gone: if that stays so, the run has to fail and the next one to read everything again.
 */
export function completeReadsIn({ staging, runs, handOver, clock }: CompleteReadDeps): CompleteReads {
  return {
    async stage(read, { attempt, seq }, rows) {
      if (seq >= maxBlocks) throw tooManyPages();
      const content = rows.map((row) => `${toStagedLine(row)}\n`).join('');
      await staging.stage(blobOf(read), blockId(attempt, seq), Buffer.from(content));
    },
    async finish(read, { segments, rows, notes, suspicion }) {
      const { dealerId, sourceId, entity, runId, mode, captured, meaning } = read;
      const run = (await runs.get(runId))?.run;
      // The diff was quicker, and has removed the rows by now, whatever became of them.
      if (run !== undefined && isEnded(run)) return;
      if (messagesOf(segments) > maxBlocks) throw tooManyPages();
      const blob = blobOf(read);
      await staging.commit(blob, segments.flatMap(blockIds)).catch((error: unknown) => {
        throw isConflict(error) ? gone(error) : error;
      });
      await handOver({
        run_id: runId,
        dealer_id: dealerId,
        entity,
        source_id: sourceId,
        read: {
          mode,
          blob,
          rows,
          meaning,
          ended_at: new Date(clock()).toISOString(),
          notes,
          ...(suspicion === undefined ? {} : { suspicion }),
        },
        captured,
      });
    },
    async discard(read) {
      await Promise.allSettled([staging.remove(blobOf(read))]);
    },
  };
}

/** How the names of all blobs of a dealer's complete reads begin. */
export function stagedUnder(dealerId: string): string {
  return `polls/${dealerId}/`;
}

function blobOf({ dealerId, sourceId, entity, runId }: CompleteRead): string {
  return `${stagedUnder(dealerId)}${sourceId}/${entity}/${runId.slice(dealerId.length + 1)}.ndjson`;
}

function blockIds({ attempt, messages }: Segment): string[] {
  return Array.from({ length: messages }, (_, seq) => blockId(attempt, seq));
}

/** All are of one length, as the service asks. */
function blockId(attempt: number, seq: number): string {
  return Buffer.from(`${String(attempt).padStart(12, '0')}.${String(seq).padStart(6, '0')}`).toString('base64');
}

function tooManyPages(): AdpError {
  return new AdpError('CONFIG_ERROR', `A complete read has at most ${maxBlocks} pages: let them have more rows.`);
}

/** No lost race, which would be waited for without end: the diff may have taken them this moment, else they stay gone. */
function gone(cause: AdpError): AdpError {
  const message = 'Some of the rows that were read are gone. The next read brings them again.';
  return new AdpError('INTERNAL', message, { disposition: 'retry', cause });
}

function isEnded(run: Run): boolean {
  return run.sealed !== undefined || (run.status !== 'running' && !wasGivenUp(run));
}
