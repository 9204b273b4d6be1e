import type { Clock } from '../../clock.ts';
import type { Breakers } from './breakers.ts';
import { type CursorStore, readModes as modes } from './cursorStore.ts';
import { nextDue } from './dueReads.ts';
import type { PolledSource } from './polledSource.ts';
import { adviceOf, emptyStatus, readKey, type StatusError, type StatusRead, type StatusStore } from './sourceStatus.ts';

/** A polled source's status as people see it. Times are RFC 3339. */
export interface StatusDocument {
  readonly dealer_id: string;
  readonly source_id: string;
  /** False where the source or its dealer is disabled: then it is never due. */
  readonly enabled: boolean;
  readonly last_success: string | null;
  readonly last_error: (StatusError & { readonly advice: string }) | null;
  /** Not polled by schedule until something was done about it. */
  readonly parked: {
    readonly code: string;
    readonly detail: string;
    readonly advice: string;
    readonly since: string;
  } | null;
  readonly breaker: { readonly state: string; readonly until: string | null };
  readonly next_run: string | null;
  readonly entities: Readonly<Record<string, EntityStatus>>;
}

export interface EntityStatus {
  /** As the source made it; null before everything was read once. */
  readonly cursor: string | null;
  /** A run that reads it right now, or was cut off. */
  readonly reading: { readonly run_id: string; readonly pages: number; readonly rows: number } | null;
  /** The last read in each mode. */
  readonly reads: Readonly<Record<string, ReadStatus>>;
}

export interface ReadStatus {
  readonly run_id: string;
  readonly at: string;
  readonly outcome: 'done' | 'failed';
  readonly counts?: StatusRead['counts'];
  readonly code?: string;
}

export interface DescribeDeps {
  readonly statuses: StatusStore;
  readonly cursors: CursorStore;
  readonly breakers: Breakers;
  readonly clock: Clock;
}

/** All that is known of a polled source. */
export async function describeStatus(
  source: PolledSource,
  isEnabled: boolean,
  deps: DescribeDeps,
): Promise<StatusDocument> {
  const { dealerId, sourceId } = source;
  const now = deps.clock();
  const [status = emptyStatus, breaker, entities] = await Promise.all([
    deps.statuses.read(dealerId, sourceId),
    deps.breakers.read(`${dealerId}/${sourceId}`),
    Promise.all(
      source.entities.map(async ({ entity }) => {
        const places = modes.map((mode) => deps.cursors.get({ dealerId, sourceId, entity, mode }));
        const states = (await Promise.all(places)).map(({ state }) => state);
        const reading = states.map((state) => state.reading).find((each) => each !== undefined && !each.isDone);
        const cursor = states[0]?.cursor ?? null;
        return {
          entity,
          cursor,
          reading:
            reading === undefined ? null : { run_id: reading.runId, pages: reading.pages, rows: reading.counts.read },
        };
      }),
    ),
  ]);
  const { error, parked, succeededAt } = status;
  const due = parked === undefined && isEnabled ? nextDue(source, status, new Date(now)) : undefined;
  const until = breaker.state === 'closed' ? undefined : breaker.until;
  const next = due === undefined ? undefined : Math.max(due.getTime(), breaker.state === 'open' ? breaker.until : 0);
  return {
    dealer_id: dealerId,
    source_id: sourceId,
    enabled: isEnabled,
    last_success: succeededAt ?? null,
    last_error: error === undefined ? null : { ...error, advice: adviceOf[error.code] },
    parked:
      parked === undefined
        ? null
        : { code: parked.code, detail: parked.detail, advice: adviceOf[parked.code], since: parked.since },
    breaker: { state: breaker.state, until: until === undefined ? null : new Date(until).toISOString() },
    next_run: next === undefined ? null : new Date(next).toISOString(),
    entities: Object.fromEntries(
      entities.map(({ entity, cursor, reading }) => {
        const reads = modes.flatMap((mode) => {
          const read = status.reads[readKey(entity, mode)];
          return read === undefined ? [] : [[mode, toReadStatus(read)] as const];
        });
        return [entity, { cursor, reading, reads: Object.fromEntries(reads) }];
      }),
    ),
  };
}

function toReadStatus({ runId, ...rest }: StatusRead): ReadStatus {
  return { run_id: runId, ...rest };
}
