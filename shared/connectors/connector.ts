import type { JSONSchema } from 'json-schema-to-ts';
import type { Clock } from '../clock.ts';
import type { TimeZone } from '../mapping/zone.ts';
import type { EntityName } from '../model/entities.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';

/** Connectors of systems that are polled. */
export type PolledConnector = 'mssql' | 'postgres' | 'mysql' | 'rest';

/**
 * How a source's changes are found.
 * - `timestamp`: rows whose modification time is at or after the cursor's, with an overlap
 * - `rowversion`, `change_tracking`: SQL Server's own
 * - `monotonic_id`: rows are only ever added, with rising ids
 * - `token`: the API hands out a text that stands for "all until now"
 * - `full`: there is no way; everything is read each time, and compared
 */
export const cursorKinds = ['timestamp', 'rowversion', 'change_tracking', 'monotonic_id', 'token', 'full'] as const;

export type CursorKind = (typeof cursorKinds)[number];

/** An entity's `cursor`, its defaults filled in. */
export interface CursorSettings {
  readonly kind: CursorKind;
  /** Where the cursor stands; undefined where the kind needs none, or the connector says which is usual. */
  readonly column: string | undefined;
  /** `timestamp`: seconds that are read again, longer than the source's longest transaction. */
  readonly overlapSeconds: number;
  /** `monotonic_id`: ids that are read again. */
  readonly overlapIds: number;
}

/** What is read of a source: one entity, as configured. */
export interface Query {
  readonly entity: EntityName;
  /** Checked by the connector's `settings.entity`. */
  readonly settings: JsonObject;
  readonly cursor: CursorSettings;
  /** The source's fields that are wanted, the first step of each path; undefined: all that there are. */
  readonly columns: readonly string[] | undefined;
  /** Fields that must be there, each as alternatives: without them the mapping can't mean what it meant. */
  readonly needed: readonly (readonly string[])[];
  /** The fields that a record's id is made of. */
  readonly keyColumns: readonly string[];
  /** IANA zone of times that say none. */
  readonly zone: string;
}

/**
 * What a read is for.
 * - `changes`: what has changed since the cursor; everything where there is no cursor yet
 * - `all`: everything, in order to compare it: what is not in it is gone
 * - `keys`: the key fields (`keyColumns`) of everything, in order to find what is gone
 */
export type ReadMode = 'changes' | 'all' | 'keys';

/** A read as it was begun, fixed for all of its pages and kept in the store between them. */
export interface Read {
  readonly mode: ReadMode;
  /** The connector's own: bounds, what the catalogue said. At most 16 KB of JSON, no secrets. */
  readonly state: JsonValue;
  /** For people: where it begins. */
  readonly from?: string;
  /**
   * True where it reads everything in the order of the key, having taken its low-water mark first: another run may go on
   * with it where this one stops.
   */
  readonly isBackfill: boolean;
  /** What a person may want to know, such as rows that a cursor can't see. */
  readonly notes?: readonly string[];
  /** The clock that dates rows was set back since the cursor was told: what is new may be dated earlier than what it replaces. */
  readonly isClockSetBack?: true;
}

/** A row as the source has it, or why it could not be read; `raw` is at most 2,000 characters. */
export type PulledRow =
  /** `_op: 'delete'` deletes. */
  { readonly values: Record<string, unknown> } | { readonly error: string; readonly raw: string };

export interface PulledPage {
  readonly rows: readonly PulledRow[];
  /** Where the next page begins: JSON, at most 16 KB, no secrets; undefined on the last one. */
  readonly next?: JsonValue;
  /**
   * How far the source was read with this page, as the next `begin` is to be told: text that the source made or can
   * compare. Never later than the source's clock when the read began. Undefined: no further than before. Of a backfill
   * only the last page has one, its low-water mark.
   */
  readonly cursor?: string;
  /** All of the source's fields, where it says so; once a read. */
  readonly columns?: readonly string[];
  /** How many rows the source says there are in all pages: a read that ends with fewer is suspect, and its cursor stays. */
  readonly total?: number;
  /** The source asks to be left alone for so long, in milliseconds. */
  readonly pauseMs?: number;
  /**
   * True, with no rows, where the source says that nothing has changed since the read that made the cursor. In a complete
   * read (`all`, `keys`): everything is as it was then, so that nothing is gone either.
   */
  readonly unchanged?: boolean;
  /**
   * True, with no rows, on the first page of a read of changes: the source has forgotten what has changed since the cursor,
   * which is void. The pages from `next` on are of everything.
   */
  readonly forgotten?: boolean;
  readonly notes?: readonly string[];
}

/** One finding of a `check`. */
export interface Finding {
  /** `login`, `privileges`, `columns`, `cursor index`, `clock` … */
  readonly name: string;
  readonly level: 'ok' | 'warning' | 'error';
  /** What was found; of a warning or an error also what to do. */
  readonly detail: string;
  readonly entity?: EntityName;
}

/** What a check says that was stopped. @param left the queries that it was not done with, the one that it was at first */
export function tooSlow([query, ...others]: readonly Query[]): Finding {
  const later = others.map(({ entity }) => entity).join(', ');
  const detail = `It took too long, and was not checked to its end${later === '' ? '' : `; ${later} not at all`}. See whether the source is busy, and check again.`;
  return { name: 'time', level: 'error', detail, ...(query === undefined ? {} : { entity: query.entity }) };
}

/**
 * A source that is open. Its calls may run side by side, at most as many as `concurrency` says.
 *
 * Every call throws AdpError with the right disposition, and never sleeps or tries again: who calls it waits better.
 * `NETWORK_ERROR`, `RATE_LIMITED` (with `retryAfterMs` where the source said so): retry. `AUTH_FAILED`: the credential was
 * refused; park. `MAPPING_ERROR`: a column that is needed is gone; park, the message names it. `CONFIG_ERROR`: settings
 * that can't work; park. `CONFLICT` (park): this read can't be gone on with; the next one begins anew. No message, cause or note holds a secret.
 *
 * `signal` aborts: what is under way is cancelled at the source as well, and the call throws the signal's reason.
 */
export interface Connection {
  /**
   * Tests what a person would want to be told before the first poll. Findings, not errors, wherever possible: aborted, it
   * answers what was found by then, and `tooSlow`.
   */
  check(queries: readonly Query[], signal: AbortSignal): Promise<Finding[]>;
  /** Fixes the bounds of a read, before its first page. @param cursor what the last page of an earlier read said */
  begin(query: Query, mode: ReadMode, cursor: string | undefined, signal: AbortSignal): Promise<Read>;
  /** One page. The same place may be asked for twice: it then answers what is there at that time. */
  pull(
    query: Query,
    read: Read,
    place: JsonValue | undefined,
    maxRows: number,
    signal: AbortSignal,
  ): Promise<PulledPage>;
  close(): Promise<void>;
}

/** A source to be opened. */
export interface OpenSource {
  readonly dealerId: string;
  readonly sourceId: string;
  /** Checked by the connector's `settings.source`. */
  readonly settings: JsonObject;
  /** The secret's name in Key Vault, for what must be saved back: refresh tokens that are good for one use. */
  readonly credential?: string;
  /** The secret's value: a connection string, or JSON for its kind of authentication. */
  readonly secret: string | undefined;
  readonly zone: string;
  /** Calls at the same time. */
  readonly concurrency: number;
}

/** What a connector is handed. */
export interface Tools {
  readonly clock: Clock;
  /** HTTP as one source may use it. */
  readonly http: (options: HttpOptions) => Http;
  /** Rows of a body by the hub's own formats. */
  readonly readRows: ReadRows;
  /** Civil time of an IANA zone. @throws AdpError CONFIG_ERROR (park) where there is no such zone */
  readonly timeZone: (name: string) => TimeZone;
}

/**
 * Rows of a response's body.
 * @throws AdpError DATA_ERROR (park) for a body that is not of that format as a whole, or is cut short
 */
export type ReadRows = (
  body: AsyncIterable<Uint8Array>,
  options: {
    readonly format: 'json' | 'ndjson' | 'csv' | 'xml';
    /** JSON: names joined by dots. */
    readonly path?: string;
    /** XML. */
    readonly element?: string;
    readonly delimiter?: string;
    readonly encoding?: string;
    readonly maxRows?: number;
    readonly signal?: AbortSignal;
    /**
     * JSON: called once behind the last row with everything that is around the rows, whose array is left as one text;
     * where there is none, with all that there is, before the error.
     * Numbers that JavaScript would print otherwise are `NumberLiteral`.
     */
    readonly onEnvelope?: (root: unknown) => void;
  },
) => AsyncIterable<readonly PulledRow[]>;

export interface HttpOptions {
  /** It is asked on no more connections than its `concurrency`. */
  readonly source: Pick<OpenSource, 'dealerId' | 'sourceId' | 'credential' | 'secret' | 'settings' | 'concurrency'>;
  /** Where requests may go; redirects that leave it lose the credential. */
  readonly baseUrl: URL;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Statuses of 4xx that are answers here, and no errors. */
  readonly expects?: readonly number[];
}

export interface HttpAnswer {
  /** 2xx, 304, or one that the request expects. */
  readonly status: number;
  readonly headers: Headers;
  /** After redirects. */
  readonly url: URL;
  /** For how many milliseconds the API asks to be left alone from now on, by any of the usual headers. */
  readonly pauseMs: number | undefined;
  /** What it was asked with, such as a token that was got for it: no message may hold it, should the API repeat it. */
  readonly secrets: readonly string[];
  /** Bounded in size and time; it must be read to its end or returned from. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Requests of one source: authenticated, guarded against SSRF, bounded in time, size and redirects. */
export interface Http {
  /**
   * A 401 renews the token once. @throws AdpError `AUTH_FAILED` (park) for 401 and 403, `RATE_LIMITED` (retry, with the
   * pause that is asked for) for 429, `NETWORK_ERROR` (retry) for 408, 5xx, time-outs and lost connections,
   * `CONFIG_ERROR` (park) for other answers and for addresses that are not allowed
   */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /**
   * The address without what `send` adds to its query: APIs repeat keys in the links that they answer, and links are kept
   * from page to page. `url` of an answer has none already.
   */
  withoutCredential(url: URL): URL;
  close(): Promise<void>;
}

/** A system that is polled: its settings, what it can do, and how it is opened. One file a connector. */
export interface Connector {
  readonly name: PolledConnector;
  /** JSON Schemas, with descriptions: of the connection as a whole, and of one entity. */
  readonly settings: { readonly source: JSONSchema; readonly entity: JSONSchema };
  readonly capabilities: {
    /** The first one is the default where the entity has a `modified` column. */
    readonly cursors: readonly CursorKind[];
    /** True where it can't be opened without. */
    readonly needsCredential: boolean;
    /** `keys` reads are cheaper than `all`. */
    readonly readsKeys: boolean;
  };
  /** What can't work and no JSON Schema can say, as sentences; asked when a source is saved. */
  faultsOf?(settings: JsonObject, query: Pick<Query, 'settings' | 'cursor'>): string[];
  /** Loads its driver; connects at the first call. */
  open(source: OpenSource, tools: Tools): Promise<Connection>;
}

export function defineConnector<const C extends Connector>(connector: C): C {
  return connector;
}
