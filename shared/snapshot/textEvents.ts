import { AdpError } from '../errors.ts';
import type { FormatRow } from '../formats/format.ts';
import type { CutRows, RowTexts } from '../formats/rowTexts.ts';
import type { ByteSink } from './bytes.ts';
import { fromHex } from './hash64.ts';
import { type Kernel, maxKeyBytes } from './kernel/kernel.ts';
import { writeKeyRecord } from './keyRecord.ts';
import type { BrokenRow, SnapshotChange, SnapshotHandler } from './snapshot.ts';

const handedOver = 1000;
const flushedKeys = 10_000;
const unknown = { low: 0, high: 0 };

/** Takes rows whose texts were cut: those that the baseline has are passed by, the others read and compared. */
export class TextEvents<T> {
  read = 0;
  rejected = 0;
  sameContent = 0;
  unreadableKeys = 0;
  /** There are no quotes that a row could hide behind. */
  readonly unclosed = 0;
  readonly changed: Record<SnapshotChange<T>['kind'], number> = { insert: 0, update: 0, competing: 0 };

  readonly #kernel: Kernel;
  readonly #texts: RowTexts;
  readonly #keyOf: (row: Extract<FormatRow, { values: unknown }>) => string | null;
  readonly #keys: ByteSink;
  readonly #handler: SnapshotHandler<T>;
  #changes: SnapshotChange<T>[] = [];
  #broken: BrokenRow[] = [];
  #records: Buffer[] = [];

  constructor(
    kernel: Kernel,
    texts: RowTexts,
    keyOf: (row: Extract<FormatRow, { values: unknown }>) => string | null,
    keys: ByteSink,
    handler: SnapshotHandler<T>,
  ) {
    this.#kernel = kernel;
    this.#texts = texts;
    this.#keyOf = keyOf;
    this.#keys = keys;
    this.#handler = handler;
  }

  /** `spans`: where the texts of the cut's rows are. */
  async take({ read, rows }: CutRows, spans: Uint32Array): Promise<void> {
    for (const row of read) await this.#takeWithoutText(row);
    this.#kernel.spans().set(spans.subarray(0, 2 * rows));
    this.#kernel.hashTexts(rows);
    for (let row = this.#kernel.passTexts(0); row < rows; row = this.#kernel.passTexts(row + 1)) {
      const read = this.#texts.read(row, this.#kernel.input());
      this.#takeRow(row, read instanceof Promise ? await read : read);
      if (this.#isMuch()) await this.#flush();
    }
    this.#texts.done();
    this.read += rows;
  }

  /** After the last cut. */
  async end(): Promise<void> {
    for (const row of this.#texts.end()) await this.#takeWithoutText(row);
    await this.#flush();
  }

  /** A row whose text nobody held, as it was too long: only its content tells whether it has changed. */
  async #takeWithoutText(row: FormatRow): Promise<void> {
    this.read += 1;
    this.#kernel.spans().fill(0, 0, 2);
    this.#kernel.hashTexts(1);
    this.#takeRow(0, row);
    if (this.#isMuch()) await this.#flush();
  }

  #takeRow(place: number, row: FormatRow): void {
    const key = 'error' in row ? null : this.#keyOf(row);
    if (key === null || 'error' in row) {
      this.unreadableKeys += 1;
      this.rejected += 1;
      this.#broken.push('error' in row ? row : { row: row.row, error: '', raw: '' });
      return;
    }
    if (this.#kernel.compareText(place, this.#putKey(key)) === 0) return;
    const kind = this.#kernel.eventKind(0);
    if (kind === 'broken') throw new AdpError('INTERNAL', 'The kernel calls a row broken that was read.');
    const mapped = this.#handler.map(row);
    if (mapped === undefined || mapped === 'unreadable key') {
      this.#kernel.refuse(0);
      this.rejected += 1;
      if (mapped !== undefined) this.unreadableKeys += 1;
      return;
    }
    // A key that was refused has no place in the index, and so none here.
    if (kind === 'insert') this.#records.push(writeKeyRecord(key));
    if (this.#kernel.accept(0, mapped.contentHash === undefined ? unknown : fromHex(mapped.contentHash))) {
      this.changed[kind] += 1;
      this.#changes.push({ kind, change: mapped.change });
    } else {
      this.sameContent += 1;
    }
  }

  #putKey(key: string): number {
    if (Buffer.byteLength(key) > maxKeyBytes) {
      throw new AdpError('DATA_ERROR', `A key of more than ${maxKeyBytes} bytes can't be taken.`, {
        disposition: 'park',
      });
    }
    return this.#kernel.keySpace().write(key);
  }

  #isMuch(): boolean {
    return (
      this.#changes.length >= handedOver || this.#broken.length >= handedOver || this.#records.length >= flushedKeys
    );
  }

  async #flush(): Promise<void> {
    const changes = this.#changes;
    const broken = this.#broken;
    const records = this.#records;
    this.#changes = [];
    this.#broken = [];
    this.#records = [];
    if (records.length > 0) await this.#keys.write(Buffer.concat(records));
    if (changes.length > 0) await this.#handler.changed(changes);
    if (broken.length > 0) await this.#handler.broken(broken);
  }
}
