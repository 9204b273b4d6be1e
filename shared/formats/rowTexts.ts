import type { FormatRow } from './format.ts';

/** What follows a text that was read so far: more of it, nothing, or nothing yet because there is no room for more. */
export type TextEnd = 'more' | 'last' | 'full';

export interface CutRows {
  /** Rows that had to be read because their texts can't be told apart; they stand before the others. */
  readonly read: readonly FormatRow[];
  /** How many spans there are. */
  readonly rows: number;
  /** Up to where the text was taken. */
  readonly end: number;
}

/**
 * The rows of a text, told apart without being read: who knows a row by its text passes it by. The format's reader reads
 * the others, and all that is around the rows; it sees the text without the rows that are passed by, which it has seen
 * before. So what it says of a file as a whole is said of each.
 *
 * `cut`, then `read` for those rows of it that are not known, in their order, then `done`; in the end `end`.
 */
export interface RowTexts {
  /** What equal texts mean different rows by, such as the namespaces they are in. Of the rows that were cut last. */
  readonly context: string;
  /** Before anything is read, where the texts themselves hang on hashes. @param seed 16 hex digits, secret */
  begin?(seed: string): void;
  /**
   * Finds whole rows in UTF-8 text, from `from` on, and puts where each begins and ends into `spans`, as many as it has
   * room for. Nothing read and no rows: there is no whole row any more.
   * @throws what the format's reader does
   */
  cut(text: Buffer, from: number, end: TextEnd, spans: Uint32Array): CutRows;
  /** Reads a row of those that were cut, from the same text, wherever that is now. @throws what the format's reader does */
  read(row: number, text: Buffer): FormatRow | Promise<FormatRow>;
  /** The rows of the cut that were not read are passed by. */
  done(): void;
  /** After the last cut. @throws what the format's reader does */
  end(): readonly FormatRow[];
}
