import { AdpError } from '../errors.ts';
import type { ByteSource } from './bytes.ts';
import { checkDialect } from './fileHeader.ts';
import { fromHex, hashText } from './hash64.ts';
import { hashNames, type IndexHeader, indexVersion } from './indexHeader.ts';
import { Input, openFile } from './input.ts';
import type { Hash64, Kernel } from './kernel/kernel.ts';
import { checkedSlots, type ReadIndex, readIndex } from './readIndex.ts';
import type { RowShape } from './rowText.ts';
import type { SnapshotOptions } from './snapshot.ts';

const batchRows = 8192;
/** Who says how many rows to expect may be wrong. */
const maxExpectedRows = 10_000_000;

/** A file whose header was read, and a baseline that was read into the kernel: rows can be compared. */
export interface OpenedSnapshot {
  readonly kernel: Kernel;
  readonly input: Input;
  readonly shape: RowShape;
  readonly maxRowBytes: number;
  readonly keySeed: Hash64;
  /** Undefined: there is none. */
  readonly baseline: ReadIndex | undefined;
  /** What the next index says of itself, but for its slots. */
  readonly header: Omit<IndexHeader, 'count'>;
}

/** @throws what `diffSnapshot` does */
export async function openSnapshot(
  file: ByteSource,
  index: ByteSource | undefined,
  options: SnapshotOptions,
  kernel: Kernel,
): Promise<OpenedSnapshot> {
  const quote = options.quote ?? '"';
  const maxRowBytes = options.maxRowBytes ?? 8 * 1024 * 1024;
  const chunkBytes = options.chunkBytes ?? 256 * 1024;
  checkDialect({ delimiter: options.delimiter, quote });
  kernel.open({ inputBytes: chunkBytes + maxRowBytes + 64, maxRowBytes, batchRows, savedSlots: checkedSlots });
  const input = new Input(kernel, file, chunkBytes);
  const found = await openFile(kernel, input, { delimiter: options.delimiter, quote });

  const key = found ? keyOf(found.names, options) : options.key;
  const { encoding, mapping, seed } = options;
  const baseline = index && (await readIndex(kernel, index, { key, encoding, mapping, seed }));
  const used = baseline && 'header' in baseline ? baseline.header : undefined;
  // A file without a header has no rows: what the baseline knows stays as it is.
  const names = found?.names ?? used?.columns ?? key;
  const delimiter = found?.delimiter ?? used?.delimiter ?? ',';
  const hashed = used && isSameSet(used.columns, names) ? used : { columns: names, delimiter, quote };
  const keySeed = fromHex(seed);
  kernel.setColumns({
    count: names.length,
    key: columnsOf(names, key),
    hashed: columnsOf(names, hashed.columns),
    delimiter: hashed.delimiter.charCodeAt(0),
    quote: hashed.quote.charCodeAt(0),
  });
  kernel.setSeeds(keySeed, rowSeedOf(seed, hashed));
  kernel.openFresh(used ? used.count >>> 6 : Math.min(options.expectedRows ?? 0, maxExpectedRows));
  return {
    kernel,
    input,
    shape: { names, delimiter, quote },
    maxRowBytes,
    keySeed,
    baseline,
    header: {
      version: indexVersion,
      hashes: hashNames,
      seed,
      key,
      columns: hashed.columns,
      delimiter: hashed.delimiter,
      quote: hashed.quote,
      encoding,
      mapping,
    },
  };
}

/** The key's columns that the file has. */
function keyOf(names: readonly string[], { key, optionalKey = [] }: SnapshotOptions): readonly string[] {
  const present = key.filter((name) => names.includes(name) || !optionalKey.includes(name));
  const missing = present.find((name) => !names.includes(name));
  if (missing !== undefined || present.length === 0) {
    const name = missing ?? key.join('", "');
    throw new AdpError('MAPPING_ERROR', `The file has no column "${name}"; it has ${names.join(', ')}.`);
  }
  return present;
}

function columnsOf(names: readonly string[], wanted: readonly string[]): number[] {
  return wanted.map((name) => names.indexOf(name));
}

function isSameSet(some: readonly string[], others: readonly string[]): boolean {
  const set = new Set(others);
  return some.length === others.length && some.every((name) => set.has(name));
}

/** Rows of other columns, or hashed in another order or dialect, must not be equal by their bytes. */
function rowSeedOf(
  seed: string,
  { columns, delimiter, quote }: Pick<IndexHeader, 'columns' | 'delimiter' | 'quote'>,
): Hash64 {
  return hashText(JSON.stringify([seed, columns, delimiter, quote]));
}
