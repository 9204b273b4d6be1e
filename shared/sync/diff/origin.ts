import { hash } from 'node:crypto';
import type { Mapper } from '../../mapping/compile.ts';
import { type EntityName, entities } from '../../model/entities.ts';
import type { Instant } from '../../model/instant.ts';
import type { Progress } from '../../model/run.ts';
import type { NewRun } from '../runWork.ts';
import type { Contested, Plan } from './plan.ts';
import type { Against } from './planDiff.ts';
import type { SnapshotBlobs } from './snapshotBlobs.ts';

/** What a source says of its complete reads of an entity, as it is configured now. */
export interface ReadRules {
  readonly mapper: Mapper;
  /** What decides how a row becomes a record, as text. */
  readonly meaning: string;
  /** Undefined: the usual ones. */
  readonly maxDeleteRatio: number | undefined;
  readonly maxRejectRatio: number | undefined;
}

/** contract.md, "A run". */
export const usualDeleteRatio = 0.1;

/** What a baseline is bound to: of another mapping, zone or schema it is void. */
export function boundMeaning(entity: EntityName, { meaning }: ReadRules): string {
  return hash('sha256', `${entities[entity].schemaVersion} ${meaning}`, 'hex');
}

/** What a plan is made with, besides what its origin knows. */
export interface PlanTask {
  readonly epoch: number;
  readonly captured: Instant;
  readonly seed: string;
  readonly against: Against;
  /** What the plan before this one could not tell. */
  readonly contested: Contested | undefined;
  /** What the run is to say of the comparison. */
  readonly notes: readonly string[];
  readonly onProgress: (progress: Partial<Progress>) => void;
}

/** Where a complete read comes from: what is particular to a file, and to a source that was polled. */
export interface Origin {
  /** `keys`: it says which records there are, and nothing of what they hold. */
  readonly reads: 'rows' | 'keys';
  /** Of its run, where it isn't open yet. */
  readonly heading: Pick<NewRun, 'door' | 'file'>;
  /** When it was there to be compared; undefined: when its run began. */
  readonly endedAt: Date | undefined;
  /** Whether what is to be compared is still there, as far as that is ever in doubt. */
  isThere(): Promise<boolean>;
  /** Why it needn't be compared any more, apart from what the baseline knows; undefined where it must. */
  overtaken(): Promise<string | undefined>;
  /** As it is now. @throws AdpError (park) where nothing may be taken of the source any more */
  mapper(): Promise<Mapper>;
  /** See `planDiff`, whose errors are these. */
  plan(task: PlanTask, prefix: string, blobs: SnapshotBlobs): Promise<Plan>;
  /** Everything was sent, and the next one is compared with this one. */
  sent(plan: Plan): Promise<void>;
  /** Its run is sealed or has ended: what is kept for it alone may go. Never throws. */
  leave(): Promise<void>;
}
