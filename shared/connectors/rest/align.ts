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
  /** The rows that are new, and whether there are no more behind them. */
  | { readonly kind: 'on'; readonly rows: readonly PulledRow[]; readonly isEnd: boolean }
  /** The rows that were taken last aren't where they were: the read goes on from further up. */
  | { readonly kind: 'back'; readonly offset: number };

/**
 * Fits a page to what was taken before. Rows that are inserted or deleted further up, or that move because their order is
 * by time, move all others: pages counted from the start would then leave some out. So each page begins with the last row
 * of the one before. Where that isn't found, the read goes back, twice as far each time, until it finds a row that it has
 * taken, or is at the start; from there it takes again what it has taken already, which does no harm.
 *
 * @param offset where the page was asked for
 */
export function align(
  page: readonly PulledRow[],
  offset: number,
  { tail, returns }: Pick<RestPlace, 'tail' | 'returns'>,
): Aligned {
  if (tail.length === 0) return { kind: 'on', rows: page, isEnd: page.length === 0 };
  const hashes = page.map(hashRow);
  const first = hashes.findIndex((hash) => tail.includes(hash));
  if (first < 0) {
    return offset === 0
      ? { kind: 'on', rows: page, isEnd: page.length === 0 }
      : { kind: 'back', offset: Math.max(0, offset - Math.max(page.length, tailRows) * 2 ** returns) };
  }
  // As a rule the page begins with the last row. Else it does with some that were taken, or comes to them: what is behind
  // these is taken, and no row that looks like one of them further down hides what is before it.
  const behind = hashes.findIndex((hash, index) => index > first && !tail.includes(hash));
  const next = hashes[0] === tail.at(-1) ? 1 : behind < 0 ? page.length : behind;
  // Pages had two rows and more: one that has no other than what was there is the last.
  return { kind: 'on', rows: page.slice(next), isEnd: page.length === 1 };
}

/** Whether rows move so much that the read would never end. */
export function movesTooMuch({ turns, requests }: Pick<RestPlace, 'turns' | 'requests'>): boolean {
  return turns > freeReturns + requests * returnedShare;
}

/** What the next page is aligned by. A page of one row can't begin with one that was there and bring another. */
export function tailOf(page: readonly PulledRow[]): readonly string[] {
  return page.length < 2 ? [] : page.slice(-tailRows).map(hashRow);
}
