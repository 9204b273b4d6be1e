import type { JsonObject } from '../../model/json.ts';
import type { Query } from '../connector.ts';
import { readEntitySettings, readSourceSettings } from './settings.ts';
import { targetFaults } from './target.ts';

/** What can't work and no JSON Schema says; the same for all databases. */
export function entityFaults(
  settings: JsonObject,
  { settings: entity, cursor }: Pick<Query, 'settings' | 'cursor'>,
): string[] {
  const faults = targetFaults(readEntitySettings(entity), readSourceSettings(settings));
  const needsColumn = cursor.kind === 'timestamp' || cursor.kind === 'monotonic_id';
  if (!needsColumn || cursor.column !== undefined) return faults;
  return [...faults, `A cursor of kind ${cursor.kind} needs cursor.column: the column that it stands in.`];
}
