import type { Random } from './clock.ts';
import { again } from './delivery/deliver.ts';
import type { Outbox } from './delivery/serviceBus.ts';
import { AdpError } from './errors.ts';
import type { Run, RunId } from './model/run.ts';
import type { Dealers } from './sources/dealers.ts';
import type { Sources } from './sources/sources.ts';
import { baselinesIn } from './store/baselines.ts';
import type { BlobStore } from './store/blobs.ts';
import { dropsIn } from './store/drops.ts';
import { ledgerIn } from './store/ledger.ts';
import type { Runs } from './store/runs.ts';
import { snapshotBlobsIn } from './store/snapshotBlobs.ts';
import { stagingBlobsIn } from './store/stagingBlobs.ts';
import type { Stamps } from './store/stamps.ts';
import type { OpenTable } from './store/tables.ts';
import { keepUnreadable } from './store/unreadable.ts';
import { approveRun } from './sync/diff/approveRun.ts';
import { type DiffMessage, toDiffMessage } from './sync/diff/diffMessage.ts';
import { type DiffDeps, diffRead } from './sync/diff/diffRead.ts';
import { failDiff } from './sync/diff/diffRun.ts';
import type { HeldRecords } from './sync/diff/heldRecords.ts';
import type { IngestDeps } from './sync/ingest.ts';
import type { RunDeps } from './sync/runWork.ts';
import { describeError, type Log } from './telemetry/log.ts';

/** Full snapshots. */
export interface Snapshots {
  /**
   * Takes a message of `snapshot-diffs`. Where it isn't its turn, it is sent again, to come later; where its dealer is
   * gone, nothing is done.
   * @param tries how often it was sent again
   */
  diff(message: unknown, tries: number): Promise<void>;
  /**
   * Takes such a message that the queue has given up on: it is sent again a few times, for it may have been the machine;
   * then its run fails.
   */
  giveUp(message: unknown, tries: number): Promise<'sent again' | 'failed' | 'none of ours'>;
  /** Lets a suspect run's deletes be applied; see `approveRun`. */
  approve(runId: RunId): Promise<Run>;
  /** Removes a dealer's baselines. */
  purge(dealerId: string): Promise<void>;
}

export interface SnapshotsDeps {
  readonly openTable: OpenTable;
  readonly blobs: BlobStore;
  readonly dealers: Pick<Dealers, 'read'>;
  readonly sources: Sources;
  readonly stamps: Stamps;
  readonly runs: Runs;
  readonly records: HeldRecords;
  readonly running: RunDeps & IngestDeps;
  /** Of `snapshot-diffs`. */
  readonly diffs: Outbox;
  readonly random: Random;
  readonly log: Log;
}

/** Diffs that one instance has under way; one of a large file counts as all of them, for its index is in memory. */
const atOnce = 4;
const largeBytes = 256 * 1024 * 1024;
const largeRows = 2_000_000;
/** Who doesn't get in, or doesn't get the lease, comes again after at most this. */
const againMs = 5_000;
/** A message comes back from the dead so often: ten deliveries each time. */
const maxReturns = 3;
/** `tries` of messages that came back from the dead begin here. */
const returned = 1_000_000;

function isLarge(message: DiffMessage): boolean {
  return 'drop' in message ? message.drop.bytes > largeBytes : message.read.rows > largeRows;
}

/** Builds what compares full snapshots out of the app's parts. */
export function createSnapshots(deps: SnapshotsDeps): Snapshots {
  const { openTable, running, diffs, log } = deps;
  const { clock } = running;
  const baselines = baselinesIn(openTable, clock, () => Buffer.from(deps.random(8)).toString('hex'));
  const container = deps.blobs.raw('snapshots');
  const work: DiffDeps = {
    ...running,
    runs: deps.runs,
    baselines,
    blobs: snapshotBlobsIn(container),
    drops: dropsIn(deps.blobs.large('drops')),
    ledger: ledgerIn(openTable, clock),
    records: deps.records,
    epochOf: (dealerId, entity) => deps.stamps.epochOf(dealerId, entity),
    sourceOf: (place) => deps.sources.fileSource(place),
    staging: stagingBlobsIn(deps.blobs.raw('staging')),
    async rulesOf(dealerId, sourceId, entity) {
      const { entities } = await deps.sources.polledSource(dealerId, sourceId);
      const found = entities.find((one) => one.entity === entity);
      if (found !== undefined) return found;
      throw new AdpError('CONFIG_ERROR', `The source ${sourceId} does not bring ${entity} any more.`);
    },
  };
  const sendAgain = (message: DiffMessage, tries: number, ms: number) =>
    diffs.send(again(JSON.stringify(message), tries, new Date(clock() + ms)));
  let room = atOnce;

  return {
    async diff(body, tries) {
      const message = toDiffMessage(body);
      if ((await deps.dealers.read(message.dealer_id)) === undefined) {
        // A run that is opened now would outlive its dealer.
        log.warn('A snapshot is left alone: its dealer is gone.', { run_id: message.run_id });
        return;
      }
      const weight = isLarge(message) ? atOnce : 1;
      if (weight > room) return await sendAgain(message, tries + 1, againMs);
      room -= weight;
      try {
        const later = await diffRead(message, work);
        if (later !== undefined) await sendAgain(message, tries + 1, Math.min(later.retryAfterMs, againMs));
      } catch (error) {
        log.warn('A snapshot could not be compared; its message comes again.', {
          run_id: message.run_id,
          error: describeError(error),
        });
        throw error;
      } finally {
        room += weight;
      }
    },
    async giveUp(body, tries) {
      let message: DiffMessage;
      try {
        message = toDiffMessage(body);
      } catch (error) {
        if (!(error instanceof AdpError)) throw error;
        await keepUnreadable(deps.blobs.container('quarantine'), body, error.message);
        return 'none of ours';
      }
      const returns = tries < returned ? 0 : Math.floor(tries / returned);
      if (returns >= maxReturns) {
        await failDiff(message.run_id, running);
        return 'failed';
      }
      await sendAgain(message, (returns + 1) * returned, 60_000);
      return 'sent again';
    },
    approve: (runId) => approveRun(runId, work),
    async purge(dealerId) {
      await baselines.purge(dealerId);
      await container.removeUnder(`${dealerId}/`);
    },
  };
}
