import { AdpError } from '../../errors.ts';
import type { Counts, RowError } from '../../model/run.ts';

/** contract.md: above this share of rejected rows nothing more is taken, unless the source says otherwise. */
const defaultMaxRejectRatio = 0.2;
/** So few are no sign of a mapping that doesn't fit: one bad row never stops the good ones. */
const fewRejects = 20;

/**
 * Asked before anything of a page is sent, with the counts of its run up to and with this page.
 * @throws AdpError `DATA_ERROR` (park) where too many rows were rejected
 */
export function judgeRejects(
  { read, rejected }: Counts,
  errors: readonly RowError[],
  maxRejectRatio = defaultMaxRejectRatio,
): void {
  if (rejected < fewRejects || rejected <= read * maxRejectRatio) return;
  const [first] = errors;
  const where = first?.field === undefined ? '' : `${first.field} `;
  const example = first === undefined ? '' : ` The last ones begin with: ${where}${first.detail}.`;
  throw new AdpError(
    'DATA_ERROR',
    `${rejected} of ${read} rows can't be taken, more than the share of ${maxRejectRatio} that may be (max_reject_ratio): nothing of the last page was applied, and the cursor stays before it. Correct the mapping or the ratio, then trigger the source.${example}`,
    { disposition: 'park' },
  );
}
