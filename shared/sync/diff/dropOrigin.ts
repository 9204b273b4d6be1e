import { AdpError } from '../../errors.ts';
import type { Sniffed } from '../../formats/format.ts';
import type { DropSource } from '../drops/dropSource.ts';
import type { DropStore } from '../drops/dropStore.ts';
import { checkColumns, describeSniffed } from '../drops/judgeDelta.ts';
import type { LedgerStore } from '../drops/ledgerStore.ts';
import { type DropPlace, placeOf } from '../drops/place.ts';
import { openDrop } from '../drops/readRows.ts';
import { describeNewColumns } from '../newColumns.ts';
import { openCompared } from './compareFile.ts';
import type { DropMessage } from './diffMessage.ts';
import { boundMeaning, type Origin, type ReadRules, usualDeleteRatio } from './origin.ts';
import { planDiff } from './planDiff.ts';

/** What a source says of its full snapshots of an entity. */
export interface SnapshotSource extends DropSource, ReadRules {
  readonly maxRejectRatio: number | undefined;
}

export interface DropOriginDeps {
  readonly drops: Pick<DropStore, 'find' | 'open'>;
  readonly ledger: Pick<LedgerStore, 'lastColumns' | 'noteColumns'>;
  /** Whose the file is. @throws AdpError (park) where it can't be taken any more */
  readonly sourceOf: (place: DropPlace) => Promise<SnapshotSource>;
}

/** contract.md, "A run": a manifest says that the file is whole. */
const deleteRatioWithManifest = 0.5;

/** A full snapshot that was dropped as a file. */
export function dropOrigin(message: DropMessage, deps: DropOriginDeps): Origin {
  const { dealer_id: dealerId, entity, source_id: sourceId, drop, manifest } = message;

  const sourceNow = async (): Promise<SnapshotSource> => {
    const source = await deps.sourceOf(placeOf(drop.path));
    if (source.sourceId === sourceId && source.name.entity === entity) return source;
    throw new AdpError('CONFIG_ERROR', 'The file belongs to another source since it arrived. Drop it again.');
  };

  const open = async (source: SnapshotSource) => {
    const snapshot = deps.drops.open(drop.path, drop.snapshot, drop.bytes);
    const { file, reading } = await openDrop(drop.name, snapshot, source, manifest);
    let sniffed: Sniffed | undefined;
    const onSniffed = (found: Sniffed) => {
      checkColumns(found, source);
      sniffed = found;
    };
    const opened = { file, mapper: source.mapper, options: { ...reading, onSniffed } };
    const read = await openCompared(opened);
    const columns = sniffed?.columns;
    const before = await deps.ledger.lastColumns(dealerId, sourceId, entity);
    const added = describeNewColumns('this file', before, columns);
    const notes = [sniffed && describeSniffed(sniffed), added].filter((note) => note !== undefined);
    return { file: read, columns, notes };
  };

  return {
    reads: 'rows',
    heading: { door: 'file', file: { path: drop.path, bytes: drop.bytes } },
    endedAt: undefined,
    isThere: async () => true,
    async overtaken() {
      const now = await deps.drops.find(drop.path);
      return now === undefined || now.etag === drop.etag ? undefined : 'The file was replaced before it was read.';
    },
    mapper: async () => (await sourceNow()).mapper,
    async plan(task, prefix, blobs) {
      const source = await sourceNow();
      const { mapper, maxDeleteRatio, maxRejectRatio } = source;
      const { file, columns, notes } = await open(source);
      return await planDiff(
        {
          ...task,
          file,
          mapper,
          meaning: boundMeaning(entity, source),
          guards: {
            maxDeleteRatio: maxDeleteRatio ?? (manifest === undefined ? usualDeleteRatio : deleteRatioWithManifest),
            maxRejectRatio,
            rejectsAllowed: 0,
            isEmptyAlwaysSuspect: true,
            suspicion: undefined,
          },
          expectedRows: manifest?.rows,
          notes: [...notes, ...task.notes],
          noteIfSame: 'It says the same as before: there was nothing to do.',
          columns,
        },
        prefix,
        blobs,
      );
    },
    async sent({ columns }) {
      if (columns !== undefined) await deps.ledger.noteColumns(dealerId, sourceId, entity, columns);
    },
    leave: async () => undefined,
  };
}
