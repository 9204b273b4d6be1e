import type { Clock } from '../../clock.ts';
import type { EntityName } from '../../model/entities.ts';
import { hourWaitMs, type MinuteCounts, takeOfHour } from '../../resilience/hourlyCap.ts';
import { notePace, type Pace, paceWaitMs } from '../../resilience/pace.ts';
import { type Bucket, createRateLimit, type RateLimit } from '../../resilience/rateLimit.ts';
import type { StateStore } from '../../resilience/sharedState.ts';

/** A source's `limits`, as far as they are about how often and how much is read. */
export interface Limits {
  readonly requests_per_minute?: number;
  readonly burst?: number;
  readonly requests_per_hour?: number;
  readonly rows_per_second?: number;
  readonly groups?: readonly {
    readonly entities: readonly string[];
    readonly requests_per_minute?: number;
    readonly requests_per_hour?: number;
  }[];
}

/** True where a request more or less is nobody's concern. */
export function isUnlimited(limits: Limits): boolean {
  const { requests_per_minute, requests_per_hour, rows_per_second, groups } = limits;
  return [requests_per_minute, requests_per_hour, rows_per_second, groups].every((limit) => limit === undefined);
}

export interface SourceLimitsDeps {
  /** Keys of all of them are `{dealerId}/{name}`. */
  readonly buckets: StateStore<Bucket>;
  readonly hours: StateStore<MinuteCounts>;
  readonly paces: StateStore<Pace>;
  readonly clock: Clock;
}

/** What a dealer's system may be asked for, over all instances of the hub. */
export interface SourceLimits {
  /**
   * Takes a request of a source. @returns 0 where it may be made, else the milliseconds after which to ask again
   * @throws AdpError (retry) where the limits can't be read: rather no request than one too many
   */
  take(dealerId: string, sourceId: string, entity: EntityName, limits: Limits): Promise<number>;
  /** Rows were read: what comes next waits until they are within the rate. */
  note(dealerId: string, sourceId: string, rows: number, limits: Limits): Promise<void>;
}

interface Cap extends Pick<Limits, 'requests_per_minute' | 'burst' | 'requests_per_hour'> {
  readonly key: string;
}

const maxKept = 5_000;

export function createSourceLimits({ buckets, hours, paces, clock }: SourceLimitsDeps): SourceLimits {
  const rates = new Map<string, RateLimit>();

  const rateOf = (key: string, perMinute: number, burst: number): RateLimit => {
    const id = `${key} ${perMinute} ${burst}`;
    const known = rates.get(id);
    if (known !== undefined) return known;
    const made = createRateLimit({
      rate: { perMinute, burst },
      store: buckets,
      clock,
      onFailure: (error) => {
        throw error;
      },
    });
    if (rates.size >= maxKept) rates.clear();
    rates.set(id, made);
    return made;
  };

  const takeMinute = async (key: string, perMinute: number | undefined, burst?: number): Promise<number> => {
    if (perMinute === undefined) return 0;
    const most = Math.max(1, burst ?? perMinute / 6);
    return (await rateOf(key, perMinute, most).take(key, 1)).retryAfterMs;
  };

  return {
    async take(dealerId, sourceId, entity, limits) {
      const source = `${dealerId}/${sourceId}`;
      if (limits.rows_per_second !== undefined) {
        const ms = await paceWaitMs(source, paces, clock);
        if (ms > 0) return ms;
      }
      const caps: readonly Cap[] = [
        { key: source, ...limits },
        ...(limits.groups ?? [])
          .map((group, place) => ({ key: `${source}:${place}`, ...group }))
          .filter(({ entities }) => entities.includes(entity)),
      ];
      // What one cap gave is lost where another refuses: so the hours, whose calls are few, are only asked at first.
      for (const { key, requests_per_hour: perHour } of caps) {
        const ms = perHour === undefined ? 0 : await hourWaitMs(key, perHour, hours, clock);
        if (ms > 0) return ms;
      }
      for (const { key, requests_per_minute, burst } of caps) {
        const ms = await takeMinute(key, requests_per_minute, burst);
        if (ms > 0) return ms;
      }
      for (const { key, requests_per_hour: perHour } of caps) {
        const ms = perHour === undefined ? 0 : await takeOfHour(key, perHour, hours, clock);
        if (ms > 0) return ms;
      }
      return 0;
    },
    async note(dealerId, sourceId, rows, limits) {
      const { rows_per_second } = limits;
      if (rows_per_second !== undefined) await notePace(`${dealerId}/${sourceId}`, rows, rows_per_second, paces, clock);
    },
  };
}
