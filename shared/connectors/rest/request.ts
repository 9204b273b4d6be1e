import { AdpError } from '../../errors.ts';
import type { HttpRequest } from '../connector.ts';
import type { RestEntity, RestSource } from './entity.ts';
import type { Position, RestState } from './place.ts';
import { hash } from './rows.ts';
import { fill, fillJson, namesIn, type Place, textsIn, type Values } from './template.ts';

/** What is asked for, and how many rows at most. */
export interface Asked {
  readonly state: Pick<RestState, 'since' | 'cursor' | 'until'>;
  readonly position: Position;
  readonly limit: number;
}

/**
 * The request for one page, without credentials: these are added by who sends it.
 * @throws AdpError DATA_ERROR (park) where a value can't stand where a template wants it, or a link leads elsewhere
 */
export function requestFor(source: RestSource, entity: RestEntity, asked: Asked): HttpRequest {
  const values = valuesOf(entity, asked);
  const headers = headersOf(source, entity, values);
  const body = entity.method === 'POST' ? bodyOf(entity, values, headers) : undefined;
  return {
    method: entity.method,
    url: asked.position.kind === 'url' ? linkOf(source, asked.position.url) : urlOf(source, entity, values),
    headers: { accept: accepts[entity.format], ...body?.headers, ...headers },
    ...(body === undefined ? {} : { body: body.text }),
  };
}

/** The names of all placeholders that an entity's requests use, known or not. */
export function namesUsed(source: RestSource, { path, query, headers, body, incremental }: RestEntity): string[] {
  const parameters = [source.query, source.headers, query, headers].flatMap((texts) => [...texts.values()]);
  const templates = [path, ...parameters, ...(body === undefined ? [] : textsIn(body))];
  return [...templates.flatMap(namesIn), ...(incremental.untilParam === undefined ? [] : ['until'])];
}

/** Tells requests apart, validators aside. */
export function hashOf({ method, url, headers, body }: HttpRequest): string {
  return hash([method, url.href, headers, body]);
}

/**
 * A link to the next page that an API gave, as it may be followed: on the API's own host only, since the credential goes
 * along. A link that forgot TLS behind a proxy gets it back.
 * @throws AdpError DATA_ERROR (park) for one that leads elsewhere
 */
export function resolveLink(source: RestSource, link: string, from: URL): string {
  const base = new URL(source.baseUrl);
  if (!URL.canParse(link, from.href)) throw elsewhere('is no URL');
  const url = new URL(link, from.href);
  if (url.protocol === 'http:' && base.protocol === 'https:' && url.hostname === base.hostname) {
    url.protocol = 'https:';
    url.port = base.port;
  }
  if (url.origin !== base.origin) throw elsewhere(`leads to ${url.origin}, not to ${base.origin}`);
  if (url.username !== '' || url.password !== '') throw elsewhere('holds a user or a password');
  url.hash = '';
  return url.href;
}

function elsewhere(what: string): AdpError {
  const message = `The link to the next page ${what}. Ask the API's vendor, or take another kind of pagination.`;
  return new AdpError('DATA_ERROR', message, { disposition: 'park' });
}

const accepts = {
  json: 'application/json',
  ndjson: 'application/x-ndjson, application/json;q=0.5',
  csv: 'text/csv, */*;q=0.1',
  xml: 'application/xml, text/xml;q=0.9',
} as const;

function valuesOf({ pagination }: RestEntity, { state, position, limit }: Asked): Values {
  return {
    ...(state.since === undefined ? {} : { since: state.since }),
    ...(state.cursor === undefined ? {} : { cursor: state.cursor }),
    ...(state.until === undefined ? {} : { until: state.until }),
    limit,
    page: position.kind === 'page' ? position.page : pagination.kind === 'page' ? pagination.first : 1,
    offset: position.kind === 'offset' ? position.offset : 0,
    ...(position.kind === 'next' ? { next: position.next } : {}),
  };
}

function urlOf(source: RestSource, entity: RestEntity, values: Values): URL {
  const path = fill(entity.path, values, 'path');
  if (path === undefined) {
    throw new AdpError('CONFIG_ERROR', 'The path has a placeholder that has no value yet: say incremental.initial.');
  }
  const url = new URL(`${source.baseUrl}/${path.replace(/^\/+/, '')}`);
  if (url.origin !== new URL(source.baseUrl).origin) throw elsewhere('is on another host');
  url.search = queryOf(source, entity, values);
  return url;
}

/** A link says everything itself. */
function linkOf(source: RestSource, link: string): URL {
  return new URL(resolveLink(source, link, new URL(source.baseUrl)));
}

function queryOf(source: RestSource, { query, incremental, pagination }: RestEntity, values: Values): string {
  const templates = new Map([...source.query, ...query]);
  const add = (name: string | undefined, template: string) => {
    if (name !== undefined) templates.set(name, template);
  };
  add(incremental.param, values.since === undefined ? '{{cursor}}' : '{{since}}');
  add(incremental.untilParam, '{{until}}');
  add(pagination.sizeParam, '{{limit}}');
  if (pagination.kind === 'page') add(pagination.param, '{{page}}');
  if (pagination.kind === 'offset') add(pagination.param, '{{offset}}');
  // Where one parameter takes both, where the last read came to begins a read, and the page before leads on.
  if (pagination.kind === 'cursor' && values.next !== undefined) add(pagination.param, '{{next}}');
  return Array.from(templates)
    .flatMap(([name, template]) => {
      const value = fill(template, values, 'text');
      return value === undefined ? [] : [`${encode(name)}=${encode(value)}`];
    })
    .join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function headersOf(source: RestSource, entity: RestEntity, values: Values): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, template] of new Map([...source.headers, ...entity.headers])) {
    const value = fill(template, values, 'header');
    if (value !== undefined) headers[name.toLowerCase()] = value;
  }
  return headers;
}

function bodyOf({ body }: RestEntity, values: Values, headers: Readonly<Record<string, string>>) {
  if (body === undefined) return undefined;
  if (typeof body !== 'string') {
    return { text: JSON.stringify(fillJson(body, values)), headers: { 'content-type': 'application/json' } };
  }
  const type = headers['content-type'] ?? 'application/json';
  const place: Place = /x-www-form-urlencoded/i.test(type) ? 'form' : /xml/i.test(type) ? 'xml' : 'json';
  // A text can't leave a part out: what has no value yet is empty.
  const empty: Values = { cursor: '', since: '', until: '', next: '' };
  return { text: fill(body, { ...empty, ...values }, place) ?? '', headers: { 'content-type': type } };
}
