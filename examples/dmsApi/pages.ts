import type { ApiRow, Resource } from './resource.ts';

/** One page as the API answers it, before it is written as JSON or otherwise. */
export interface ApiPage {
  readonly rows: readonly ApiRow[];
  /** Around the rows, in JSON. Without it the body is the array itself. */
  readonly envelope?: (rows: readonly unknown[]) => unknown;
  readonly headers: Readonly<Record<string, string>>;
}

export interface PageRequest {
  /** Of this request, without its query. */
  readonly url: URL;
  readonly query: URLSearchParams;
  readonly resource: Resource;
  /** Faults of this page. */
  readonly shift: number;
  readonly isLooping: boolean;
}

/** The ways in which APIs hand out what is more than a page: the first step of each path. */
export const paginations = {
  /** `?page=1&per_page=100`, total in a header. */
  page(request: PageRequest): ApiPage {
    const { page, size, rows, total } = numbered(request);
    return { rows: cut(request, rows, (page - 1) * size, size), headers: { 'x-total-count': String(total) } };
  },
  /** `?offset=0&limit=100`, total in the body. */
  offset(request: PageRequest): ApiPage {
    const { rows, total, size } = numbered(request);
    const offset = numberOf(request.query, 'offset', 0);
    return { rows: cut(request, rows, offset, size), headers: {}, envelope: (items) => ({ items, total, offset }) };
  },
  /** `?cursor=…&limit=100`; the next cursor in the body. */
  cursor(request: PageRequest): ApiPage {
    const { rows, size, total } = numbered(request);
    const text = request.query.get('cursor') ?? '';
    const offset = text === '' ? 0 : Number(Buffer.from(text, 'base64url').toString('utf8').slice('row '.length));
    const end = offset + size;
    const next = Buffer.from(`row ${request.isLooping ? offset : end}`).toString('base64url');
    const meta = { total, next_cursor: request.isLooping || end < rows.length ? next : null };
    return { rows: cut(request, rows, offset, size), headers: {}, envelope: (data) => ({ data, meta }) };
  },
  /** A `Link` header, as RFC 8288 has it. It repeats the whole query, keys included, as many APIs do. */
  link(request: PageRequest): ApiPage {
    const { page, size, rows } = numbered(request);
    const link = page * size < rows.length || request.isLooping ? `<${nextUrl(request, page)}>; rel="next"` : undefined;
    const first = `<${nextUrl(request, 0)}>; rel="first"`;
    return {
      rows: cut(request, rows, (page - 1) * size, size),
      headers: { link: link === undefined ? first : `${first}, ${link}` },
    };
  },
  /** A whole link in the body. */
  next(request: PageRequest): ApiPage {
    const { page, size, rows } = numbered(request);
    const next = page * size < rows.length || request.isLooping ? nextUrl(request, page) : null;
    return {
      rows: cut(request, rows, (page - 1) * size, size),
      headers: {},
      envelope: (results) => ({ results, links: { next } }),
    };
  },
  /** Everything at once. */
  all(request: PageRequest): ApiPage {
    return { rows: numbered(request).rows, headers: {} };
  },
  /** `?token=…`: what has changed since that token was given out, deletes included. */
  sync({ resource, query }: PageRequest): ApiPage {
    const size = numberOf(query, 'limit', 100);
    const changes = resource.changesAfter(numberOf(query, 'token', 0));
    const some = changes.slice(0, size);
    const next_token = String(some.at(-1)?.sequence ?? numberOf(query, 'token', 0));
    const has_more = some.length < changes.length;
    return {
      rows: some.map(({ row }) => row),
      headers: {},
      envelope: (data) => ({ data, has_more, next_token }),
    };
  },
} as const;

export type Pagination = keyof typeof paginations;

export function isPagination(name: string): name is Pagination {
  return Object.hasOwn(paginations, name);
}

function numbered({ query, resource }: PageRequest) {
  const since = Date.parse(query.get('updated_since') ?? '');
  const rows = Number.isNaN(since)
    ? resource.rows
    : resource.rows.filter((row) => Date.parse(String(row.updated_at)) >= since);
  const size = numberOf(query, query.has('per_page') ? 'per_page' : 'limit', 100);
  return { rows, size, page: numberOf(query, 'page', 1), total: rows.length };
}

function cut({ shift }: PageRequest, rows: readonly ApiRow[], offset: number, size: number): readonly ApiRow[] {
  const start = Math.max(0, offset + shift);
  return rows.slice(start, start + size);
}

function nextUrl({ url, query, isLooping }: PageRequest, page: number): string {
  const next = new URL(url);
  next.search = query.toString();
  next.searchParams.set('page', String(isLooping ? page : page + 1));
  return next.href;
}

function numberOf(query: URLSearchParams, name: string, fallback: number): number {
  const value = Number(query.get(name) ?? fallback);
  return Number.isSafeInteger(value) && value >= 0 ? value : fallback;
}
