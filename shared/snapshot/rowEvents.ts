import { fromHex } from './hash64.ts';
import type { EventKind, Kernel } from './kernel/kernel.ts';
import { type RowShape, readFault, readValues } from './rowText.ts';
import type { BrokenRow, SnapshotChange, SnapshotHandler } from './snapshot.ts';

const handedOver = 1000;
const unknown = { low: 0, high: 0 };

/** Takes the kernel's events: rows that may have changed are mapped, and given away where their content has. */
export class RowEvents<T> {
  read = 0;
  rejected = 0;
  sameContent = 0;
  /** Rows with a quote that is not closed, or not within the longest row. */
  unclosed = 0;
  readonly changed: Record<SnapshotChange<T>['kind'], number> = { insert: 0, update: 0, competing: 0 };

  readonly #kernel: Kernel;
  readonly #shape: RowShape;
  readonly #maxRowBytes: number;
  readonly #handler: SnapshotHandler<T>;
  /** Keys that the kernel could read and the mapping could not. */
  #keysNotMapped = 0;
  #changes: SnapshotChange<T>[] = [];
  #broken: BrokenRow[] = [];

  constructor(kernel: Kernel, shape: RowShape, maxRowBytes: number, handler: SnapshotHandler<T>) {
    this.#kernel = kernel;
    this.#shape = shape;
    this.#maxRowBytes = maxRowBytes;
    this.#handler = handler;
  }

  /** Rows whose key can't be told. */
  get unreadableKeys(): number {
    return this.#kernel.unreadableKeys() + this.#keysNotMapped;
  }

  /** The events of a batch of `rows`. */
  async take(rows: number, events: number): Promise<void> {
    this.read += rows;
    const input = this.#kernel.input();
    for (let event = 0; event < events; event += 1) {
      const kind = this.#kernel.eventKind(event);
      const row = this.#kernel.eventRow(event);
      if (kind === 'broken') {
        this.#takeBroken(input, row);
      } else {
        this.#takeRow(input, kind, event, row);
      }
    }
    if (this.#changes.length >= handedOver || this.#broken.length >= handedOver) {
      await this.flush();
    }
  }

  async flush(): Promise<void> {
    const changes = this.#changes;
    const broken = this.#broken;
    this.#changes = [];
    this.#broken = [];
    if (changes.length > 0) {
      await this.#handler.changed(changes);
    }
    if (broken.length > 0) {
      await this.#handler.broken(broken);
    }
  }

  #takeRow(input: Buffer, kind: Exclude<EventKind, 'broken'>, event: number, row: number): void {
    const mapped = this.#handler.map({
      row: this.#kernel.rowLine(row),
      values: readValues(this.#kernel, input, row, this.#shape),
    });
    if (mapped === undefined || mapped === 'unreadable key') {
      this.#kernel.refuse(event);
      this.rejected += 1;
      if (mapped !== undefined) this.#keysNotMapped += 1;
    } else if (this.#kernel.accept(event, mapped.contentHash === undefined ? unknown : fromHex(mapped.contentHash))) {
      this.changed[kind] += 1;
      this.#changes.push({ kind, change: mapped.change });
    } else {
      this.sameContent += 1;
    }
  }

  #takeBroken(input: Buffer, row: number): void {
    const fault = this.#kernel.rowFault(row);
    if (fault === 'unclosed' || (fault === 'tooLong' && !this.#kernel.isPlain(row))) {
      this.unclosed += 1;
    }
    this.rejected += 1;
    this.#broken.push({
      row: this.#kernel.rowLine(row),
      ...readFault(this.#kernel, input, row, this.#shape, this.#maxRowBytes),
    });
  }
}
