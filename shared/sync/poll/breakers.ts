import type { Clock } from '../../clock.ts';
import {
  type Admission,
  admit,
  type Breaker,
  closedBreaker,
  failed,
  probe,
  succeeded,
} from '../../resilience/breaker.ts';
import { changeState, type StateStore } from '../../resilience/sharedState.ts';

/** The circuit breakers of sources, shared by all instances. Keys are `{dealerId}/{sourceId}`. */
export interface Breakers {
  read(key: string): Promise<Breaker>;
  /** Whether a call may go through now; the answer is for one call. */
  admit(key: string): Promise<Admission>;
  /** What became of an admitted call. @param before as it was admitted */
  note(key: string, before: Breaker, isAnswered: boolean): Promise<void>;
  /** Lets the next call through: somebody asked for it by hand. */
  probe(key: string): Promise<void>;
}

export function createBreakers(store: StateStore<Breaker>, clock: Clock): Breakers {
  const read = async (key: string) => (await store.read(key))?.state ?? closedBreaker;
  return {
    read,
    async admit(key) {
      const seen = await read(key);
      // Mostly it is closed, and stays as it is.
      if (seen.state === 'closed') return admit(seen, clock());
      return await changeState(store, key, (state = closedBreaker) => {
        const result = admit(state, clock());
        const isSame = !result.isAdmitted || result.breaker === state;
        return { next: isSame ? undefined : result.breaker, result };
      });
    },
    async note(key, before, isAnswered) {
      if (isAnswered && before.state === 'closed' && before.failures === 0) return;
      await changeState(store, key, (state = closedBreaker) => {
        const next = isAnswered ? succeeded() : failed(state, clock());
        return { next: next === state ? undefined : next, result: undefined };
      });
    },
    async probe(key) {
      await changeState(store, key, (state = closedBreaker) => {
        const next = probe(state, clock());
        return { next: next === state ? undefined : next, result: undefined };
      });
    },
  };
}
