import type { Connection, Connector, Query } from '../../shared/connectors/connector.ts';
import type { JsonObject } from '../../shared/model/json.ts';

/** A row of the system that is polled: a number, and when it was changed, in milliseconds since 1970. */
export interface WorldRow {
  readonly id: number;
  readonly at: number;
}

/** Rows of a system, and how they are asked for: by `modified`, with the overlap that is told, `id` being the key. */
export interface Stock {
  query(overlapSeconds?: number): Query;
  /** They are changed, all at that time. */
  touch(ids: readonly number[], at: number): Promise<void>;
}

/**
 * What goes wrong at the other side.
 * - `refused`: the credential is (401)
 * - `limited`: it is asked too often, and says that seven seconds must pass (429 with Retry-After)
 * - `failing`: it can't at the moment (500)
 * - `cut short`: the answer ends before it is whole
 * - `silent`: it never answers
 */
export type Trouble = 'refused' | 'limited' | 'failing' | 'cut short' | 'silent';

/** A source in trouble. */
export interface Troubled {
  readonly connection: Connection;
  readonly query: Query;
  /** Called once the read is under way. */
  readonly during?: () => Promise<unknown>;
  /** Whether the other side still works on what it was asked; for `silent`. */
  readonly isAsked?: () => Promise<boolean>;
  /** Takes it back. */
  readonly end: () => Promise<void>;
}

/** How to make it, or why there is no such trouble with this kind of system. */
export type TroubleMaker = (() => Promise<Troubled>) | { readonly never: string };

/** A system with a connector, for a suite that all of them must pass. */
export interface ConnectorWorld {
  readonly connector: Connector;
  /** A source as it is configured, which brings parts; a connection is opened by its own settings, not by these. */
  readonly source: JsonObject;
  /** Paths into it, without which it must be refused, and the path that the fault is told of where that is another one. */
  readonly required: Readonly<Record<string, string>>;
  open(): Promise<Connection>;
  /** Other rows than before. */
  stock(rows: readonly WorldRow[]): Promise<Stock>;
  /** Rows of a page: of this number at most. */
  readonly pageRows: number;
  readonly troubles: Readonly<Record<Trouble, TroubleMaker>>;
  /** What no error, note, finding or place may hold. */
  readonly secretTexts: readonly string[];
  stop(): Promise<void>;
}
