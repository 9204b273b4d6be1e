import { peek } from '../../formats/peek.ts';
import { toStream } from '../../formats/randomAccess.ts';
import { diffSnapshot } from '../../snapshot/diffSnapshot.ts';
import { diffTexts } from '../../snapshot/diffTexts.ts';
import type {
  Baseline,
  NextBaseline,
  SnapshotHandler,
  SnapshotOptions,
  SnapshotResult,
} from '../../snapshot/snapshot.ts';
import { isReadByKernel, openCsv } from './csvFile.ts';
import { openRows } from './rowsFile.ts';
import type { ComparedFile, Reading } from './snapshotFile.ts';
import { hasTexts, openTexts } from './textsFile.ts';

/** Opens a file for that way of comparing it that reads the least. @throws AdpError (park) where it can't be read */
export async function openCompared(reading: Reading): Promise<ComparedFile> {
  if (isReadByKernel(reading)) return await openCsv(reading);
  if (hasTexts(reading)) return await openTexts(reading);
  return reading.file.format.name === 'csv' ? await openMappedCsv(reading) : await openRows(reading);
}

/** CSV whose keys are mapped. Without a byte it is an empty snapshot, as the kernel has it, not one that can't be read. */
async function openMappedCsv(reading: Reading): Promise<ComparedFile> {
  const { start, source } = await peek(toStream(reading.file.source), 1);
  const peeked = { ...reading, file: { ...reading.file, source } };
  return start.byteLength === 0 ? await openCsv(peeked) : await openRows(peeked);
}

/** How a file is compared, apart from what it says of itself. */
export type CompareOptions = Pick<SnapshotOptions, 'encoding' | 'mapping' | 'seed' | 'maxDeleteRatio'>;

/**
 * Compares a file with the fingerprints of an earlier one, in whatever way its format allows.
 * @throws what `diffSnapshot` and `diffTexts` do
 */
export async function compareFile<T>(
  file: ComparedFile,
  baseline: Baseline | undefined,
  next: NextBaseline,
  options: CompareOptions,
  handler: SnapshotHandler<T>,
): Promise<SnapshotResult> {
  if ('texts' in file) return await diffTexts(file, baseline, next, options, handler);
  const { source, key, delimiter, quote } = file;
  const dialect = { ...(delimiter === undefined ? {} : { delimiter }), ...(quote === undefined ? {} : { quote }) };
  return await diffSnapshot(source, baseline, next, { ...options, key, ...dialect }, handler);
}
