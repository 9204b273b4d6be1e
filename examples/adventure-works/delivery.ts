/** What a DMS writes for one entity: a file, and what must become of it. */
export interface Delivery {
  readonly dealer: string;
  readonly entity: string;
  /** The file's name; its extension says how `content` is written. */
  readonly file: string;
  readonly content: string | Uint8Array;
  /** How many rows the file holds. */
  readonly rows: number;
  /** How many of them can't be taken, and will be in quarantine. */
  readonly bad: number;
}
