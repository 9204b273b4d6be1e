import { AdpError } from '../../errors.ts';
import type { Http, HttpAnswer, PulledPage, Query, Read, Tools } from '../connector.ts';
import { align, movesTooMuch, tailOf } from './align.ts';
import { type Answered, readAnswer } from './answer.ts';
import { rowTimeFormOf, settingsHash } from './begin.ts';
import { type RestEntity, type RestSource, readEntity } from './entity.ts';
import { finish, finishUnchanged } from './finish.ts';
import { asWhole, forgettingStatuses, lostItsPlace } from './forgotten.ts';
import { follow } from './loop.ts';
import { endsAt, fitting, positionAfter } from './next.ts';
import { type Position, type RestPlace, type RestState, toJson } from './place.ts';
import { hashOf, requestFor } from './request.ts';
import { checkFields, hashPage, highest, markDeleted, toldText } from './rows.ts';

/** The same rows may come again once: new ones may have pushed them all onto the next page. */
const maxRepeats = 1;
/** Where pages are aligned, rows that are pushed on again and again are told from an API that doesn't listen by patience. */
const maxAlignedRepeats = 10;
/** Pages without rows in a row, of an API that leads on and on. */
const maxEmpties = 100;

/** Characters of the names of fields that are kept. */
const maxColumns = 32_768;

/** What a page is pulled with: of one source that is open. */
export interface PullTools extends Pick<Tools, 'clock' | 'timeZone' | 'readRows'> {
  readonly http: Http;
  readonly source: RestSource;
  /** Takes secrets out of a text that people will see. */
  readonly scrub: (text: string) => string;
}

/** A page of an API: one request. */
export async function pullPage(
  tools: PullTools,
  query: Query,
  { mode }: Pick<Read, 'mode'>,
  begun: RestState,
  place: RestPlace | undefined,
  signal: AbortSignal,
): Promise<PulledPage> {
  if (begun.isFresh) {
    return {
      rows: [],
      unchanged: true,
      notes: ['Nothing was asked for: the last answer is younger than cache.ttl_seconds.'],
    };
  }
  if (begun.settings !== settingsHash(tools.source, query, mode)) throw isAnother();
  const entity = readEntity(query.settings);
  const state = place?.isAnew === true ? asWhole(begun, entity) : begun;
  const position: Position = place?.position ?? { kind: 'first' };
  const request = requestFor(tools.source, entity, { state, position, limit: entity.pagination.size });
  const known = hashOf(request);
  const validators = position.kind === 'first' && state.seen?.request === known ? validatorsOf(state.seen) : {};
  const sentMs = tools.clock();
  const forgetting = forgettingStatuses(entity, state, position);
  const isCounted = position.kind === 'page' || position.kind === 'offset';
  const expects = isCounted ? [...forgetting, 404] : forgetting;
  const answer = await tools.http.send({ ...request, headers: { ...request.headers, ...validators }, expects }, signal);
  const { pauseMs = 0 } = answer;
  const pause = pauseMs === 0 ? {} : { pauseMs };
  if (answer.status === 304) {
    await drain(answer);
    if (Object.keys(validators).length === 0) throw unasked();
    return { rows: [], unchanged: true, ...finishUnchanged(tools.source, state), ...pause };
  }
  const startMs = place?.startMs ?? startOf(answer, sentMs, tools.clock());
  if (forgetting.includes(answer.status)) {
    await drain(answer);
    if (position.kind !== 'first') throw lostItsPlace();
    const next = toJson({ ...beginning, position, startMs, isAnew: true });
    const note = `The API no longer knows what has changed since its cursor (${answer.status}): everything is read again.`;
    return { rows: [], forgotten: true, next, notes: [note], ...pause };
  }
  if (isCounted && answer.status === 404) {
    await drain(answer);
    throw notThere(position, request.url);
  }
  const answered = await readAnswer(answer, entity, tools.readRows, tools.scrub, signal);
  const columns = place === undefined || place.rows === 0 ? checkedColumns(answered, entity, query) : {};
  const step = take(tools, entity, query, { answer, answered, position, place, startMs });
  const rows = markDeleted(step.rows, entity);
  const { total } = step.place;
  // Of a part of the rows an API may well count all.
  const counted = total === undefined || !state.isWhole ? {} : { total };
  const page = { rows, ...columns, ...counted, ...pause };
  if (step.next !== undefined) return { ...page, next: toJson(step.next) };
  const seen = {
    request: known,
    isWhole: step.place.requests === 1,
    etag: answer.headers.get('etag'),
    lastModified: settledTime(answer.headers),
  };
  return { ...page, ...finish(tools.source, query, mode, state, step.place, seen) };
}

interface Taken {
  readonly answer: HttpAnswer;
  readonly answered: Answered;
  readonly position: Position;
  readonly place: RestPlace | undefined;
  readonly startMs: number;
}

/** What a page adds to a read: its rows, and where the next one is. */
function take(
  tools: PullTools,
  entity: RestEntity,
  query: Query,
  { answer, answered, position, place, startMs }: Taken,
): { rows: Answered['rows']; place: RestPlace; next: RestPlace | undefined } {
  const offset = position.kind === 'offset' ? position.offset : 0;
  const before: RestPlace = place ?? { ...beginning, position, startMs };
  const { pagination } = entity;
  const aligned =
    pagination.kind === 'offset'
      ? align(answered.rows, offset, before)
      : { kind: 'on' as const, rows: answered.rows, isEnd: false };
  const requests = before.requests + 1;
  if (aligned.kind === 'back') {
    const turns = before.turns + 1;
    if (movesTooMuch({ turns, requests })) throw restless();
    const goesTo: Position = { kind: 'offset', offset: aligned.offset };
    const back = { ...before, position: goesTo, requests, turns, returns: before.returns + 1 };
    return { rows: [], place: back, next: back };
  }
  const { rows } = aligned;
  const high = higher(before.high, highest(rows, query.cursor, rowTimeFormOf(entity, query.zone, tools)));
  const total = totalOf(entity, answered, answer) ?? before.total;
  const told = toldText(entity.syncToken, answered.envelope, answer.headers);
  const token = told === undefined ? before.token : fitting(told, 'The sync token', 'cursor');
  const content = answered.rows.length === 0 ? before.content : hashPage(answered.rows);
  const after: RestPlace = {
    ...before,
    requests,
    rows: before.rows + rows.length,
    ...(high === undefined ? {} : { high }),
    ...(token === undefined ? {} : { token }),
    ...(total === undefined ? {} : { total }),
    ...(content === undefined ? {} : { content }),
    repeats: answered.rows.length > 0 && content === before.content ? before.repeats + 1 : 0,
    empties: answered.rows.length === 0 ? before.empties + 1 : 0,
    tail: pagination.kind === 'offset' && pagination.recheck ? tailOf(answered.rows) : [],
    returns: 0,
  };
  const isAligned = before.tail.length > 0;
  if (after.repeats > (isAligned ? maxAlignedRepeats : maxRepeats))
    throw loops('the same rows come again and again, whichever page is asked for');
  if (after.empties > maxEmpties)
    throw loops(`there were ${after.empties} pages without rows, and each leads to another`);
  const next =
    pagination.kind === 'offset'
      ? offsetAfter(offset, answered.rows.length, aligned.isEnd, after.tail.length > 0, pagination)
      : positionAfter(tools.source, entity, { answered, headers: answer.headers, url: answer.url, position });
  return { rows, place: after, next: next && following(after, next, tools.http) };
}

const beginning = { requests: 0, rows: 0, repeats: 0, empties: 0, tail: [], returns: 0, turns: 0 } as const;

/** @param overlaps whether the next page is to begin with the last row of this one */
function offsetAfter(
  offset: number,
  rows: number,
  isEnd: boolean,
  overlaps: boolean,
  pagination: { readonly endsShort: boolean; readonly size: number },
): Position | undefined {
  if (isEnd || endsAt(rows, pagination)) return undefined;
  return { kind: 'offset', offset: offset + rows - (overlaps ? 1 : 0) };
}

/** @throws AdpError DATA_ERROR (park) for a link or cursor that was there before */
function following(after: RestPlace, position: Position, http: Http): RestPlace {
  if (position.kind !== 'next' && position.kind !== 'url') return { ...after, position };
  // Some APIs write the key that they were asked with into the link.
  const next = position.kind === 'url' ? http.withoutCredential(new URL(position.url)).href : position.next;
  const loop = follow(after.loop, next);
  if (loop === undefined) throw loops('what leads to the next page leads back to one that was read');
  return { ...after, loop, position: position.kind === 'url' ? { kind: 'url', url: next } : position };
}

/** @throws what `checkFields` says */
function checkedColumns({ rows }: Answered, entity: RestEntity, query: Query) {
  const columns = checkFields(rows, entity, query);
  // Some APIs make members of what others make values; these are no columns, and without end.
  return columns.length === 0 || JSON.stringify(columns).length > maxColumns ? {} : { columns };
}

/** Behind the last row an API may well say that there are none. */
function totalOf(entity: RestEntity, { rows, envelope }: Answered, { headers }: HttpAnswer): number | undefined {
  if (rows.length === 0) return undefined;
  const text = toldText(entity.total, envelope, headers);
  return text !== undefined && /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : undefined;
}

/**
 * When the API began to look, by its own clock where it tells it (RFC 9110, 6.6.1), else by ours. `Date` is written when
 * the answer is, so that the time that the answer took is taken off.
 */
function startOf({ headers }: HttpAnswer, sentMs: number, answeredMs: number): number {
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? sentMs : date - Math.max(0, answeredMs - sentMs);
}

/**
 * Last-Modified, where it is a minute before the answer or more: what is changed twice within its second would else count
 * as unchanged for good (RFC 9110, 8.8.2.2).
 */
function settledTime(headers: Headers): string | null {
  const time = headers.get('last-modified');
  const age = Date.parse(headers.get('date') ?? '') - Date.parse(time ?? '');
  return age >= 60_000 ? time : null;
}

function validatorsOf({ etag, lastModified }: NonNullable<RestState['seen']>): Record<string, string> {
  return {
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  };
}

function higher(before: string | undefined, now: bigint | undefined): string | undefined {
  return now === undefined || (before !== undefined && BigInt(before) >= now) ? before : String(now);
}

async function drain({ body }: HttpAnswer): Promise<void> {
  for await (const _ of body);
}

function loops(what: string): AdpError {
  const message = `The API's pages go in a circle: ${what}. Check pagination against the API's manual.`;
  return new AdpError('DATA_ERROR', message, { disposition: 'park' });
}

/** Nobody has to do anything about it. */
function isAnother(): AdpError {
  const message = 'The source was configured anew while it was read: the next run begins anew.';
  return new AdpError('CONFLICT', message, { disposition: 'park' });
}

/** It may be the end, and it may be an API that is out of order: rows that aren't read would count as gone. */
function notThere(position: Extract<Position, { kind: 'page' | 'offset' }>, { pathname }: URL): AdpError {
  const where = position.kind === 'page' ? `page ${position.page}` : `row ${position.offset}`;
  const message = `The API answers 404 for ${where} of ${pathname}, having given what is before. If it does so past its last page, have its own links followed (pagination.kind next_url or link_header); ends_short helps only while the last page isn't full.`;
  return new AdpError('CONFIG_ERROR', message);
}

function restless(): AdpError {
  const message = "Rows keep moving between the API's pages: poll when less is changed, or take a stable order.";
  return new AdpError('DATA_ERROR', message, { disposition: 'retry' });
}

function unasked(): AdpError {
  const message = 'The API answered 304 Not Modified, though nothing was said of what is known. Turn its cache off.';
  return new AdpError('DATA_ERROR', message, { disposition: 'park' });
}
