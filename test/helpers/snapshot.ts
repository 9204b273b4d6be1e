import { hash } from 'node:crypto';
import type { FormatRow } from '../../shared/formats/format.ts';
import type { ByteSource } from '../../shared/snapshot/bytes.ts';
import { diffSnapshot } from '../../shared/snapshot/diffSnapshot.ts';
import { indexSnapshot } from '../../shared/snapshot/indexSnapshot.ts';
import { Input, openFile } from '../../shared/snapshot/input.ts';
import type { Kernel } from '../../shared/snapshot/kernel/kernel.ts';
import { PlainKernel } from '../../shared/snapshot/kernel/plain/plainKernel.ts';
import { wasmKernel } from '../../shared/snapshot/kernel/wasmKernel.ts';
import { readFault, readValues } from '../../shared/snapshot/rowText.ts';
import type {
  BrokenRow,
  SnapshotOptions,
  SnapshotProgress,
  SnapshotResult,
  SnapshotRow,
} from '../../shared/snapshot/snapshot.ts';

export const kernels: readonly (readonly [string, () => Kernel])[] = [
  ['WebAssembly', wasmKernel],
  ['plain TypeScript', () => new PlainKernel()],
];

/** Bytes in memory as a source; `step` limits what one read gives. */
export function memorySource(data: Uint8Array | string, step = Number.POSITIVE_INFINITY): ByteSource {
  const bytes = Buffer.from(data);
  let at = 0;
  return {
    read(into) {
      const count = Math.min(into.length, step, bytes.length - at);
      into.set(bytes.subarray(at, at + count));
      at += count;
      return count;
    },
  };
}

export function memorySink() {
  const parts: Buffer[] = [];
  return {
    write(bytes: Uint8Array): undefined {
      // A copy: the memory is the writer's.
      parts.push(Buffer.from(bytes));
    },
    bytes: () => Buffer.concat(parts),
  };
}

export interface Dialect {
  readonly delimiter?: string;
  readonly quote?: string;
}

/** A CSV file's rows as the kernel cuts them. */
export async function cutRows(
  kernel: Kernel,
  data: Uint8Array | string,
  { delimiter, quote = '"' }: Dialect = {},
  chunkBytes = 64 * 1024,
  maxRowBytes = 1024 * 1024,
): Promise<FormatRow[]> {
  kernel.open({ inputBytes: chunkBytes + maxRowBytes + 64, maxRowBytes, batchRows: 7, savedSlots: 1 });
  const input = new Input(kernel, memorySource(data), chunkBytes);
  const header = await openFile(kernel, input, { delimiter, quote });
  if (!header) {
    throw new Error('The CSV has no header row.');
  }
  const dialect = { delimiter: header.delimiter.charCodeAt(0), quote: quote.charCodeAt(0) };
  const all = header.names.map((_, column) => column);
  kernel.setColumns({ count: all.length, key: [0], hashed: all, ...dialect });
  const shape = { names: header.names, delimiter: header.delimiter, quote };
  const rows: FormatRow[] = [];
  for (;;) {
    kernel.mark();
    for (let count = kernel.cut(input.isLast); count > 0; count = kernel.cut(input.isLast)) {
      kernel.fingerprint();
      const bytes = kernel.input();
      for (let row = 0; row < count; row += 1) {
        rows.push(
          kernel.rowFault(row) === 'none'
            ? { row: kernel.rowLine(row), values: readValues(kernel, bytes, row, shape) }
            : { row: kernel.rowLine(row), ...readFault(kernel, bytes, row, shape, maxRowBytes) },
        );
      }
      kernel.clearKeys();
    }
    if (input.isLast) {
      return rows;
    }
    kernel.compact();
    await input.fill();
  }
}

/** A baseline in memory. */
export interface Saved {
  readonly index: Uint8Array;
  readonly keys: Uint8Array;
}

export interface Diffed {
  readonly result: SnapshotResult;
  readonly changes: readonly {
    readonly kind: string;
    readonly row: number;
    readonly values: Record<string, unknown>;
  }[];
  readonly broken: readonly BrokenRow[];
  readonly removed: readonly (readonly string[])[];
  readonly progress: readonly SnapshotProgress[];
  readonly saved: Saved;
}

export const testOptions: SnapshotOptions = {
  key: ['id'],
  encoding: 'utf-8',
  mapping: 'm1',
  seed: '00112233aabbccdd',
  maxDeleteRatio: 1,
  maxRowBytes: 128 * 1024,
};

export interface DiffOptions extends Partial<SnapshotOptions> {
  readonly kernel?: Kernel;
  /** What a row's content is; undefined refuses the row. Default: its values, in the order of their names. */
  readonly content?: (row: SnapshotRow) => string | undefined;
  readonly step?: number;
}

/** Diffs a file in memory with a baseline in memory. */
export async function diff(
  data: Uint8Array | string,
  before?: Saved,
  { kernel = wasmKernel(), content = contentOf, step, ...options }: DiffOptions = {},
): Promise<Diffed> {
  const index = memorySink();
  const keys = memorySink();
  const changes: { kind: string; row: number; values: Record<string, unknown> }[] = [];
  const broken: BrokenRow[] = [];
  const removed: (readonly string[])[] = [];
  const progress: SnapshotProgress[] = [];
  const result = await diffSnapshot<SnapshotRow>(
    memorySource(data, step),
    before && { index: memorySource(before.index, step), keys: memorySource(before.keys, step) },
    { index, keys },
    { ...testOptions, ...options },
    {
      map(row) {
        const text = content(row);
        return text === undefined ? undefined : { contentHash: hash('sha256', text), change: row };
      },
      changed(batch) {
        changes.push(...batch.map(({ kind, change }) => ({ kind, row: change.row, values: change.values })));
        return undefined;
      },
      broken(rows) {
        broken.push(...rows);
        return undefined;
      },
      removed(batch) {
        removed.push(...batch);
        return undefined;
      },
      progress: (step) => progress.push(step),
    },
    kernel,
  );
  return { result, changes, broken, removed, progress, saved: { index: index.bytes(), keys: keys.bytes() } };
}

/** A baseline of a file in memory, made without looking at its rows. */
export async function index(data: string, kernel: Kernel): Promise<Saved> {
  const index = memorySink();
  const keys = memorySink();
  await indexSnapshot(memorySource(data), { index, keys }, testOptions, undefined, kernel);
  return { index: index.bytes(), keys: keys.bytes() };
}

export function contentOf({ values }: SnapshotRow): string {
  return JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether bytes are the same; to be told of thousands that differ helps nobody. */
export function isEqual(some: Uint8Array, others: Uint8Array): boolean {
  return Buffer.compare(some, others) === 0;
}
