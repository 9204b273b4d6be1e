import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { AdpError } from '../../shared/errors.ts';
import type { Mapper } from '../../shared/mapping/compile.ts';
import { contentHash } from '../../shared/model/contentHash.ts';
import { type ByteSink, sourceOf } from '../../shared/snapshot/bytes.ts';
import type { Baseline, NextBaseline, SnapshotChange, SnapshotResult } from '../../shared/snapshot/snapshot.ts';
import { type CompareOptions, compareFile } from '../../shared/sync/diff/compareFile.ts';
import type { ComparedFile } from '../../shared/sync/diff/snapshotFile.ts';

export interface ChangedRow {
  readonly row: number;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface RefusedRow {
  readonly row: number;
  readonly reason: string;
}

/** How rows are compared, and who is told of what was found. */
export interface Comparing {
  readonly mapper: Mapper;
  /** Rows are records: those that map to the same data are the same, however they are written. */
  readonly byContent: boolean;
  changed(changes: readonly SnapshotChange<ChangedRow>[]): void;
  refused(rows: readonly RefusedRow[]): void;
  /** The key's values, in the order of the result's `key`. */
  removed(keys: readonly (readonly string[])[]): void;
}

/**
 * Fingerprints in files of their own, which are gone afterwards.
 * @param write makes them
 * @param after is compared with them
 */
export async function compareWith(
  write: (next: NextBaseline, options: CompareOptions) => Promise<void>,
  after: ComparedFile,
  comparing: Comparing,
  progress: (rows: number) => void,
): Promise<SnapshotResult> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'adp-diff-'));
  try {
    // The same text in another encoding is no change here.
    const options = { encoding: '', mapping: '', seed: randomBytes(8).toString('hex'), maxDeleteRatio: 1 };
    const paths = { index: path.join(folder, 'index'), keys: path.join(folder, 'keys') };
    const index = createWriteStream(paths.index);
    const keys = createWriteStream(paths.keys);
    await write({ index: sinkOf(index), keys: sinkOf(keys) }, options);
    await Promise.all([index, keys].map((stream) => finished(stream.end())));
    const known = {
      index: sourceOf(createReadStream(paths.index)),
      keys: sourceOf(createReadStream(paths.keys)),
    };
    const result = await compare(after, known, options, comparing, progress);
    if (typeof result.baseline === 'object') {
      throw new AdpError('INTERNAL', `what was before can't be compared: ${result.baseline.void}`);
    }
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(
  file: ComparedFile,
  known: Baseline,
  options: CompareOptions,
  comparison: Comparing,
  progress: (rows: number) => void,
): Promise<SnapshotResult> {
  const { mapper, byContent } = comparison;
  const nowhere: ByteSink = { write: () => undefined };
  const next = { index: nowhere, keys: nowhere };
  return await compareFile<ChangedRow>(file, known, next, options, {
    map(kernelRow) {
      const { row, values } = file.rowOf(kernelRow);
      if (!byContent) return { change: { row, values } };
      const mapped = mapper.upsert(values);
      if (mapped.ok) return { contentHash: contentHash(mapped.data), change: { row, values: mapped.data } };
      const reasons = mapped.errors.map(({ field, detail }) => `${field} ${detail}`);
      comparison.refused([{ row, reason: reasons.join('; ') }]);
      return undefined;
    },
    changed(changes) {
      comparison.changed(changes);
      return undefined;
    },
    broken(rows) {
      const refused = rows.map((row) => {
        const { input, errors } = file.rejectionOf(row);
        return { row: input.row ?? row.row, reason: errors.map(({ detail }) => detail).join('; ') };
      });
      comparison.refused(refused);
      return undefined;
    },
    removed(keys) {
      comparison.removed(keys);
      return undefined;
    },
    progress: ({ rows }) => progress(rows),
  });
}

function sinkOf(stream: WriteStream): ByteSink {
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
  };
}
