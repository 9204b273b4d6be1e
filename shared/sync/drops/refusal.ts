import type { AdpError } from '../../errors.ts';
import type { RowError } from '../../model/run.ts';

/** Why nothing of a file is taken: what a failed run shows. */
export interface Refusal {
  readonly error: AdpError;
  /** What is wrong with single rows, where that is why. */
  readonly rows: readonly RowError[];
}
