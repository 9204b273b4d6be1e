import { AdpError } from '../../errors.ts';
import type { Counts, RowError } from '../../model/run.ts';
import { fewRejects, tooManyRejects } from '../tooManyRejects.ts';

/**
 * Asked before anything of a page is sent, with the counts of its run up to and with this page.
 * @throws AdpError `DATA_ERROR` (park) where too many rows were rejected
 */
export function judgeRejects(counts: Counts, errors: readonly RowError[], maxRejectRatio: number | undefined): void {
  const why = tooManyRejects(counts, maxRejectRatio, fewRejects);
  if (why === undefined) return;
  const [first] = errors;
  const where = first?.field === undefined ? '' : `${first.field} `;
  // Of a field it is said what it must be; of a whole row, in a sentence.
  const example = first === undefined ? '' : ` The last ones begin with: ${where}${first.detail.replace(/\.$/, '')}.`;
  throw new AdpError(
    'DATA_ERROR',
    `${why}: nothing of the last page was applied, and the cursor stays before it. Correct the mapping or the ratio, then trigger the source.${example}`,
    { disposition: 'park' },
  );
}
