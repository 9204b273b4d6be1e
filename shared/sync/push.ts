import type { Clock } from '../clock.ts';
import type { Format, FormatRow, ReadOptions } from '../formats/format.ts';
import type { Mapper } from '../mapping/compile.ts';
import type { EntityName } from '../model/entities.ts';
import { toInstant } from '../model/instant.ts';
import { maxErrorsShown, type RowError, type Run } from '../model/run.ts';
import { type IngestDeps, type InputRow, ingest, windowRows } from './ingest.ts';
import { type RunDeps, runWork } from './runWork.ts';
import type { StampSource } from './stampSource.ts';

export interface PushDeps extends RunDeps, IngestDeps {
  readonly clock: Clock;
  readonly stamps: StampSource;
}

/** A batch as it was pushed, read and understood. */
export interface Batch {
  readonly dealerId: string;
  readonly entity: EntityName;
  readonly sourceId: string | null;
  readonly mapper: Mapper;
  readonly pages: readonly (readonly InputRow[])[];
  /** When the request arrived, in milliseconds since 1970: when the data left the source, as far as we know. */
  readonly receivedAt: number;
}

/** contract.md, the 202 of a batch. */
export interface Receipt {
  readonly run_id: string;
  readonly status: Run['status'];
  readonly received: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly errors: readonly RowError[];
}

/** contract.md: at most 50,000 rows a batch. */
export const maxBatchRows = windowRows;

/**
 * Reads a pushed body whole, so that nothing of a broken one is ever applied.
 * @throws AdpError DATA_ERROR where the body as a whole can't be read
 */
export async function readBatch(
  bytes: AsyncIterable<Uint8Array>,
  format: Format,
  options: ReadOptions,
): Promise<InputRow[][]> {
  const pages: InputRow[][] = [];
  let index = 0;
  for await (const page of format.read(bytes, { ...options, maxRows: maxBatchRows })) {
    pages.push(page.map((row) => toInput(row, index++)));
  }
  return pages;
}

function toInput(row: FormatRow, index: number): InputRow {
  return { index, ...row };
}

/**
 * Takes a batch: resolves once the queue has accepted every valid row, and the others are in quarantine.
 * @throws AdpError `retry` where a dependency did not answer: the client sends the batch again
 */
export async function push(batch: Batch, deps: PushDeps): Promise<Receipt> {
  const { dealerId, entity, sourceId, mapper, pages } = batch;
  // Asked for while the run is opened: neither needs the other, and each is a round trip.
  const stamp = deps.stamps.next(dealerId, entity, sourceId, toInstant(batch.receivedAt));
  stamp.catch(() => 'The run that waits for it fails with it; where none could be opened, nobody needs it.');
  const { run, ingested } = await runWork({ dealerId, entity, sourceId, door: 'push' }, deps, async ({ runId }) => {
    const { epoch, captured } = await stamp;
    return await ingest(pages, { runId, attempt: 1, dealerId, entity, sourceId, epoch, captured, mapper }, deps);
  });
  const { counts, errors } = ingested;
  return {
    run_id: run.runId,
    status: run.status,
    received: counts.read,
    accepted: counts.read - counts.rejected,
    rejected: counts.rejected,
    errors: errors.slice(0, maxErrorsShown),
  };
}

/** True for a batch of which nothing could be taken. */
export function nothingValid(receipt: Receipt): boolean {
  return receipt.received > 0 && receipt.accepted === 0;
}
