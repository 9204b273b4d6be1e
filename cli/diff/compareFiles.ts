import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { AdpError } from '../../shared/errors.ts';
import type { ReadOptions } from '../../shared/formats/format.ts';
import { openFile } from '../../shared/formats/openFile.ts';
import type { Mapper } from '../../shared/mapping/compile.ts';
import { contentHash } from '../../shared/model/contentHash.ts';
import { type ByteSink, sourceOf } from '../../shared/snapshot/bytes.ts';
import { diffSnapshot } from '../../shared/snapshot/diffSnapshot.ts';
import { indexSnapshot } from '../../shared/snapshot/indexSnapshot.ts';
import type { SnapshotChange, SnapshotOptions, SnapshotResult } from '../../shared/snapshot/snapshot.ts';
import { isReadByKernel, openCsv } from '../../shared/sync/diff/csvFile.ts';
import { openRows } from '../../shared/sync/diff/rowsFile.ts';
import type { Reading, SnapshotFile } from '../../shared/sync/diff/snapshotFile.ts';
import { type LocalFile, openLocalFile } from '../localFile.ts';

export interface ChangedRow {
  readonly row: number;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface RefusedRow {
  readonly row: number;
  readonly reason: string;
}

export interface Comparison {
  /** Paths of files of any format. */
  readonly before: string;
  readonly after: string;
  readonly reading: ReadOptions;
  readonly mapper: Mapper;
  /** Rows are records: those that map to the same data are the same, however they are written. */
  readonly byContent: boolean;
  changed(changes: readonly SnapshotChange<ChangedRow>[]): void;
  refused(rows: readonly RefusedRow[]): void;
  /** The key's values, in the order of the result's `key`. */
  removed(keys: readonly (readonly string[])[]): void;
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
  const folder = await mkdtemp(path.join(os.tmpdir(), 'adp-diff-'));
  try {
    const options = { mapping: '', seed: randomBytes(8).toString('hex'), maxDeleteRatio: 1 };
    await using before = await openLocalFile(comparison.before);
    await using after = await openLocalFile(comparison.after);
    const files = await openAlike(comparison, before, after);
    const progressOf = (file: string, of: LocalFile) => (rows: number) =>
      comparison.progress({ file, rows, share: of.size === 0 ? 1 : Math.min(1, of.bytesRead() / of.size) });
    const known = await writeBaseline(files.before, folder, comparison, options, progressOf(comparison.before, before));
    const result = await diff(files.after, known, comparison, options, progressOf(comparison.after, after));
    if (typeof result.baseline === 'object') {
      throw new AdpError('INTERNAL', `the files can't be compared: ${result.baseline.void}`);
    }
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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

interface BaselineFiles {
  readonly index: string;
  readonly keys: string;
}

type Options = Pick<SnapshotOptions, 'mapping' | 'seed' | 'maxDeleteRatio'>;

async function writeBaseline(
  file: SnapshotFile,
  folder: string,
  { mapper, byContent }: Comparison,
  options: Options,
  progress: (rows: number) => void,
): Promise<BaselineFiles> {
  const paths = { index: path.join(folder, 'index'), keys: path.join(folder, 'keys') };
  const index = createWriteStream(paths.index);
  const keys = createWriteStream(paths.keys);
  const next = { index: sinkOf(index), keys: sinkOf(keys) };
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
  await Promise.all([index, keys].map((stream) => finished(stream.end())));
  return paths;
}

async function diff(
  file: SnapshotFile,
  known: BaselineFiles,
  comparison: Comparison,
  options: Options,
  progress: (rows: number) => void,
): Promise<SnapshotResult> {
  const { mapper, byContent } = comparison;
  const nowhere: ByteSink = { write: () => undefined };
  const baseline = {
    index: sourceOf(createReadStream(known.index)),
    keys: sourceOf(createReadStream(known.keys)),
  };
  const next = { index: nowhere, keys: nowhere };
  return await diffSnapshot<ChangedRow>(file.source, baseline, next, optionsOf(file, options), {
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

function optionsOf({ key, delimiter, quote }: SnapshotFile, options: Options): SnapshotOptions {
  return {
    ...options,
    key,
    // The same text in another encoding is no change here.
    encoding: '',
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(quote === undefined ? {} : { quote }),
  };
}

function sinkOf(stream: WriteStream): ByteSink {
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
  };
}
