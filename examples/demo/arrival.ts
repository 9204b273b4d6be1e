import type { Receipt, Run } from '../../cli/answers/run.ts';
import type { Delivery } from '../adventure-works/delivery.ts';

/** A delivery that is written, all of its runs closed. */
export interface Arrival {
  readonly delivery: Delivery;
  readonly runs: readonly Run[];
  /** The sum of the runs'. */
  readonly receipt: Receipt;
}
