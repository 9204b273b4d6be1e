import path from 'node:path';
import type { FormatName, ReadOptions } from '../../shared/formats/format.ts';
import { NdjsonTexts } from '../../shared/formats/ndjsonTexts.ts';
import { openFile } from '../../shared/formats/openFile.ts';
import { sourceOf } from '../../shared/snapshot/bytes.ts';
import { diffTexts } from '../../shared/snapshot/diffTexts.ts';
import type { SnapshotResult } from '../../shared/snapshot/snapshot.ts';
import { openRows } from '../../shared/sync/diff/rowsFile.ts';
import { hasTexts, openTexts } from '../../shared/sync/diff/textsFile.ts';
import type { HeldRecord } from '../answers/record.ts';
import { openLocalFile } from '../localFile.ts';
import type { ComparisonProgress } from './compareFiles.ts';
import { type Comparing, compareWith } from './compareWith.ts';

export interface StoreComparison extends Comparing {
  readonly file: string;
  readonly reading: ReadOptions;
  /** Default: what the file's name and content show. */
  readonly format: FormatName | undefined;
  /** What the hub holds of the entity. */
  readonly held: AsyncIterable<HeldRecord>;
  /** Whose records the file is about: those of other sources are not its to delete. */
  readonly sourceId: string | null;
  /** Records of other sources, which were left out. */
  others(count: number): void;
  progress(progress: ComparisonProgress): void;
  /** Records read so far. */
  holding(records: number): void;
}

/**
 * Finds what a full snapshot would change of what the hub holds, without telling the hub: the records' ids and content
 * hashes take the place of an earlier file's.
 *
 * @throws AdpError for a file that can't be read as a whole, and what the hub answers
 */
export async function compareStore(comparison: StoreComparison): Promise<SnapshotResult> {
  const { mapper, reading, format, held, sourceId } = comparison;
  await using local = await openLocalFile(comparison.file);
  const opened = {
    file: await openFile(path.basename(comparison.file), local, format === undefined ? {} : { format }),
    mapper,
    options: reading,
  };
  // By their ids, also where a CSV's own key would do: it is ids that the hub tells.
  const file = hasTexts(opened) ? await openTexts(opened) : await openRows(opened);
  let records = 0;
  let others = 0;
  async function* lines() {
    for await (const { id, source_id, content_hash, deleted_at } of held) {
      comparison.holding(++records);
      if (deleted_at) continue;
      if ((source_id ?? null) === sourceId) yield Buffer.from(`${JSON.stringify({ id, content_hash })}\n`);
      else others++;
    }
  }
  return await compareWith(
    async (next, options) => {
      const texts = { source: sourceOf(lines()), texts: new NdjsonTexts(), keyOf: idOf };
      await diffTexts<undefined>(texts, undefined, next, options, {
        map: ({ values }) => ({ contentHash: String(values.content_hash), change: undefined }),
        changed: () => undefined,
        broken: () => undefined,
        removed: () => undefined,
      });
      if (others > 0) comparison.others(others);
    },
    file,
    comparison,
    (rows) => comparison.progress({ file: comparison.file, rows, share: local.shareRead() }),
  );
}

function idOf({ values }: { readonly values: Readonly<Record<string, unknown>> }): string {
  return String(values.id);
}
