import type { ReadMode } from '../../connectors/connector.ts';
import type { EntityName } from '../../model/entities.ts';
import type { RunId } from '../../model/run.ts';

/** One entity that is to be read, on behalf of a run. */
export interface ReadRequest {
  readonly entity: EntityName;
  readonly mode: ReadMode;
  /** Given out before the run is opened, so that whatever is tried again goes on with the same one. */
  readonly runId: RunId;
}

/** One page of it. */
export interface PageRequest extends ReadRequest {
  readonly dealerId: string;
  readonly sourceId: string;
  /** From 0. */
  readonly page: number;
}
