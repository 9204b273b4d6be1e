import type { Connector, Query } from '../../connectors/connector.ts';
import type { Mapper } from '../../mapping/compile.ts';
import type { EntityName } from '../../model/entities.ts';
import type { JsonObject } from '../../model/json.ts';
import type { Schedule } from './schedule.ts';
import type { Limits } from './sourceLimits.ts';

/** A source that is polled, as configured now. */
export interface PolledSource {
  readonly dealerId: string;
  readonly sourceId: string;
  /** Changes whenever its configuration does, or that of its dealer or pack. */
  readonly etag: string;
  readonly connector: Connector;
  /** Checked by the connector's `settings.source`. */
  readonly settings: JsonObject;
  /** Name of its secret. */
  readonly credential: string | undefined;
  /** IANA. */
  readonly zone: string;
  readonly schedule: Schedule;
  readonly limits: Limits;
  /** Reads at the same time. */
  readonly concurrency: number;
  readonly entities: readonly PolledEntity[];
}

/** One entity of it. */
export interface PolledEntity {
  readonly entity: EntityName;
  readonly query: Query;
  readonly mapper: Mapper;
  /** What decides how a row becomes a record, as a short text. */
  readonly meaning: string;
  /** What decides where the cursor stands, likewise. */
  readonly origin: string;
  readonly maxRejectRatio: number | undefined;
  readonly maxDeleteRatio: number | undefined;
  /** When all keys are read, in order to find what was deleted: five-field cron. */
  readonly sweep: string | undefined;
  /** When everything is read and compared. */
  readonly reconcile: string | undefined;
}
