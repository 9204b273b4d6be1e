import { AdpError } from '../../shared/errors.ts';
import { type Batch, largestBody } from './batch.ts';

/** Collects rows of text until a batch is full. */
export class BatchBuilder {
  readonly #head: string;
  readonly #mostRows: number;
  readonly #mostBytes: number;
  #index = 0;
  #rows: string[] = [];
  #lines: number[] = [];
  #bytes = 0;

  /** @param head what each batch begins with: a CSV's header */
  constructor(head: string, mostRows: number, mostBytes: number) {
    this.#head = head;
    this.#mostRows = mostRows;
    this.#mostBytes = mostBytes;
  }

  /**
   * @param row with its line end
   * @returns the batch before this row, if the row made it full
   * @throws AdpError DATA_ERROR for a row that no request can hold
   */
  add(row: string, line: number): Batch | undefined {
    const bytes = Buffer.byteLength(row);
    if (bytes + Buffer.byteLength(this.#head) > largestBody) {
      throw new AdpError('DATA_ERROR', `the row that begins in line ${line} is over 32 MiB`);
    }
    const full = this.#rows.length === this.#mostRows || this.#bytes + bytes > this.#mostBytes;
    const batch = full ? this.finish() : undefined;
    this.#rows.push(row);
    this.#lines.push(line);
    this.#bytes += bytes;
    return batch;
  }

  /** @returns what is left, if anything is */
  finish(): Batch | undefined {
    if (this.#rows.length === 0) return undefined;
    const lines = this.#lines;
    const batch: Batch = {
      index: this.#index,
      body: this.#head + this.#rows.join(''),
      rows: this.#rows.length,
      lineOf: (row) => lines[row],
    };
    this.#index++;
    this.#rows = [];
    this.#lines = [];
    this.#bytes = 0;
    return batch;
  }
}
