import type { Change } from '../model/change.ts';
import type { EntityName } from '../model/entities.ts';
import type { Instant } from '../model/instant.ts';
import type { RowError, RunId } from '../model/run.ts';
import type { InputRow } from './ingest.ts';

/** Where rows were given up: `ingest` could not read, map or validate them; `write` could not write them. */
export type Stage = 'ingest' | 'write';

/** What a row that was given up was: the row itself, or the change that was made of it. */
export type Given = { readonly input: InputRow } | { readonly change: Change };

export interface QuarantinedRow {
  readonly given: Given;
  readonly errors: readonly RowError[];
}

/** Rows that were given up together: of one run, stage and window or message. They share one blob and one table row. */
export interface Chunk {
  readonly id: string;
  readonly dealerId: string;
  readonly runId: RunId;
  readonly entity: EntityName;
  readonly sourceId: string | null;
  readonly stage: Stage;
  /** The run's stamp, which a replay keeps. */
  readonly epoch: number;
  readonly captured: Instant | null;
  readonly at: Date;
  readonly rows: readonly QuarantinedRow[];
  /** Positions of the rows that were replayed. */
  readonly done: ReadonlySet<number>;
}
