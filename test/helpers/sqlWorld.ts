import type {
  Connection,
  Connector,
  CursorKind,
  Finding,
  PulledRow,
  Query,
} from '../../shared/connectors/connector.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { type ReadOptions, type ReadResult, readToEnd } from './readToEnd.ts';
import { patient, sqlTools } from './sqlTools.ts';

/**
 * What a column of a test's table is.
 * - `id`, `number`: whole numbers of 32 and 64 bits · `text`: up to 100 characters · `decimal`: 10 digits, 2 of them after the point
 * - `local`, `moment`: a time without and with a zone, with all digits that the database has
 *
 * `!` at the end: never NULL.
 */
export type ColumnType = `${'id' | 'number' | 'text' | 'decimal' | 'local' | 'moment'}${'' | '!'}`;

export type Value = string | number | null;

/** One value of a type that the database has, and what a row holds then. */
export interface TypeExample {
  readonly type: string;
  /** In the database's SQL. */
  readonly literal: string;
  readonly value: unknown;
}

/** A fault: what makes it, and takes it back. */
export type Undo = () => Promise<void>;

/** A database server with a connector, for a suite that all of them must pass. Names are lower-case letters and digits. */
export interface SqlWorld {
  readonly connector: Connector;
  /** Of a login that can read what is created here. */
  readonly secret: string;
  /** Of the source: how the server is trusted. */
  readonly settings: JsonObject;
  /** What `settings.table` is, for a table made here. */
  tableSetting(table: string): string;
  create(table: string, columns: Readonly<Record<string, ColumnType>>, primaryKey?: readonly string[]): Promise<void>;
  /** Times as `2026-05-01T10:00:00.1234567`, with Z for a `moment`. */
  insert(table: string, rows: readonly Readonly<Record<string, Value>>[]): Promise<void>;
  /** UPDATE, DELETE, CREATE INDEX, CREATE VIEW, DROP TABLE or ALTER TABLE … DROP COLUMN, in SQL that all databases have. */
  run(sql: string): Promise<void>;
  /** A table with one row, whose columns c0, c1 … are of these types. */
  createExamples(table: string, examples: readonly TypeExample[]): Promise<void>;
  readonly examples: readonly TypeExample[];
  /** Digits below the second that `local` has. */
  readonly fractionDigits: number;
  /** Whether text is compared without regard to case. */
  readonly foldsCase: boolean;
  /** A SELECT, as a named query, that takes longer than any test. */
  readonly slowQuery: string;
  /** A SELECT of `id` 1 to 60 and a text of a million characters each; undefined where the server can't. */
  readonly wideRow: string | undefined;
  /** Statements that run now, of the login that polls; `slowQuery` is among them while it runs. */
  running(): Promise<number>;
  /** Connections of that login. */
  connections(): Promise<number>;
  /** Ends all of that login's connections at the server. */
  kill(): Promise<void>;
  /** Keeps everybody else from reading the table. */
  lock(table: string): Promise<Undo>;
  /** Takes the privilege to read it. */
  revoke(table: string): Promise<void>;
  /** The secret with another password; both without TLS where the server could have it, or to a port where nobody listens. */
  readonly secrets: { readonly wrongPassword: string; readonly nobodyThere: string };
  /** Settings with which the server's certificate proves nothing, and a secret that asks for TLS. */
  readonly untrusted: { readonly secret: string; readonly settings: JsonObject } | undefined;
  /** The texts that no error, finding or note may hold. */
  readonly secretTexts: readonly string[];
  stop(): Promise<void>;
}

/** What stands in the parentheses of a CREATE TABLE. @param types of the database, by the kinds of `ColumnType` */
export function definitionOf(
  types: Readonly<Record<string, string>>,
  columns: Readonly<Record<string, ColumnType>>,
  primaryKey?: readonly string[],
): string {
  const lines = Object.entries(columns).map(([name, type]) => {
    const isRequired = type.endsWith('!');
    return `${name} ${types[isRequired ? type.slice(0, -1) : type]} ${isRequired ? 'NOT NULL' : 'NULL'}`;
  });
  return [...lines, ...(primaryKey === undefined ? [] : [`PRIMARY KEY (${primaryKey.join(', ')})`])].join(', ');
}

export interface QueryOptions {
  readonly key?: readonly string[];
  readonly kind?: CursorKind;
  readonly cursor?: string;
  readonly columns?: readonly string[];
  readonly needed?: readonly (readonly string[])[];
  readonly keyColumns?: readonly string[];
  readonly overlapSeconds?: number;
  readonly overlapIds?: number;
  readonly zone?: string;
  readonly settings?: JsonObject;
}

/** An entity as it might be configured, over a table. */
export function queryOf(target: JsonObject, options: QueryOptions = {}): Query {
  const key = options.key ?? ['id'];
  return {
    entity: 'part',
    settings: { ...target, key, ...options.settings },
    cursor: {
      kind: options.kind ?? (options.cursor === undefined ? 'full' : 'timestamp'),
      column: options.cursor,
      overlapSeconds: options.overlapSeconds ?? 300,
      overlapIds: options.overlapIds ?? 1_000,
    },
    columns: options.columns,
    needed: options.needed ?? [],
    keyColumns: options.keyColumns ?? key,
    zone: options.zone ?? 'UTC',
  };
}

/** A read from its beginning to its end, its rows parted from those that can't be read. */
export interface WholeRead extends Omit<ReadResult, 'rows'> {
  readonly rows: readonly Record<string, unknown>[];
  readonly errors: readonly string[];
}

export interface WholeReadOptions extends Omit<ReadOptions, 'beforePage'> {
  /** Called after each page but the last. */
  readonly between?: (page: number) => Promise<unknown>;
}

export async function readWhole(
  connection: Connection,
  query: Query,
  { pageRows = 1_000, between, ...options }: WholeReadOptions = {},
): Promise<WholeRead> {
  const beforePage = async (page: number) => page > 0 && (await between?.(page));
  const whole = await readToEnd(connection, query, { ...options, pageRows, beforePage });
  return {
    ...whole,
    rows: whole.rows.flatMap(valuesOf),
    errors: whole.rows.flatMap((row) => ('error' in row ? [row.error] : [])),
  };
}

function valuesOf(row: PulledRow): Record<string, unknown>[] {
  return 'values' in row ? [row.values] : [];
}

/** Of each row, one field. */
export function fieldOf(rows: readonly Readonly<Record<string, unknown>>[], name: string): unknown[] {
  return rows.map((row) => row[name]);
}

export function findingsOf(findings: readonly Finding[], name: string): Finding[] {
  return findings.filter((finding) => finding.name === name);
}

/** The world's connector, opened; `clock` is ours. */
export async function openWorld(
  world: Pick<SqlWorld, 'connector' | 'secret' | 'settings'>,
  options: {
    readonly settings?: JsonObject;
    readonly secret?: string;
    readonly clock?: () => number;
    readonly concurrency?: number;
  } = {},
): Promise<Connection> {
  return await world.connector.open(
    {
      dealerId: 'acme',
      sourceId: 'dms',
      settings: { ...patient, ...world.settings, ...options.settings },
      secret: options.secret ?? world.secret,
      zone: 'UTC',
      concurrency: options.concurrency ?? 2,
    },
    sqlTools(options.clock),
  );
}
