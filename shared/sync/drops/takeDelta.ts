import { AdpError } from '../../errors.ts';
import type { Sniffed } from '../../formats/format.ts';
import { type Ingestion, ingest } from '../ingest.ts';
import { describeNewColumns } from '../newColumns.ts';
import type { SealedWork } from '../runWork.ts';
import type { ArrivalDeps } from './arrivalDeps.ts';
import type { DropSource } from './dropSource.ts';
import type { DropSnapshot } from './dropStore.ts';
import { checkColumns, describeSniffed, judgeDelta } from './judgeDelta.ts';
import { checkManifest, checkManifestRows, type Manifest } from './manifest.ts';
import { placeOf } from './place.ts';
import { contentOf, readRows } from './readRows.ts';
import type { Refusal } from './refusal.ts';

/** A delta that is worked on. */
export interface Delta {
  readonly path: string;
  readonly drop: DropSnapshot;
  readonly source: DropSource;
  readonly manifest: Manifest | undefined;
  readonly ingestion: Ingestion;
}

/**
 * Takes a delta whole or not at all. It is read three times, from the snapshot of its arrival: for its hash, to be
 * judged, and to be sent; memory is bounded by a window of rows, whatever its size.
 *
 * @throws AdpError whatever ends the whole file: `DATA_ERROR`, `MAPPING_ERROR` (park), or what a later try may get over
 */
export async function takeDelta(delta: Delta, deps: ArrivalDeps): Promise<SealedWork | Refusal> {
  const { path, drop, source, manifest, ingestion } = delta;
  const { dealerId, entity, sourceId, epoch, runId, captured } = ingestion;
  const { file } = placeOf(path);

  const content = await contentOf(drop);
  if (manifest !== undefined) {
    checkManifest(manifest, { entity, zone: source.zone, encoding: source.encoding, sha256: content });
  }
  const last = await deps.ledger.lastTaken(path);
  if (last?.content === content && last.epoch === epoch && last.runId !== runId) {
    if (last.captured === captured) await deps.ledger.noteTaken(path, { ...last, isUnderWay: false });
    return { ...nothing, notes: [`The content is the same as in run ${last.runId}: there was nothing to do.`] };
  }
  if (drop.size === 0) {
    throw new AdpError('DATA_ERROR', `${file} is empty: it has not even a header.`, { disposition: 'park' });
  }

  let sniffed: Sniffed | undefined;
  const read = () =>
    readRows(file, drop, source, manifest, (found) => {
      checkColumns(found, source);
      sniffed = found;
    });
  const { counts, refusal } = await judgeDelta(read(), ingestion, source);
  if (manifest !== undefined) checkManifestRows(manifest, counts.read);
  if (refusal !== undefined) return refusal;

  const ingested = await ingest(read(), ingestion, {
    deliver: deps.deliver,
    // Each try reads the same bytes and finds the same rows: under one name they are kept once.
    quarantine: (mine, rejections, window) => deps.quarantine({ ...mine, attempt: 1 }, rejections, window),
  });
  // Unless a later state of the file was begun meanwhile: then that is what the next one is compared with.
  const latest = await deps.ledger.lastTaken(path);
  if (latest?.captured === captured) await deps.ledger.noteTaken(path, { content, epoch, runId, captured });
  const notes = sniffed === undefined ? [] : [describeSniffed(sniffed)];
  if (sniffed?.columns !== undefined) {
    const before = await deps.ledger.lastColumns(dealerId, sourceId, entity);
    const added = describeNewColumns('this file', before, sniffed.columns);
    if (added !== undefined) notes.push(added);
    await deps.ledger.noteColumns(dealerId, sourceId, entity, sniffed.columns);
  }
  return { ...ingested, notes };
}

const nothing: SealedWork = {
  counts: { read: 0, rejected: 0, repeated: 0, unchanged: 0, upserts: 0, deletes: 0, deleteRows: 0 },
  messages: 0,
  errors: [],
};
