import { hash } from 'node:crypto';
import type { SeenStore } from '../sync/drops/share.ts';
import { type OpenTable, packText, unpackText } from './tables.ts';

/** No dealer's id begins so. */
const partition = '=share';

/** What the last scan of the share found, in the table `ledger`: one row a file. */
export function seenFilesIn(openTable: OpenTable): SeenStore {
  const table = openTable('ledger');
  const keyOf = (path: string) => hash('sha256', path, 'hex');
  return {
    async *all() {
      for await (const { cells } of table.rows(partition)) {
        const { mark, since = 0, is_copied } = cells;
        const path = unpackText('path', cells) ?? '';
        yield { path, mark: String(mark), since: Number(since), isCopied: is_copied === true };
      }
    },
    async save({ path, mark, since, isCopied }) {
      const cells = { ...packText('path', path), mark, since: String(since), is_copied: isCopied };
      await table.upsert(partition, keyOf(path), cells);
    },
    forget: (path) => table.remove(partition, keyOf(path)),
  };
}
