import type { JsonObject } from '../../model/json.ts';
import { flagOf, numberOf, textOf } from './member.ts';

interface Counted {
  readonly param: string | undefined;
  readonly size: number;
  readonly sizeParam: string | undefined;
  readonly endsShort: boolean;
}

/** How an API hands out what is more than a page. */
export type Pagination =
  | { readonly kind: 'none'; readonly size: number; readonly sizeParam: string | undefined }
  | (Counted & { readonly kind: 'page'; readonly first: number })
  | (Counted & { readonly kind: 'offset'; readonly recheck: boolean })
  | {
      readonly kind: 'cursor';
      readonly param: string | undefined;
      readonly size: number;
      readonly sizeParam: string | undefined;
      readonly next: { readonly path: string } | { readonly header: string } | { readonly field: string };
      /** Where the body says false if there is no more. */
      readonly more: string | undefined;
    }
  | { readonly kind: 'next_url'; readonly size: number; readonly sizeParam: string | undefined; readonly path: string }
  | { readonly kind: 'link_header'; readonly size: number; readonly sizeParam: string | undefined };

/** The settings that each kind knows, besides `size` and `size_param`. */
export const paginationSettings: Readonly<Record<Pagination['kind'], readonly string[]>> = {
  none: [],
  page: ['param', 'first', 'ends_short'],
  offset: ['param', 'ends_short', 'recheck'],
  cursor: ['param', 'from', 'header', 'from_row', 'more'],
  next_url: ['from'],
  link_header: [],
};

/** Reads settings that the schema has checked; what a kind can't do without is missed by `entityFaults`. */
export function paginationOf(settings: JsonObject): Pagination {
  const param = textOf(settings, 'param');
  const size = { size: numberOf(settings, 'size') ?? 500, sizeParam: textOf(settings, 'size_param') };
  const endsShort = flagOf(settings, 'ends_short');
  const from = textOf(settings, 'from') ?? '';
  switch (textOf(settings, 'kind')) {
    case 'page':
      return { kind: 'page', param, ...size, endsShort, first: numberOf(settings, 'first') ?? 1 };
    case 'offset':
      // With one row a page, a page that begins with the last row before it would never get on.
      return { kind: 'offset', param, ...size, endsShort, recheck: settings.recheck !== false && size.size > 1 };
    case 'cursor': {
      const header = textOf(settings, 'header');
      const field = textOf(settings, 'from_row');
      const next = header !== undefined ? { header } : field !== undefined ? { field } : { path: from };
      return { kind: 'cursor', param, ...size, next, more: textOf(settings, 'more') };
    }
    case 'next_url':
      return { kind: 'next_url', ...size, path: from };
    case 'link_header':
      return { kind: 'link_header', ...size };
    default:
      return { kind: 'none', ...size };
  }
}
