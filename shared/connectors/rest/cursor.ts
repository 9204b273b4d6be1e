import { isObject } from './member.ts';

/** What an answer can be recognised by, the next time. */
export interface Seen {
  /** Hash of what was asked for: the request, validators aside. */
  readonly request: string;
  /** Hash of the settings by which it was asked for and read. */
  readonly settings: string;
  /** When the read began, milliseconds since 1970 by our clock. */
  readonly atMs: number;
  readonly etag?: string;
  readonly lastModified?: string;
}

/** How far an API was read. */
export interface RestCursor {
  /** `timestamp`: milliseconds since 1970 by the API's clock. */
  readonly atMs?: number;
  /** `token`. */
  readonly token?: string;
  /** `monotonic_id`: a whole number. */
  readonly id?: string;
  /** Of the last read that was complete, where answers are cached. */
  readonly seen?: Seen;
}

/** As text for the store, legible for people; undefined where there is nothing to keep. */
export function writeCursor({ atMs, token, id, seen }: RestCursor): string | undefined {
  const text = JSON.stringify({ at: atMs === undefined ? undefined : new Date(atMs).toISOString(), token, id, seen });
  return text === '{}' ? undefined : text;
}

/** Reads what `writeCursor` wrote; what it can't read counts as absent, so that more is read than needed. */
export function readCursor(text: string | undefined): RestCursor {
  const value = parse(text);
  const atMs = typeof value.at === 'string' ? Date.parse(value.at) : Number.NaN;
  const { seen } = value;
  return {
    ...(Number.isNaN(atMs) ? {} : { atMs }),
    ...(typeof value.token === 'string' ? { token: value.token } : {}),
    ...(typeof value.id === 'string' && /^-?\d+$/.test(value.id) ? { id: value.id } : {}),
    ...(isSeen(seen) ? { seen } : {}),
  };
}

function isSeen(value: unknown): value is Seen {
  return (
    isObject(value) &&
    typeof value.request === 'string' &&
    typeof value.settings === 'string' &&
    typeof value.atMs === 'number' &&
    ['string', 'undefined'].includes(typeof value.etag) &&
    ['string', 'undefined'].includes(typeof value.lastModified)
  );
}

function parse(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
