import type { JsonObject, JsonValue } from '../../model/json.ts';
import { flagOf, numberOf, objectOf, textOf, textsOf } from './member.ts';
import { type Pagination, paginationOf } from './pagination.ts';

/** Where an API tells something besides its rows. */
export type Told = { readonly path: string } | { readonly header: string };

/** An entity's settings, their defaults filled in. */
export interface RestEntity {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly query: ReadonlyMap<string, string>;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: JsonValue | undefined;
  readonly format: 'json' | 'ndjson' | 'csv' | 'xml';
  readonly records: string | undefined;
  readonly element: string | undefined;
  readonly delimiter: string | undefined;
  readonly encoding: string | undefined;
  readonly pagination: Pagination;
  readonly incremental: {
    readonly param: string | undefined;
    readonly untilParam: string | undefined;
    readonly format: string;
    readonly rowFormat: string;
    readonly zone: string | undefined;
    readonly initial: string | undefined;
    /** Statuses by which the API says that it has forgotten what the cursor, or the next page, stands for. */
    readonly expired: readonly number[];
  };
  readonly total: Told | undefined;
  readonly syncToken: Told | undefined;
  readonly softDelete: { readonly field: string; readonly values: readonly JsonValue[] | undefined } | undefined;
  readonly sparse: boolean;
}

/** Reads settings that the schema has checked. */
export function readEntity(settings: JsonObject): RestEntity {
  const incremental = objectOf(settings, 'incremental') ?? {};
  const softDelete = objectOf(settings, 'soft_delete');
  return {
    path: textOf(settings, 'path') ?? '/',
    method: textOf(settings, 'method') === 'POST' ? 'POST' : 'GET',
    query: textsOf(settings, 'query'),
    headers: textsOf(settings, 'headers'),
    body: settings.body,
    format: formats.find((format) => format === textOf(settings, 'format')) ?? 'json',
    records: textOf(settings, 'records'),
    element: textOf(settings, 'element'),
    delimiter: textOf(settings, 'delimiter'),
    encoding: textOf(settings, 'encoding'),
    pagination: paginationOf(objectOf(settings, 'pagination') ?? {}),
    incremental: {
      param: textOf(incremental, 'param'),
      untilParam: textOf(incremental, 'until_param'),
      format: textOf(incremental, 'format') ?? usualTimes,
      rowFormat: textOf(incremental, 'row_format') ?? textOf(incremental, 'format') ?? usualTimes,
      zone: textOf(incremental, 'zone'),
      initial: textOf(incremental, 'initial'),
      expired: listOf(incremental.expired)?.map(Number) ?? usualExpired,
    },
    total: toldOf(objectOf(settings, 'total')),
    syncToken: toldOf(objectOf(settings, 'sync_token')),
    softDelete:
      softDelete === undefined
        ? undefined
        : { field: textOf(softDelete, 'field') ?? '', values: listOf(softDelete.values) },
    sparse: flagOf(settings, 'sparse'),
  };
}

/** A source's settings, as far as they concern this connector; requests have their own. */
export interface RestSource {
  readonly baseUrl: string;
  readonly allowHttp: boolean;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: ReadonlyMap<string, string>;
  readonly validators: boolean;
  readonly ttlMs: number | undefined;
}

export function readSource(settings: JsonObject): RestSource {
  const cache = objectOf(settings, 'cache') ?? {};
  const ttl = numberOf(cache, 'ttl_seconds');
  return {
    baseUrl: (textOf(settings, 'base_url') ?? '').replace(/\/+$/, ''),
    allowHttp: flagOf(settings, 'allow_http'),
    query: textsOf(settings, 'query'),
    headers: textsOf(settings, 'headers'),
    validators: flagOf(cache, 'validators'),
    ttlMs: ttl === undefined ? undefined : ttl * 1_000,
  };
}

const usualTimes = 'rfc3339';
/** Gone: RFC 9110, 15.5.11. */
const usualExpired = [410];
const formats = ['json', 'ndjson', 'csv', 'xml'] as const;

function toldOf(settings: JsonObject | undefined): Told | undefined {
  if (settings === undefined) return undefined;
  const path = textOf(settings, 'path');
  const header = textOf(settings, 'header');
  if (path !== undefined) return { path };
  return header === undefined ? undefined : { header };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] | undefined {
  return Array.isArray(value) ? value : undefined;
}
