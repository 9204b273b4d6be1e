import { createCache } from '../../shared/cache.ts';
import type { Clock } from '../../shared/clock.ts';
import { describeError, type Log } from '../../shared/telemetry/log.ts';

type State = 'ok' | 'unavailable';

export interface ReadinessReport {
  readonly status: State;
  readonly dependencies: Readonly<Record<string, State>>;
}

/** Asks every dependency at once; what it said holds for two seconds, so that whoever asks often costs nothing. */
export type Readiness = (log: Log) => Promise<ReadinessReport>;

const timeoutMs = 2_000;
const cacheMs = 2_000;

export function createReadiness(probes: Readonly<Record<string, () => Promise<void>>>, clock: Clock): Readiness {
  const ask = async (): Promise<{ readonly report: ReadinessReport; readonly failures: readonly string[] }> => {
    const failures: string[] = [];
    const answers = await Promise.all(
      Object.entries(probes).map(async ([name, probe]): Promise<[string, State]> => {
        try {
          await withinTime(probe());
          return [name, 'ok'];
        } catch (error) {
          failures.push(`${name}: ${describeError(error)}`);
          return [name, 'unavailable'];
        }
      }),
    );
    const status = answers.every(([, state]) => state === 'ok') ? 'ok' : 'unavailable';
    return { report: { status, dependencies: Object.fromEntries(answers) }, failures };
  };
  const cache = createCache({ load: ask, ttlMs: cacheMs, max: 1, clock });
  return async (log) => {
    const { report, failures } = await cache.get('all');
    if (failures.length > 0) log.warn('Not ready.', { failures: failures.join('\n') });
    return report;
  };
}

async function withinTime(probe: Promise<void>): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    await Promise.race([probe, late]);
  } finally {
    clearTimeout(timer);
  }
}
