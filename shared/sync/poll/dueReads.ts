import type { ReadMode } from '../../connectors/connector.ts';
import type { EntityName } from '../../model/entities.ts';
import type { PolledEntity, PolledSource } from './polledSource.ts';
import { isDue, nextRun } from './schedule.ts';
import { readKey, type SourceStatus } from './sourceStatus.ts';

/** An entity, and what it is to be read for. */
export interface PlannedRead {
  readonly entity: EntityName;
  readonly mode: ReadMode;
}

/** Everything that a source's own schedule may begin: each read with its cron. */
function plansOf({ entities, schedule }: PolledSource): (PlannedRead & { readonly cron: string | undefined })[] {
  return entities.flatMap((each) => [
    { entity: each.entity, mode: usualMode(each), cron: schedule.cron },
    ...(each.sweep === undefined ? [] : [{ entity: each.entity, mode: 'keys' as const, cron: each.sweep }]),
    ...(each.reconcile === undefined || usualMode(each) === 'all'
      ? []
      : [{ entity: each.entity, mode: 'all' as const, cron: each.reconcile }]),
  ]);
}

/** How an entity is read unless something else is asked for: where there is no cursor, everything is. */
export function usualMode({ query }: PolledEntity): ReadMode {
  return query.cursor.kind === 'full' ? 'all' : 'changes';
}

/** What is due now. What was never seen before counts from now on: see `noteBegun`. */
export function dueReads(source: PolledSource, { begun }: SourceStatus, now: Date): PlannedRead[] {
  const { schedule, zone } = source;
  return plansOf(source).flatMap(({ entity, mode, cron }) => {
    const since = begun[readKey(entity, mode)];
    if (cron === undefined || since === undefined) return [];
    return isDue({ ...schedule, cron }, zone, new Date(since), now) ? [{ entity, mode }] : [];
  });
}

/** Reads that are scheduled and were never seen before, or in the future: by a clock that was wrong. */
export function unseenReads(source: PolledSource, { begun }: SourceStatus, now: Date): PlannedRead[] {
  return plansOf(source).filter(({ entity, mode, cron }) => {
    const since = begun[readKey(entity, mode)];
    return cron !== undefined && (since === undefined || Date.parse(since) > now.getTime() + maxAheadMs);
  });
}

/** Clocks of instances differ by less. */
const maxAheadMs = 60_000;

/** When the source is next due; undefined where it never is. */
export function nextDue(source: PolledSource, { begun }: SourceStatus, now: Date): Date | undefined {
  const { schedule, zone } = source;
  const times = plansOf(source).flatMap(({ entity, mode, cron }) => {
    if (cron === undefined) return [];
    const since = begun[readKey(entity, mode)];
    return nextRun({ ...schedule, cron }, zone, since === undefined ? now : new Date(since), now) ?? [];
  });
  return times.sort((a, b) => a.getTime() - b.getTime())[0];
}

/** The status once these reads have begun, or were seen for the first time. */
export function noteBegun(status: SourceStatus, reads: readonly PlannedRead[], now: Date): SourceStatus {
  if (reads.length === 0) return status;
  const at = now.toISOString();
  const begun = Object.fromEntries(reads.map(({ entity, mode }) => [readKey(entity, mode), at]));
  return { ...status, begun: { ...status.begun, ...begun } };
}
