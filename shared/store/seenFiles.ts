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
        const { mark, is_copied } = cells;
        yield { path: unpackText('path', cells) ?? '', mark: String(mark), isCopied: is_copied === true };
      }
    },
    async save({ path, mark, isCopied }) {
      await table.upsert(partition, keyOf(path), { ...packText('path', path), mark, is_copied: isCopied });
    },
    forget: (path) => table.remove(partition, keyOf(path)),
  };
}
