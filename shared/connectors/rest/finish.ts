import type { PulledPage, Query, ReadMode } from '../connector.ts';
import { type RestCursor, type Seen, writeCursor } from './cursor.ts';
import { type RestSource, readEntity } from './entity.ts';
import type { RestPlace, RestState } from './place.ts';

/** The API's clock may lie behind an earlier answer of another of its servers by so much, in milliseconds. */
const usualSkewMs = 60_000;

/** The last answer of a read. */
interface LastAnswer {
  readonly request: string;
  /** True where it was the only one. */
  readonly isWhole: boolean;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/** What the last page of a read says of the whole: how far it came, and what a person may want to know. */
export function finish(
  source: RestSource,
  query: Query,
  mode: ReadMode,
  state: RestState,
  place: RestPlace,
  answer: LastAnswer,
): Pick<PulledPage, 'cursor' | 'notes'> {
  const notes: string[] = [];
  const { total } = place;
  // Of everything it is the poll that sees it, by the total that its pages tell.
  if (!state.isWhole && total !== undefined && place.rows < total) {
    notes.push(
      `The API says that there are ${total} rows, and gave ${place.rows}; of a part of its rows it may well count all.`,
    );
  }
  const { pagination } = readEntity(query.settings);
  if (pagination.kind === 'page' && place.requests > 2 && total === undefined && mode !== 'changes') {
    notes.push(
      'Rows that were deleted meanwhile may have moved others past the end of a page: the API tells no total.',
    );
  }
  const reached = mode === 'changes' ? reach(query, state, place, notes) : {};
  const text = writeCursor({ ...reached, ...seenOf(source, state, answer) });
  return { ...(text === undefined ? {} : { cursor: text }), ...(notes.length === 0 ? {} : { notes }) };
}

/**
 * What a read says that the API answered by nothing but that nothing has changed: the cursor stays where it is, and what
 * was seen counts as seen now, so that it is not asked for again before its time.
 */
export function finishUnchanged(
  { ttlMs }: RestSource,
  { before, seen, settings, startMs }: RestState,
): Pick<PulledPage, 'cursor'> {
  const cursor =
    ttlMs === undefined || seen === undefined
      ? undefined
      : writeCursor({ ...before, seen: { ...seen, settings, atMs: startMs } });
  return cursor === undefined ? {} : { cursor };
}

/** How far a read of changes came. */
function reach({ cursor }: Query, state: RestState, place: RestPlace, notes: string[]): RestCursor {
  const { before } = state;
  switch (cursor.kind) {
    case 'timestamp': {
      const latest = Math.min(place.startMs, state.untilMs ?? place.startMs);
      if (before.atMs !== undefined && before.atMs > latest + usualSkewMs) {
        notes.push(clockNote(before.atMs, latest));
      }
      if (cursor.column === undefined) return { atMs: latest };
      const high =
        place.high === undefined ? before.atMs : Math.max(before.atMs ?? Number(place.high), Number(place.high));
      if (high === undefined && place.rows > 0)
        notes.push(`No row has a time in ${cursor.column}: all is read again next time.`);
      return high === undefined ? {} : { atMs: Math.min(high, latest) };
    }
    case 'monotonic_id': {
      const ids = [before.id, place.high].filter((id) => id !== undefined).map(BigInt);
      const [first, second = first] = ids;
      if (first === undefined || second === undefined) return {};
      return { id: String(first > second ? first : second) };
    }
    case 'token':
      if (place.token === undefined) notes.push('The API told no sync token: the next read asks for the same again.');
      return place.token === undefined ? {} : { token: place.token };
    default:
      return {};
  }
}

function seenOf(source: RestSource, { settings, startMs }: RestState, answer: LastAnswer): { seen?: Seen } {
  const { request, isWhole, etag, lastModified } = answer;
  const isKnown = source.validators && isWhole && (etag !== null || lastModified !== null);
  if (!isKnown && source.ttlMs === undefined) return {};
  const validators = isKnown
    ? { ...(etag === null ? {} : { etag }), ...(lastModified === null ? {} : { lastModified }) }
    : {};
  return { seen: { request, settings, atMs: startMs, ...validators } };
}

function clockNote(beforeMs: number, latestMs: number): string {
  const seconds = Math.round((beforeMs - latestMs) / 1_000);
  return `The API's clock is ${seconds} s behind where an earlier read came to: was it set back? What was changed meanwhile shows at the next complete read.`;
}
