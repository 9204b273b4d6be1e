import type { PulledPage } from '../../connectors/connector.ts';
import { AdpError } from '../../errors.ts';
import type { RunId } from '../../model/run.ts';

/** A page that may be read before its turn: which one it is, and under which configuration. */
export interface AheadPage {
  readonly runId: RunId;
  /** Its number, the source's ETag, and where it begins: whatever is not the same makes it another page. */
  readonly key: string;
}

/**
 * Pages that are pulled while the ones before them are delivered, in memory, at most one a lane (an entity of a source and
 * what it is read for). A page at hand is only ever a saving: it is neither claimed nor recorded, and whoever doesn't find
 * it pulls it. What an instance reads for a lane that goes on elsewhere is lost on somebody's database, so that it does it
 * once a run at most.
 */
export interface ReadAhead {
  /** Begins to pull a lane's next page. Answers whether it did. */
  begin(lane: string, page: AheadPage, pull: (signal: AbortSignal) => Promise<PulledPage>): boolean;
  /**
   * The lane has recorded what came before: unless it comes soon, the page is given up.
   * @param claim ETag of the state in which the page is claimed for who takes it here
   */
  expect(lane: string, claim: string | undefined): void;
  /**
   * The page, if it is the one that was begun: once, and whatever else was begun for the lane is given up. Undefined also
   * where it could not be read: who asks for it itself is told why.
   * @throws AdpError RATE_LIMITED as the source said it; `signal`'s reason
   */
  take(lane: string, page: AheadPage, signal: AbortSignal): Promise<TakenPage | undefined>;
  /** Gives up what was begun; resolves when the source isn't asked any more. */
  drop(lane: string): Promise<void>;
}

export interface TakenPage {
  readonly pulled: PulledPage;
  readonly claim: string | undefined;
}

export interface ReadAheadOptions {
  /** Calls it after so many milliseconds, unless what it answers was called. */
  readonly after: (ms: number, call: () => void) => () => void;
}

/** A lane comes back as soon as its orchestration had its turn. */
const patienceMs = 5_000;
/** Lanes at a time: what bounds the memory. */
const maxPages = 8;
const maxKept = 5_000;

interface Begun {
  readonly page: AheadPage;
  readonly abort: AbortController;
  readonly pulling: Promise<PulledPage>;
  claim: string | undefined;
  cancel: (() => void) | undefined;
}

export function createReadAhead({ after }: ReadAheadOptions): ReadAhead {
  const begun = new Map<string, Begun>();
  /** By lane: the run that went on elsewhere. */
  const strays = new Map<string, RunId>();

  const remove = (lane: string): Begun | undefined => {
    const found = begun.get(lane);
    begun.delete(lane);
    found?.cancel?.();
    return found;
  };

  const stray = (lane: string, { runId }: AheadPage): void => {
    if (strays.size >= maxKept) strays.clear();
    strays.set(lane, runId);
  };

  const end = async ({ abort, pulling }: Begun): Promise<void> => {
    abort.abort(new AdpError('CONFLICT', 'A page was pulled that nobody came for.'));
    await pulling.catch(() => undefined);
  };

  return {
    begin(lane, page, pull) {
      if (begun.has(lane) || begun.size >= maxPages || strays.get(lane) === page.runId) return false;
      const abort = new AbortController();
      const pulling = pull(abort.signal);
      // Whoever takes it is told.
      pulling.catch(() => undefined);
      begun.set(lane, { page, abort, pulling, claim: undefined, cancel: undefined });
      return true;
    },
    expect(lane, claim) {
      const found = begun.get(lane);
      if (found === undefined) return;
      found.claim = claim;
      found.cancel?.();
      found.cancel = after(patienceMs, () => {
        if (begun.get(lane) !== found) return;
        begun.delete(lane);
        stray(lane, found.page);
        void end(found);
      });
    },
    async take(lane, page, signal) {
      const found = remove(lane);
      if (found === undefined) return undefined;
      if (found.page.key !== page.key || found.page.runId !== page.runId) {
        if (found.page.runId === page.runId) stray(lane, page);
        await end(found);
        return undefined;
      }
      const stop = () => found.abort.abort(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      try {
        if (signal.aborted) stop();
        return { pulled: await found.pulling, claim: found.claim };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // It has said how long it wants to be left alone.
        if (error instanceof AdpError && error.code === 'RATE_LIMITED') throw error;
        return undefined;
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    async drop(lane) {
      const found = remove(lane);
      if (found !== undefined) await end(found);
    },
  };
}
