import type { Counts } from '../model/run.ts';

/** contract.md: the share of rejected rows above which nothing is taken, unless the source says otherwise. */
export const usualRejectRatio = 0.2;

/** One bad row never stops the good ones: of a read, so few say nothing about its mapping, whatever share they are. */
export const fewRejects = 19;

/** Why rows are not taken, as the beginning of a sentence; undefined where they are. */
export function tooManyRejects(
  { read, rejected }: Pick<Counts, 'read' | 'rejected'>,
  ratio = usualRejectRatio,
  allowed = 0,
): string | undefined {
  if (rejected <= allowed || rejected <= read * ratio) return undefined;
  return `${rejected} of ${read} rows can't be taken, more than the share of ${ratio} that may be (max_reject_ratio)`;
}
