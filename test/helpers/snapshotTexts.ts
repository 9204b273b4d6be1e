import { hash } from 'node:crypto';
import type { RowTexts } from '../../shared/formats/rowTexts.ts';
import { decodeUtf8 } from '../../shared/formats/text.ts';
import { sourceOf } from '../../shared/snapshot/bytes.ts';
import { diffTexts } from '../../shared/snapshot/diffTexts.ts';
import type { Kernel } from '../../shared/snapshot/kernel/kernel.ts';
import type { BrokenRow, SnapshotResult } from '../../shared/snapshot/snapshot.ts';
import { memorySink, memorySource, type Saved, testOptions } from './snapshot.ts';

export interface TextsDiffed {
  readonly result: SnapshotResult;
  readonly changes: readonly {
    readonly kind: string;
    readonly row: number;
    readonly values: Record<string, unknown>;
  }[];
  /** Rows that were mapped: those that the index did not know by their texts. */
  readonly mapped: number;
  readonly broken: readonly BrokenRow[];
  readonly removed: readonly string[];
  readonly saved: Saved;
}

export interface TextsOptions {
  readonly kernel?: Kernel;
  readonly chunkBytes?: number;
  readonly maxRowBytes?: number;
  readonly maxDeleteRatio?: number;
  readonly mapping?: string;
  /** Undefined: the row is refused. */
  readonly content?: (values: Record<string, unknown>) => string | undefined | 'unreadable key';
}

/** Compares a file in memory with what an earlier one left; rows have their keys as `id`. */
export async function diffOfTexts(
  texts: RowTexts,
  data: string | Uint8Array,
  before: Saved | undefined,
  { kernel, content = contentOfFields, ...options }: TextsOptions = {},
): Promise<TextsDiffed> {
  const index = memorySink();
  const keys = memorySink();
  const changes: { kind: string; row: number; values: Record<string, unknown> }[] = [];
  const broken: BrokenRow[] = [];
  const removed: string[] = [];
  let mapped = 0;
  async function* bytes() {
    yield Buffer.from(data);
  }
  const result = await diffTexts<{ row: number; values: Record<string, unknown> }>(
    {
      source: sourceOf(decodeUtf8(bytes())),
      texts,
      keyOf: ({ values }) => (Object.hasOwn(values, 'id') ? String(values.id) : null),
    },
    before && { index: memorySource(before.index), keys: memorySource(before.keys) },
    { index, keys },
    { ...testOptions, ...options },
    {
      map(row) {
        mapped += 1;
        const text = content(row.values);
        if (text === undefined || text === 'unreadable key') return text;
        return { contentHash: hash('sha256', text), change: row };
      },
      changed(some) {
        changes.push(...some.map(({ kind, change }) => ({ kind, ...change })));
        return undefined;
      },
      broken(rows) {
        broken.push(...rows);
        return undefined;
      },
      removed(some) {
        removed.push(...some.map(([key = '']) => key));
        return undefined;
      },
    },
    kernel,
  );
  return { result, changes, mapped, broken, removed, saved: { index: index.bytes(), keys: keys.bytes() } };
}

/** The same for rows whose fields are the same, in whatever order. */
export function contentOfFields(values: Record<string, unknown>): string {
  return JSON.stringify(Object.entries(values).sort());
}
