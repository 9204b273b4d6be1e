import type { Run } from '../../cli/answers/run.ts';
import type { HubClient } from '../../cli/client.ts';
import { fileKindOf } from '../../cli/push/fileKind.ts';
import { type PushResult, pushFile } from '../../cli/push/pushFile.ts';
import { sumReceipts } from '../../cli/receipt.ts';
import { waitForRun } from '../../cli/waitForRun.ts';
import type { Delivery } from '../adventure-works/delivery.ts';
import type { Arrival } from './arrival.ts';

/** A delivery that the hub has taken; its runs may still be open. */
export interface Taken {
  readonly delivery: Delivery;
  readonly pushed: PushResult;
  readonly milliseconds: number;
}

/** One that came by HTTP, with the answers that it got. */
export interface PushedArrival extends Arrival {
  readonly pushed: PushResult;
}

/** Far longer than it takes, and short enough for somebody who watches. */
const longestWait = 90_000;

/**
 * Pushes a delivery's file, as `adp push` does.
 *
 * @throws AdpError when the hub refuses it
 */
export async function pushDelivery(
  hub: HubClient,
  delivery: Delivery,
  file: string,
  onProgress: (rows: number) => void,
): Promise<Taken> {
  const started = Date.now();
  const pushed = await pushFile(hub, {
    dealer: delivery.dealer,
    entity: delivery.entity,
    file,
    kind: fileKindOf(file),
    rowsPerBatch: 2000,
    concurrency: 2,
    onProgress: ({ rows }) => onProgress(rows),
  });
  return { delivery, pushed, milliseconds: Date.now() - started };
}

/** @throws AdpError NETWORK_ERROR when a run doesn't close in time */
export async function waitUntilWritten(
  hub: HubClient,
  taken: readonly Taken[],
  onProgress: (openRuns: number) => void,
): Promise<PushedArrival[]> {
  let open = taken.reduce((sum, { pushed }) => sum + pushed.runIds.length, 0);
  const arrivals: PushedArrival[] = [];
  for (const { delivery, pushed } of taken) {
    const runs: Run[] = [];
    for (const runId of pushed.runIds) {
      onProgress(open);
      runs.push(await waitForRun(hub, runId, undefined, longestWait));
      open--;
    }
    arrivals.push({ delivery, pushed, runs, receipt: sumReceipts(runs.map(({ receipt }) => receipt)) });
  }
  return arrivals;
}
