import { AdpError } from '../../errors.ts';
import type { JsonValue } from '../../model/json.ts';
import type { RestCursor } from './cursor.ts';
import type { Loop } from './loop.ts';
import { isObject } from './member.ts';

/** What is asked for next: the how-manieth page, from which row on, or what the API said. */
export type Position =
  | { readonly kind: 'first' }
  | { readonly kind: 'page'; readonly page: number }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'next'; readonly next: string }
  | { readonly kind: 'url'; readonly url: string };

/** Where a read stands between two pages. */
export interface RestPlace {
  readonly position: Position;
  /** True where the API had forgotten the cursor, so that everything is read. */
  readonly isAnew?: boolean;
  /** Requests answered so far, and the rows in them. */
  readonly requests: number;
  readonly rows: number;
  /** When the read began by the API's clock, or ours where the API tells none; milliseconds since 1970. */
  readonly startMs: number;
  /** The highest time (milliseconds since 1970) or id of the rows so far. */
  readonly high?: string;
  /** How many rows the API says there are. */
  readonly total?: number;
  /** The sync token, once the API has told it. */
  readonly token?: string;
  /** What leads from page to page. */
  readonly loop?: Loop;
  /** Hash of the last page's rows, and how often in a row these came again. */
  readonly content?: string;
  readonly repeats: number;
  /** Pages without rows, one after the other. */
  readonly empties: number;
  /** offset: hashes of the last rows that were taken, by which the next page is aligned. */
  readonly tail: readonly string[];
  /** offset: how often the read went back because rows had moved, the last times in a row and in all. */
  readonly returns: number;
  readonly turns: number;
}

/** What a read was begun with. */
export interface RestState {
  /** By our clock, milliseconds since 1970. */
  readonly startMs: number;
  readonly since?: string | number;
  readonly cursor?: string | number;
  readonly until?: string | number;
  /** The latest time that the next read may take for granted, because {{until}} was rounded down to it. */
  readonly untilMs?: number;
  /** How far the read before came. */
  readonly before: Omit<RestCursor, 'seen'>;
  /** True where everything is asked for. */
  readonly isWhole: boolean;
  /** The last complete read, where answers are cached. */
  readonly seen?: { readonly request: string; readonly etag?: string; readonly lastModified?: string };
  /** True where that is so fresh that nothing is asked for. */
  readonly isFresh: boolean;
  /** Hash of the settings by which it is read. */
  readonly settings: string;
}

/** As JSON for the store; members that are undefined are left out. */
export function toJson(value: RestPlace | RestState): JsonValue {
  const json: JsonValue = JSON.parse(JSON.stringify(value));
  return json;
}

/** Reads what `toJson` made of a place. @throws AdpError INTERNAL for anything else */
export function toPlace(json: JsonValue): RestPlace {
  if (!isPlace(json)) throw unknown('The place');
  return json;
}

/** Reads what `toJson` made of a state. @throws AdpError INTERNAL for anything else */
export function toState(json: JsonValue): RestState {
  if (!isState(json)) throw unknown('The state');
  return json;
}

/** The store gives back what this file wrote; a few members tell it from what another version or connector wrote. */
function isPlace(value: unknown): value is RestPlace {
  return (
    isObject(value) &&
    isObject(value.position) &&
    typeof value.position.kind === 'string' &&
    typeof value.requests === 'number' &&
    typeof value.rows === 'number' &&
    typeof value.startMs === 'number' &&
    Array.isArray(value.tail)
  );
}

function isState(value: unknown): value is RestState {
  return (
    isObject(value) &&
    typeof value.startMs === 'number' &&
    typeof value.settings === 'string' &&
    typeof value.isWhole === 'boolean' &&
    isObject(value.before)
  );
}

function unknown(what: string): AdpError {
  return new AdpError(
    'INTERNAL',
    `${what} of a REST read is not one that this version wrote; the next read starts anew.`,
  );
}
