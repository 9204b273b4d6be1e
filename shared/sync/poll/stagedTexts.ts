import type { FormatRow } from '../../formats/format.ts';
import { NdjsonTexts } from '../../formats/ndjsonTexts.ts';
import { rowTextDepth } from '../diff/rowText.ts';
import { checkStaged, toUnreadable } from './stagedLine.ts';

/** Lines of `toStagedLine`, told apart without being read; a row's number is its line's. Otherwise as `readStaged`. */
export class StagedTexts extends NdjsonTexts {
  readonly #count: number;

  /** @param count how many lines there must be */
  constructor(count: number) {
    super({ maxDepth: rowTextDepth, maxFieldLength: Number.POSITIVE_INFINITY }, toUnreadable);
    this.#count = count;
  }

  /** @throws AdpError INTERNAL where lines are missing: nothing may be deleted because a page got lost */
  override end(): readonly FormatRow[] {
    checkStaged(this.endedLines, this.#count, this.isOpen);
    return super.end();
  }
}
