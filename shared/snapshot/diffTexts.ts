import type { FormatRow } from '../formats/format.ts';
import type { RowTexts, TextEnd } from '../formats/rowTexts.ts';
import { type ByteSource, readFully } from './bytes.ts';
import { fromHex, hashText } from './hash64.ts';
import { hashNames, type IndexHeader, indexVersion } from './indexHeader.ts';
import { createKernel } from './kernel/createKernel.ts';
import type { Kernel } from './kernel/kernel.ts';
import { checkedSlots, readIndex } from './readIndex.ts';
import { carryKeys } from './removals.ts';
import { rowCountsOf } from './rowCounts.ts';
import type { Baseline, NextBaseline, SnapshotHandler, SnapshotOptions, SnapshotResult } from './snapshot.ts';
import { suspicionsOf } from './suspicions.ts';
import { TextEvents } from './textEvents.ts';
import { writeIndex } from './writeIndex.ts';

const batchRows = 8192;

/** A file of which each row has a text of its own. */
export interface TextFile {
  /** What `texts` cuts; UTF-8 that was checked, where the format is text. */
  readonly source: ByteSource;
  readonly texts: RowTexts;
  /** A row's key; null where it can't be told. Throws nothing. */
  keyOf(row: Extract<FormatRow, { values: unknown }>): string | null;
}

/** As for CSV; the key is the caller's to make. */
export type TextOptions = Pick<
  SnapshotOptions,
  'encoding' | 'mapping' | 'seed' | 'maxDeleteRatio' | 'maxRowBytes' | 'chunkBytes' | 'expectedRows'
>;

/**
 * Compares a full snapshot of a format whose rows have texts with the last one, and writes the next baseline: what
 * `diffSnapshot` does for CSV. A row whose very text the baseline has is not read: it is unchanged, and never becomes an
 * object. The others are read, and looked up by their keys; those that say the same in another way are found by their
 * content, and known by their new text the next time.
 *
 * The texts of keys are carried over from the last baseline, since an unchanged row's is not known. Memory: as
 * `diffSnapshot`, and 6 bytes a row more.
 *
 * **Trust.** A text is known by 64 bits that are seeded by a secret of the source: that one of a million changed rows
 * among ten million has the hash of another has a probability of 5·10⁻⁷.
 *
 * @throws what the format's reader does
 */
export async function diffTexts<T>(
  { source, texts, keyOf }: TextFile,
  baseline: Baseline | undefined,
  next: NextBaseline,
  options: TextOptions,
  handler: SnapshotHandler<T>,
  kernel: Kernel = createKernel(),
): Promise<SnapshotResult> {
  const { seed, encoding, mapping, expectedRows = 0 } = options;
  texts.begin?.(seed);
  const maxRowBytes = options.maxRowBytes ?? 8 * 1024 * 1024;
  const chunkBytes = options.chunkBytes ?? 256 * 1024;
  kernel.open({ inputBytes: maxRowBytes + chunkBytes, maxRowBytes, batchRows, savedSlots: checkedSlots });
  const old = baseline && (await readIndex(kernel, baseline.index, { key, encoding, mapping, seed }));
  const used = old && 'header' in old ? old.header : undefined;
  kernel.indexTexts();
  kernel.openFresh(used ? used.count >>> 6 : Math.min(expectedRows, 10_000_000));
  const events = new TextEvents(kernel, texts, keyOf, next.keys, handler);
  const seedTexts = (context: string) => kernel.setSeeds(fromHex(seed), hashText(JSON.stringify([seed, context])));
  // Of its own: the kernel's memory moves when it grows.
  const spans = new Uint32Array(2 * batchRows);
  let seededBy: string | undefined;
  let position = 0;
  for (let end: TextEnd = 'more'; end !== 'last'; ) {
    const space = kernel.inputSpace().subarray(0, chunkBytes);
    const bytes = await readFully(source, space);
    kernel.feed(bytes);
    position += bytes;
    end = bytes < space.length ? 'last' : kernel.inputSpace().length === 0 ? 'full' : 'more';
    let at = 0;
    for (;;) {
      const cut = texts.cut(kernel.input(), at, end, spans);
      if (cut.read.length === 0 && cut.rows === 0 && cut.end === at) break;
      if (texts.context !== seededBy) {
        seededBy = texts.context;
        seedTexts(seededBy);
      }
      await events.take(cut, spans);
      at = cut.end;
    }
    kernel.discard(at);
    handler.progress?.({ bytes: position, rows: events.read });
  }
  await events.end();

  const unseen = kernel.countBase() - kernel.seenInBase();
  const suspect = suspicionsOf(events, unseen, kernel.countBase(), options.maxDeleteRatio);
  const isHeld = suspect.length > 0 && unseen > 0;
  let removed = 0;
  if (baseline && used) {
    removed = await carryKeys(kernel, baseline.keys, fromHex(seed), next.keys, unseen, async (keys, records) => {
      await handler.removed(keys, isHeld);
      if (isHeld) await next.keys.write(records);
    });
  }
  const header: Omit<IndexHeader, 'count'> = {
    ...{ version: indexVersion, hashes: hashNames, seed, key, columns: [], delimiter: '', quote: '' },
    ...{ encoding, mapping },
  };
  const count = kernel.countFresh() + (isHeld ? kernel.countBase() : kernel.seenInBase());
  await writeIndex(kernel, next.index, { ...header, count }, isHeld);
  return {
    ...rowCountsOf(kernel, events),
    removed,
    isHeld,
    suspect,
    baseline: old === undefined ? 'none' : 'void' in old ? old : 'used',
    lostRemovals: unseen - removed,
    key,
    columns: [],
    previousColumns: undefined,
  };
}

/** What the one column of a key is called. */
const key = ['id'];
