import type { JsonObject } from '../../model/json.ts';
import type { Query } from '../connector.ts';
import { readEntity, readSource } from './entity.ts';
import { objectOf, textOf } from './member.ts';
import { paginationSettings } from './pagination.ts';
import { namesUsed } from './request.ts';
import { namesIn, placeholders } from './template.ts';

/** What HTTP itself, the credential or this connector says. */
const reservedHeaders =
  /^(authorization|proxy-.*|cookie|host|content-length|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|accept-encoding|if-none-match|if-modified-since|range)$/i;

/** What is wrong with an entity's settings and no JSON Schema can say, as sentences. */
export function entityFaults(sourceSettings: JsonObject, query: Pick<Query, 'settings' | 'cursor'>): string[] {
  const source = readSource(sourceSettings);
  const entity = readEntity(query.settings);
  const used = new Set(namesUsed(source, entity));
  return [
    ...urlFaults(source.baseUrl, source.allowHttp, entity.path),
    ...[...used]
      .filter((name) => !placeholders.some((known) => known === name))
      .map((name) => `{{${name}}} is not known; known are ${placeholders.map((known) => `{{${known}}}`).join(', ')}.`),
    ...pathFaults(entity.path, entity.incremental.initial),
    ...[...entity.headers.keys(), ...source.headers.keys()]
      .filter((name) => reservedHeaders.test(name))
      .map((name) => `headers.${name} can't be set; credentials are kept in Key Vault and named by credential.`),
    ...(entity.body !== undefined && entity.method !== 'POST' ? ['body needs method POST.'] : []),
    ...paginationFaults(query.settings, entity, used),
    ...cursorFaults(query.cursor, entity, used),
    ...toldFaults(entity),
    ...formatFaults(query.settings, entity.format),
  ];
}

type Entity = ReturnType<typeof readEntity>;

function urlFaults(baseUrl: string, allowHttp: boolean, path: string): string[] {
  const faults: string[] = [];
  if (!URL.canParse(baseUrl)) faults.push('base_url must be a URL such as https://api.example.com/v2.');
  if (baseUrl.startsWith('http://') && !allowHttp) {
    faults.push('base_url is plain http: take https, or set allow_http where nobody else is on the way.');
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || path.startsWith('//') || path.includes('\\')) {
    faults.push('path is added to base_url: it must be a path such as /parts.');
  }
  if (/[?#]/.test(path)) faults.push('path must be without ? and #: put parameters under query.');
  if (path.split('/').some((step) => /^(\.|%2e){1,2}$/i.test(step)))
    faults.push('path must not hold . or .. as a step.');
  return faults;
}

/** A path can't be left out, so that what it holds must have a value in every request. */
function pathFaults(path: string, initial: string | undefined): string[] {
  return namesIn(path).flatMap((name) => {
    if (name === 'next') return ["path can't hold {{next}}, which the first page has not: put it under query."];
    if ((name === 'since' || name === 'cursor') && initial === undefined) {
      return [`path holds {{${name}}}, which the first read has not: say incremental.initial.`];
    }
    return [];
  });
}

function paginationFaults(settings: JsonObject, { pagination }: Entity, used: ReadonlySet<string>): string[] {
  const given = objectOf(settings, 'pagination') ?? {};
  const known = ['kind', 'size', 'size_param', ...paginationSettings[pagination.kind]];
  const faults = Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => `pagination.${name} means nothing where kind is ${pagination.kind}; known are ${known.join(', ')}.`);
  const needed = { page: 'page', offset: 'offset', cursor: 'next' } as const;
  if (pagination.kind === 'page' || pagination.kind === 'offset' || pagination.kind === 'cursor') {
    const name = needed[pagination.kind];
    if (pagination.param === undefined && !used.has(name)) {
      faults.push(`Nothing tells the API which page is wanted: say pagination.param, or use {{${name}}}.`);
    }
  }
  if (pagination.kind === 'next_url' && textOf(given, 'from') === undefined) {
    faults.push('pagination.from is missing: where the link to the next page stands in the body.');
  }
  if (pagination.kind === 'cursor') {
    const ways = ['from', 'header', 'from_row'].filter((name) => Object.hasOwn(given, name));
    if (ways.length !== 1)
      faults.push('pagination needs one of from, header and from_row: where the next cursor stands.');
  }
  return faults;
}

function cursorFaults(cursor: Query['cursor'], entity: Entity, used: ReadonlySet<string>): string[] {
  const { incremental } = entity;
  const asks = used.has('since') || used.has('cursor') || incremental.param !== undefined;
  const faults: string[] = [];
  if (cursor.kind !== 'full' && !asks) {
    faults.push(
      `The API isn't told what was read already: say incremental.param, use {{since}} or {{cursor}}, or set cursor.kind to full.`,
    );
  }
  if (cursor.kind === 'full' && asks) {
    faults.push(
      'cursor.kind full reads everything each time: say modified or another cursor.kind, or take incremental, {{since}} and {{cursor}} away.',
    );
  }
  if (cursor.kind === 'monotonic_id' && cursor.column === undefined) {
    faults.push('cursor.column is missing: the field that holds the rising id.');
  }
  if (cursor.kind === 'token' && entity.syncToken === undefined) {
    faults.push('sync_token is missing: where the API tells the text that means "all until now".');
  }
  return faults;
}

/** Only JSON has something around its rows. */
function toldFaults({ format, total, syncToken, pagination }: Entity): string[] {
  if (format === 'json') return [];
  const inBody = [
    ...(total !== undefined && 'path' in total ? ['total.path'] : []),
    ...(syncToken !== undefined && 'path' in syncToken ? ['sync_token.path'] : []),
    ...(pagination.kind === 'next_url' || (pagination.kind === 'cursor' && 'path' in pagination.next)
      ? ['pagination.from']
      : []),
    ...(pagination.kind === 'cursor' && pagination.more !== undefined ? ['pagination.more'] : []),
  ];
  return inBody.map((name) => `${name} can be read from JSON only; ${format} answers tell it in a header.`);
}

function formatFaults(settings: JsonObject, format: string): string[] {
  const belongs: Readonly<Record<string, string>> = { records: 'json', element: 'xml', delimiter: 'csv' };
  return Object.entries(belongs)
    .filter(([name, only]) => Object.hasOwn(settings, name) && format !== only)
    .map(([name, only]) => `${name} is for ${only}, and format is ${format}.`);
}
