import type { EntityName } from '../model/entities.ts';
import type { Instant } from '../model/instant.ts';

/** What orders the changes of a run among those of all others: see "Versions" in architecture.md. */
export interface Stamp {
  readonly epoch: number;
  readonly captured: Instant;
}

/** Gives runs their stamps. */
export interface StampSource {
  /**
   * The stamp of a run that starts now. `captured` is `at`, or just after the last one given out for this source and
   * entity where a clock went back: it never does. Read and written uncached, so that it holds across instances.
   */
  next(dealerId: string, entity: EntityName, sourceId: string | null, at: Instant): Promise<Stamp>;
  /** From now on what is sent wins over all that is held, whatever its times. */
  raiseEpoch(dealerId: string, entity: EntityName): Promise<void>;
  /** The epoch as it is now, uncached: for runs whose `captured` is known, such as a delta's. */
  epochOf(dealerId: string, entity: EntityName): Promise<number>;
}
