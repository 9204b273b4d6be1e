import path from 'node:path';
import type { ReadOptions } from '../../shared/formats/format.ts';
import { openFile } from '../../shared/formats/openFile.ts';
import { contentHash } from '../../shared/model/contentHash.ts';
import { diffSnapshot } from '../../shared/snapshot/diffSnapshot.ts';
import { indexSnapshot } from '../../shared/snapshot/indexSnapshot.ts';
import type { NextBaseline, SnapshotOptions, SnapshotResult } from '../../shared/snapshot/snapshot.ts';
import type { CompareOptions } from '../../shared/sync/diff/compareFile.ts';
import { isReadByKernel, openCsv } from '../../shared/sync/diff/csvFile.ts';
import { openRows } from '../../shared/sync/diff/rowsFile.ts';
import type { Reading, SnapshotFile } from '../../shared/sync/diff/snapshotFile.ts';
import { type LocalFile, openLocalFile } from '../localFile.ts';
import { type Comparing, compareWith } from './compareWith.ts';

export interface Comparison extends Comparing {
  /** Paths of files of any format. */
  readonly before: string;
  readonly after: string;
  readonly reading: ReadOptions;
  progress(progress: ComparisonProgress): void;
}

export interface ComparisonProgress {
  readonly file: string;
  readonly rows: number;
  /** Of the file as it lies on the disk, 0 to 1. */
  readonly share: number;
}

/**
 * Finds what changed from one file to another, with the memory of the first one's fingerprints, which are kept in files
 * of their own meanwhile.
 *
 * @throws AdpError for a file that can't be read as a whole; the message names it
 */
export async function compareFiles(comparison: Comparison): Promise<SnapshotResult> {
  await using before = await openLocalFile(comparison.before);
  await using after = await openLocalFile(comparison.after);
  const files = await openAlike(comparison, before, after);
  const progressOf = (file: string, of: LocalFile) => (rows: number) =>
    comparison.progress({ file, rows, share: of.shareRead() });
  return await compareWith(
    (next, options) => writeBaseline(files.before, comparison, next, options, progressOf(comparison.before, before)),
    files.after,
    comparison,
    progressOf(comparison.after, after),
  );
}

/** Both files laid out in the same way: as CSV with the same key where they are that, else as rows by their ids. */
async function openAlike(comparison: Comparison, before: LocalFile, after: LocalFile) {
  const reopen = () =>
    Promise.all([readingOf(comparison, comparison.before, before), readingOf(comparison, comparison.after, after)]);
  const readings = await reopen();
  if (readings.every(isReadByKernel)) {
    const [first, second] = await Promise.all([openCsv(readings[0]), openCsv(readings[1])]);
    if (first.key.join('\n') === second.key.join('\n')) {
      return { before: first, after: second };
    }
  }
  const [first, second] = await reopen();
  return { before: await openRows(first), after: await openRows(second) };
}

async function readingOf({ mapper, reading }: Comparison, name: string, file: LocalFile): Promise<Reading> {
  return { file: await openFile(path.basename(name), file), mapper, options: reading };
}

async function writeBaseline(
  file: SnapshotFile,
  { mapper, byContent }: Comparison,
  next: NextBaseline,
  options: CompareOptions,
  progress: (rows: number) => void,
): Promise<void> {
  const report = ({ rows }: { rows: number }) => progress(rows);
  if (byContent) {
    await diffSnapshot<undefined>(file.source, undefined, next, optionsOf(file, options), {
      map(row) {
        const mapped = mapper.upsert(file.rowOf(row).values);
        return mapped.ok ? { contentHash: contentHash(mapped.data), change: undefined } : undefined;
      },
      changed: () => undefined,
      broken: () => undefined,
      removed: () => undefined,
      progress: report,
    });
  } else {
    await indexSnapshot(file.source, next, optionsOf(file, options), report);
  }
}

function optionsOf({ key, delimiter, quote }: SnapshotFile, options: CompareOptions): SnapshotOptions {
  return {
    ...options,
    key,
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(quote === undefined ? {} : { quote }),
  };
}
