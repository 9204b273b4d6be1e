import type { PulledRow } from '../connector.ts';
import type { RestPlace } from './place.ts';
import { hashRow } from './rows.ts';

/** Rows of a page by which the next one is aligned. */
const tailRows = 8;
/** Returns that are borne whatever happens, and the share of all requests beyond these. */
const freeReturns = 20;
const returnedShare = 0.25;

/** What an offset page means where rows may have moved since the one before. */
export type Aligned =
  /** The rows that are new behind those that were taken. */
  | { readonly kind: 'on'; readonly rows: readonly PulledRow[]; readonly offset: number }
  /** The rows that were taken last aren't where they were: the read goes on from further up. */
  | { readonly kind: 'back'; readonly offset: number };

/**
 * Fits a page to what was taken before. Rows that are inserted or deleted further up, or that move because their order is
 * by time, move all others: pages counted from the start would then leave some out. So each page begins with the last row
 * of the one before. Where that isn't found, the read goes back, twice as far each time, until it finds a row that it has
 * taken, or is at the start.
 *
 * @param offset where the page was asked for
 */
export function align(
  page: readonly PulledRow[],
  offset: number,
  { tail, returns }: Pick<RestPlace, 'tail' | 'returns'>,
  keyColumns: readonly string[],
): Aligned {
  const end = offset + page.length;
  if (tail.length === 0 || offset === 0) return { kind: 'on', rows: page, offset: end };
  const taken = new Set(tail);
  const last = page.findLastIndex((row) => taken.has(hashRow(row, keyColumns)));
  if (last >= 0) return { kind: 'on', rows: page.slice(last + 1), offset: end };
  return { kind: 'back', offset: Math.max(0, offset - Math.max(page.length, tailRows) * 2 ** returns) };
}

/** Whether rows move so much that the read would never end. */
export function movesTooMuch({ turns, requests }: Pick<RestPlace, 'turns' | 'requests'>): boolean {
  return turns > freeReturns + requests * returnedShare;
}

/** What the next page is aligned by. */
export function tailOf(
  rows: readonly PulledRow[],
  before: readonly string[],
  keyColumns: readonly string[],
): readonly string[] {
  return [...before, ...rows.slice(-tailRows).map((row) => hashRow(row, keyColumns))].slice(-tailRows);
}
