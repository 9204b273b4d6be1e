import type { EntityName } from '../../shared/model/entities.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { type RecordId, recordIdOf } from '../../shared/model/recordId.ts';
import type { Row } from './write.ts';

/** An entity as a dealer's system writes it, and what the hub must make of it. */
export interface Book<Source, Written = Row> {
  readonly entity: EntityName;
  row(source: Source): Written;
  record(source: Source): JsonObject;
}

/** What the hub must make of rows, by the record's id. */
export function recordsOf<Source, Written>(
  { entity, record }: Book<Source, Written>,
  sources: readonly Source[],
): Map<RecordId, JsonObject> {
  return new Map(
    sources.map((source) => {
      const data = record(source);
      return [recordIdOf(entity, data), data] as const;
    }),
  );
}
