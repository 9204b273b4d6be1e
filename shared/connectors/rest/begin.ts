import { AdpError } from '../../errors.ts';
import type { Query, Read, ReadMode, Tools } from '../connector.ts';
import { type RestCursor, readCursor } from './cursor.ts';
import { type RestEntity, type RestSource, readEntity } from './entity.ts';
import { initialOf } from './forgotten.ts';
import { type RestState, toJson } from './place.ts';
import { namesUsed } from './request.ts';
import { hash } from './rows.ts';
import { readTime, type TimeForm, writeSince, writeUntil } from './times.ts';

/** A token means nothing to people, however long. */
const shownCharacters = 200;

/** How an entity's requests write times. */
function timeFormOf({ incremental }: RestEntity, zone: string, tools: Pick<Tools, 'timeZone'>): TimeForm {
  return { format: incremental.format, zone: tools.timeZone(incremental.zone ?? zone) };
}

/** How its rows write them. */
export function rowTimeFormOf(entity: RestEntity, zone: string, tools: Pick<Tools, 'timeZone'>): TimeForm {
  return { ...timeFormOf(entity, zone, tools), format: entity.incremental.rowFormat };
}

/** Fixes what all requests of a read are told. Asks nothing of the API, whose clock comes with the first answer. */
export function beginRead(
  source: RestSource,
  query: Query,
  mode: ReadMode,
  cursorText: string | undefined,
  tools: Pick<Tools, 'clock' | 'timeZone'>,
): Read {
  const entity = readEntity(query.settings);
  const startMs = tools.clock();
  const form = timeFormOf(entity, query.zone, tools);
  const before = readCursor(cursorText);
  const asked = mode === 'changes' ? askedFor(query, before, form) : undefined;
  const until = writeUntil(form, startMs);
  const settings = settingsHash(source, query, mode);
  const { seen, ...reached } = before;
  const isUsable = seen !== undefined && seen.settings === settings;
  const state: RestState = {
    startMs,
    until,
    ...(namesUsed(source, entity).includes('until') ? { untilMs: readTime(form, until) ?? startMs } : {}),
    ...(asked ?? initialOf(entity)),
    before: reached,
    isWhole: asked === undefined,
    ...(isUsable && source.validators
      ? {
          seen: {
            request: seen.request,
            ...(seen.etag === undefined ? {} : { etag: seen.etag }),
            ...(seen.lastModified === undefined ? {} : { lastModified: seen.lastModified }),
          },
        }
      : {}),
    isFresh: isUsable && source.ttlMs !== undefined && startMs >= seen.atMs && startMs - seen.atMs < source.ttlMs,
    settings,
  };
  return {
    mode,
    state: toJson(state),
    ...(asked === undefined ? {} : { from: String(asked.since ?? asked.cursor).slice(0, shownCharacters) }),
    // Pages are in the API's own order: what one read began, another can't go on with.
    isBackfill: false,
  };
}

/** Tells whether what was begun, or seen, was so by other settings. */
export function settingsHash({ baseUrl, query, headers }: RestSource, of: Query, mode: ReadMode): string {
  return hash([mode, of.cursor.kind, of.settings, baseUrl, [...query], [...headers]]);
}

/** What stands for {{since}} and {{cursor}}; undefined where there is no cursor yet, so that everything is read. */
function askedFor(
  { cursor }: Query,
  { atMs, token, id }: RestCursor,
  form: TimeForm,
): Pick<RestState, 'since' | 'cursor'> | undefined {
  switch (cursor.kind) {
    case 'timestamp':
      if (atMs === undefined) return undefined;
      return { since: writeSince(form, atMs - cursor.overlapSeconds * 1_000), cursor: writeSince(form, atMs) };
    case 'monotonic_id':
      return id === undefined ? undefined : { since: sinceId(BigInt(id), BigInt(cursor.overlapIds)), cursor: id };
    case 'token':
      return token === undefined ? undefined : { cursor: token };
    case 'full':
      return undefined;
    default:
      throw new AdpError('CONFIG_ERROR', `A REST source has no cursor of kind ${cursor.kind}.`);
  }
}

/** Not below 0, which APIs whose ids are not negative refuse. */
function sinceId(id: bigint, overlap: bigint): string {
  return String(id >= 0n && id < overlap ? 0n : id - overlap);
}
