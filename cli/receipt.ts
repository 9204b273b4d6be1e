import type { Receipt, Run } from './answers/run.ts';
import { formatCount, type Style } from './output.ts';
import { widthOf } from './table.ts';

/** A receipt's two equations (contract, "A run"), checked by ourselves: a hub that miscounts should not be believed. */
export interface Balance {
  /** Of the deletes, those that were rows of the input; the others are deletes by absence. */
  readonly deletedRows: number;
  /** read = rejected + repeated + unchanged + upserts + deletes that were rows */
  readonly read: boolean;
  /** upserts + deletes = inserted + updated + deleted + skipped + held + quarantined */
  readonly published: boolean;
  /** Both, and the hub says so too. */
  readonly balanced: boolean;
}

export function checkBalance(receipt: Receipt): Balance {
  const deletedRows = receipt.read - receipt.rejected - receipt.repeated - receipt.unchanged - receipt.upserts;
  const read = deletedRows >= 0 && deletedRows <= receipt.deletes;
  const published = receipt.upserts + receipt.deletes === writtenSum(receipt);
  return { deletedRows, read, published, balanced: read && published && receipt.balanced };
}

function writtenSum({ applied, skipped, held, quarantined }: Receipt): number {
  const { inserted, updated, deleted } = applied;
  return inserted + updated + deleted + skipped.unchanged + skipped.stale + held + quarantined;
}

/** Member by member; `balanced` only if each is. */
export function sumReceipts(receipts: Iterable<Receipt>): Receipt {
  const sum = {
    read: 0,
    rejected: 0,
    repeated: 0,
    unchanged: 0,
    upserts: 0,
    deletes: 0,
    applied: { inserted: 0, updated: 0, deleted: 0 },
    skipped: { unchanged: 0, stale: 0 },
    held: 0,
    quarantined: 0,
    balanced: true,
  };
  for (const receipt of receipts) {
    sum.read += receipt.read;
    sum.rejected += receipt.rejected;
    sum.repeated += receipt.repeated;
    sum.unchanged += receipt.unchanged;
    sum.upserts += receipt.upserts;
    sum.deletes += receipt.deletes;
    sum.applied.inserted += receipt.applied.inserted;
    sum.applied.updated += receipt.applied.updated;
    sum.applied.deleted += receipt.applied.deleted;
    sum.skipped.unchanged += receipt.skipped.unchanged;
    sum.skipped.stale += receipt.skipped.stale;
    sum.held += receipt.held;
    sum.quarantined += receipt.quarantined;
    sum.balanced &&= receipt.balanced;
  }
  return sum;
}

/** Both equations side by side, so that one sees that they balance. Lines of text. */
export function layOutReceipt(receipt: Receipt, style: Style): string[] {
  const balance = checkBalance(receipt);
  const { applied, skipped } = receipt;
  const left: readonly Entry[] = [
    ['read', receipt.read],
    ['rejected', receipt.rejected],
    ['repeated', receipt.repeated],
    ['unchanged', receipt.unchanged],
    ['upserts', receipt.upserts],
    ['deletes (rows)', Math.max(0, balance.deletedRows)],
  ];
  const right: readonly Entry[] = [
    ['upserts + deletes', receipt.upserts + receipt.deletes],
    ['inserted', applied.inserted],
    ['updated', applied.updated],
    ['deleted', applied.deleted],
    ['skipped, unchanged', skipped.unchanged],
    ['skipped, stale', skipped.stale],
    ['held', receipt.held],
    ['quarantined', receipt.quarantined],
  ];
  const leftLines = layOutEquation(left, balance.read, style);
  const rightLines = layOutEquation(right, balance.published, style);
  const leftWidth = Math.max(...leftLines.map(widthOf));
  return Array.from({ length: Math.max(leftLines.length, rightLines.length) }, (_, index) => {
    const leftLine = leftLines[index] ?? '';
    return `  ${leftLine}${' '.repeat(leftWidth - widthOf(leftLine) + 6)}${rightLines[index] ?? ''}`.trimEnd();
  });
}

type Entry = readonly [name: string, count: number];

/** The total, then its parts, each with its sign. Zeros stand back: they are there to be complete. */
function layOutEquation(entries: readonly Entry[], holds: boolean, style: Style): string[] {
  const nameWidth = Math.max(...entries.map(([name]) => name.length));
  const countWidth = Math.max(...entries.map(([, count]) => formatCount(count).length));
  return entries.map(([name, count], index) => {
    const sign = index === 0 ? ' ' : index === 1 ? '=' : '+';
    const text = `${sign} ${name.padEnd(nameWidth)}  ${formatCount(count).padStart(countWidth)}`;
    if (index === 0) return `${style.bold(text)} ${balanceMark(holds, style)}`;
    return count === 0 ? style.dim(text) : text;
  });
}

export function balanceMark(holds: boolean, style: Style): string {
  return holds ? style.good('✓') : style.bad('✗');
}

/** One word for a status, in its colour. */
export function formatStatus(status: Run['status'], style: Style): string {
  if (status === 'succeeded') return style.good(status);
  return status === 'failed' || status === 'suspect' ? style.bad(status) : status;
}
