import { AdpError } from '../../errors.ts';
import type { Answered } from './answer.ts';
import type { RestEntity, RestSource, Told } from './entity.ts';
import { nextLink } from './linkHeader.ts';
import { valueAt } from './member.ts';
import type { Position } from './place.ts';
import { resolveLink } from './request.ts';
import { plainText, toldText } from './rows.ts';

/** Characters of a link or cursor to the next page, or of a sync token: two of them are to fit into a place. */
const maxNext = 7_500;

interface Page {
  readonly answered: Answered;
  readonly headers: Headers;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  readonly position: Position;
}

/**
 * Where the page behind this one is; undefined where there is none. Pages that are counted by offset are `align`'s.
 * @throws AdpError DATA_ERROR (park) for a link that leads elsewhere, or one that is too long
 */
export function positionAfter(source: RestSource, { pagination }: RestEntity, page: Page): Position | undefined {
  const { answered, headers, url, position } = page;
  switch (pagination.kind) {
    case 'none':
    case 'offset':
      return undefined;
    case 'page': {
      const isLast = endsAt(answered.rows.length, pagination);
      return isLast
        ? undefined
        : { kind: 'page', page: (position.kind === 'page' ? position.page : pagination.first) + 1 };
    }
    case 'cursor': {
      const isLast = pagination.more !== undefined && isFalse(valueAt(answered.envelope, pagination.more));
      const next = isLast ? undefined : nextCursor(pagination.next, answered, headers);
      return next === undefined ? undefined : { kind: 'next', next: fitting(next) };
    }
    case 'next_url': {
      const link = plainText(valueAt(answered.envelope, pagination.path));
      return link === undefined ? undefined : { kind: 'url', url: fitting(resolveLink(source, link, url)) };
    }
    case 'link_header': {
      const link = nextLink(headers.get('link'));
      return link === undefined ? undefined : { kind: 'url', url: fitting(resolveLink(source, link, url)) };
    }
  }
}

/** Whether a counted page with so many rows is the last one. */
export function endsAt(
  rows: number,
  { endsShort, size }: { readonly endsShort: boolean; readonly size: number },
): boolean {
  return rows === 0 || (endsShort && rows < size);
}

function nextCursor(
  from: Told | { readonly field: string },
  { rows, envelope }: Answered,
  headers: Headers,
): string | undefined {
  if (!('field' in from)) return toldText(from, envelope, headers);
  const last = rows.at(-1);
  if (last === undefined) return undefined;
  const next = 'values' in last ? plainText(valueAt(last.values, from.field)) : undefined;
  if (next === undefined) {
    const message = `The last row of a page has no ${from.field}, which leads to the next page (pagination.from_row).`;
    throw new AdpError('DATA_ERROR', message, { disposition: 'park' });
  }
  return next;
}

function isFalse(value: unknown): boolean {
  return (
    value === false || value === 0 || value === null || (typeof value === 'string' && /^(false|0|no)?$/i.test(value))
  );
}

/** @throws AdpError DATA_ERROR (park) for one that is too long to be kept */
export function fitting(next: string, what = 'What leads to the next page', setting = 'pagination'): string {
  if (next.length <= maxNext) return next;
  const message = `${what} has more than ${maxNext} characters: take another kind of ${setting}.`;
  throw new AdpError('DATA_ERROR', message, { disposition: 'park' });
}
