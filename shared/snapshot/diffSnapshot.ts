import { AdpError } from '../errors.ts';
import type { ByteSource } from './bytes.ts';
import { checkDialect } from './fileHeader.ts';
import { fromHex, hashText } from './hash64.ts';
import { hashNames, type IndexHeader, indexVersion } from './indexHeader.ts';
import { Input, openFile } from './input.ts';
import { createKernel } from './kernel/createKernel.ts';
import type { Hash64, Kernel } from './kernel/kernel.ts';
import { checkedSlots, readIndex } from './readIndex.ts';
import { findRemovals } from './removals.ts';
import { RowEvents } from './rowEvents.ts';
import type {
  Baseline,
  NextBaseline,
  SnapshotHandler,
  SnapshotOptions,
  SnapshotResult,
  SuspectReason,
} from './snapshot.ts';
import { writeIndex } from './writeIndex.ts';

const batchRows = 8192;
const keyFlushBytes = 256 * 1024;

/**
 * Compares a full snapshot, CSV in UTF-8, with the last one and writes the next baseline. The order of rows says
 * nothing; columns that have moved, and values that are quoted in another way, are no change; values that are written
 * in another way, but map to the same content, are none either.
 *
 * **Memory.** 33 bytes for each row of the baseline, and a few MB: of each row the index holds the hash of its key, of
 * the row, and of its mapped content (wasm/table.as). The content hash takes 8 of these. Without it every row of a dump
 * that is only written in another way, or that has a column of no interest with the time of the dump, would go through
 * the queue to the writer each night to be found equal there. Rows pass by and are not kept.
 *
 * Nothing that is given to the handler may be taken for done before this returns; a diff that throws is repeated whole.
 *
 * @throws AdpError DATA_ERROR (`park`) for a file that can't be read as a whole: its header, or bytes that are not UTF-8
 * @throws AdpError MAPPING_ERROR (`park`) when a column of the key is missing
 * @throws AdpError CONFIG_ERROR (`park`) for a dialect that can't be one
 */
export async function diffSnapshot<T>(
  file: ByteSource,
  baseline: Baseline | undefined,
  next: NextBaseline,
  options: SnapshotOptions,
  handler: SnapshotHandler<T>,
  kernel: Kernel = createKernel(),
): Promise<SnapshotResult> {
  const quote = options.quote ?? '"';
  const maxRowBytes = options.maxRowBytes ?? 8 * 1024 * 1024;
  const chunkBytes = options.chunkBytes ?? 256 * 1024;
  const keySeed = fromHex(options.seed);
  checkDialect({ delimiter: options.delimiter, quote });

  kernel.open({ inputBytes: chunkBytes + maxRowBytes + 64, maxRowBytes, batchRows, savedSlots: checkedSlots });
  const old = baseline === undefined ? undefined : await readIndex(kernel, baseline.index, options);
  const used = old !== undefined && 'header' in old ? old.header : undefined;

  const input = new Input(kernel, file, chunkBytes);
  const header = await openFile(kernel, input, { delimiter: options.delimiter, quote });
  // A file without a header has no rows: what the baseline knows stays as it is.
  const names = header?.names ?? used?.columns ?? options.key;
  const delimiter = header?.delimiter ?? used?.delimiter ?? ',';
  const hashed = used && isSameSet(used.columns, names) ? used : { columns: names, delimiter, quote };
  kernel.setColumns({
    count: names.length,
    key: columnsOf(names, options.key),
    hashed: columnsOf(names, hashed.columns),
    delimiter: hashed.delimiter.charCodeAt(0),
    quote: hashed.quote.charCodeAt(0),
  });
  kernel.setSeeds(keySeed, rowSeedOf(options.seed, hashed));
  kernel.openFresh(used ? used.count >>> 6 : (options.expectedRows ?? 0));

  const events = new RowEvents(kernel, { names, delimiter, quote }, maxRowBytes, handler);
  for (;;) {
    kernel.mark();
    for (let rows = kernel.cut(input.isLast); rows > 0; rows = kernel.cut(input.isLast)) {
      kernel.fingerprint();
      await events.take(rows, kernel.compare());
      if (kernel.keys().length >= keyFlushBytes) {
        await next.keys.write(kernel.keys());
        kernel.clearKeys();
      }
    }
    handler.progress?.({ bytes: input.position, rows: events.read });
    if (input.isLast) {
      break;
    }
    kernel.compact();
    await input.fill();
  }
  await next.keys.write(kernel.keys());
  await events.flush();

  const unseen = kernel.countBase() - kernel.seenInBase();
  const suspect = suspicions(events, kernel, unseen, options.maxDeleteRatio);
  const isHeld = suspect.length > 0 && unseen > 0;
  let removed = 0;
  if (baseline && unseen > 0) {
    removed = await findRemovals(kernel, baseline.keys, keySeed, options.key.length, async (keys, records) => {
      await handler.removed(keys, isHeld);
      if (isHeld) {
        await next.keys.write(records);
      }
    });
  }

  const nextHeader: IndexHeader = {
    version: indexVersion,
    hashes: hashNames,
    seed: options.seed,
    key: options.key,
    columns: hashed.columns,
    delimiter: hashed.delimiter,
    quote: hashed.quote,
    encoding: options.encoding,
    mapping: options.mapping,
    count: kernel.countFresh() + (isHeld ? kernel.countBase() : kernel.seenInBase()),
  };
  await writeIndex(kernel, next.index, nextHeader, isHeld);
  return {
    read: events.read,
    rejected: events.rejected,
    repeated: kernel.repeatedRows(),
    unchanged: kernel.unchangedRows() + events.sameContent,
    inserted: events.changed.insert,
    updated: events.changed.update,
    competing: events.changed.competing,
    removed,
    isHeld,
    suspect,
    baseline: old === undefined ? 'none' : 'void' in old ? old : 'used',
    lostRemovals: unseen - removed,
    columns: names,
    previousColumns: used?.columns,
  };
}

function columnsOf(names: readonly string[], wanted: readonly string[]): number[] {
  return wanted.map((name) => {
    const column = names.indexOf(name);
    if (column < 0) {
      throw new AdpError('MAPPING_ERROR', `The file has no column "${name}"; it has ${names.join(', ')}.`);
    }
    return column;
  });
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name));
}

/** Rows of other columns, or hashed in another order or dialect, must not be equal by their bytes. */
function rowSeedOf(
  seed: string,
  { columns, delimiter, quote }: Pick<IndexHeader, 'columns' | 'delimiter' | 'quote'>,
): Hash64 {
  return hashText(JSON.stringify([seed, columns, delimiter, quote]));
}

function suspicions<T>(events: RowEvents<T>, kernel: Kernel, unseen: number, maxRatio: number): SuspectReason[] {
  const reasons: SuspectReason[] = [];
  if (events.read === 0) reasons.push('empty');
  if (kernel.unreadableKeys() > 0) reasons.push('unreadable_key');
  if (events.unclosed > 0) reasons.push('unclosed_quote');
  if (unseen > maxRatio * kernel.countBase()) reasons.push('too_many_deletes');
  return reasons;
}
