import type { Clock } from './clock.ts';
import type { Outbox } from './delivery/serviceBus.ts';
import type { FileSettings, ShareSettings } from './shareSettings.ts';
import type { Sources } from './sources/sources.ts';
import type { BlobStore } from './store/blobs.ts';
import { dropsIn } from './store/drops.ts';
import { openFolder } from './store/folders.ts';
import { type Ledger, ledgerIn } from './store/ledger.ts';
import { seenFilesIn } from './store/seenFiles.ts';
import { openShare } from './store/shares.ts';
import type { Stamps } from './store/stamps.ts';
import type { OpenTable } from './store/tables.ts';
import type { ArrivalDeps } from './sync/drops/arrivalDeps.ts';
import { scanShare } from './sync/drops/scanShare.ts';
import type { Share } from './sync/drops/share.ts';
import { sweepDrops } from './sync/drops/sweepDrops.ts';
import { takeDrop } from './sync/drops/takeDrop.ts';
import type { Taking } from './sync/drops/taking.ts';
import type { IngestDeps } from './sync/ingest.ts';
import type { RunDeps } from './sync/runWork.ts';
import { describeError, type Log } from './telemetry/log.ts';

/** The doors of files. */
export interface Arrivals {
  readonly ledger: Ledger;
  /** Takes a file that has arrived; see `takeDrop`. @param path in the container `drops` */
  take(path: string): Promise<Taking>;
  /**
   * Copies what is new in the share into `drops`, then sends what lies there unsettled to `file-arrivals`.
   * @throws AdpError `NETWORK_ERROR` (retry) where the share can't be listed; the second part is done all the same
   */
  scan(): Promise<{ readonly copied: number; readonly sent: number }>;
  /** Removes a dealer's files from `drops`, and what is known of them. The share is never touched. */
  purge(dealerId: string): Promise<void>;
}

export interface ArrivalsDeps {
  readonly settings: FileSettings;
  readonly openTable: OpenTable;
  readonly blobs: BlobStore;
  readonly sources: Sources;
  readonly stamps: Stamps;
  readonly running: RunDeps & IngestDeps;
  /** Of `file-arrivals` and `snapshot-diffs`. */
  readonly arrivals: Outbox;
  readonly diffs: Outbox;
  readonly clock: Clock;
  readonly log: Log;
}

/** Builds the doors of files out of the app's parts. */
export function createArrivals(deps: ArrivalsDeps): Arrivals {
  const { settings, openTable, sources, clock, log } = deps;
  const container = deps.blobs.large('drops');
  const drops = dropsIn(container);
  const ledger = ledgerIn(openTable, clock);
  const seen = seenFilesIn(openTable);
  const share = settings.share === undefined ? undefined : shareOf(settings.share);
  const settled = new Set<string>();
  const taking: ArrivalDeps = {
    ...deps.running,
    drops,
    ledger,
    sourceOf: (place) => sources.fileSource(place),
    stamps: deps.stamps,
    handOver: (diff) => deps.diffs.send({ id: diff.run_id, body: JSON.stringify(diff) }),
    onFailure: (path, error) => log.error('A file could not be taken.', { path, error: describeError(error) }),
  };
  return {
    ledger,
    take: (path) => takeDrop(path, taking),
    async scan() {
      const onFailure = (path: string, error: unknown) =>
        log.warn('A file could not be copied from the share.', { path, error: describeError(error) });
      const copying = share === undefined ? 0 : scanShare({ share, seen, drops, clock, onFailure });
      const [copied] = await Promise.allSettled([copying]);
      // Whatever became of that: what lies in `drops` needs no share.
      const sent = await sweepDrops({
        drops,
        ledger,
        clock,
        triggerMaxBytes: settings.triggerMaxBytes,
        send: (path, id) => deps.arrivals.send({ id, body: JSON.stringify({ path }) }),
        settled,
      });
      if (copied.status === 'rejected') throw copied.reason;
      return { copied: copied.value, sent };
    },
    async purge(dealerId) {
      // In this order: a file that the ledger does not know would be taken.
      await container.removeUnder(`${dealerId}/`);
      await ledger.forget(dealerId);
    },
  };
}

function shareOf(settings: ShareSettings): Share {
  return settings.kind === 'folder' ? openFolder(settings.folder) : openShare(settings);
}
