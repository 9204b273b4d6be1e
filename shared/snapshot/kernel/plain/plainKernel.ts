import {
  type Columns,
  type EventKind,
  type Hash64,
  type Kernel,
  type KernelSizes,
  maxKeyBytes,
  slotBytes,
} from '../kernel.ts';
import { type Fingerprint, Fingerprinter } from './fingerprinter.ts';
import { murmur128, xxh64 } from './hashes.ts';
import { RemovalFinder } from './removalFinder.ts';
import { type Row, RowCutter } from './rowCutter.ts';
import { absent, isSame, SlotTable, unknown } from './slotTable.ts';

interface Event {
  readonly kind: EventKind;
  readonly row: number;
  /** Of an update: the row hash that was known before. */
  readonly before: Hash64;
}

/** The kernel in plain TypeScript: several times slower than the other, and easy to read. */
export class PlainKernel implements Kernel {
  #cutter = new RowCutter(0, 0);
  #fingerprinter = new Fingerprinter(this.#cutter);
  readonly #table = new SlotTable();
  readonly #key = Buffer.alloc(maxKeyBytes);
  #spans = new Uint32Array(0);
  #batchRows = 0;
  #savedSlots = 0;
  #rows: Row[] = [];
  #prints: Fingerprint[] = [];
  #events: Event[] = [];
  #keys: Buffer[] = [];
  #unchanged = 0;
  #repeated = 0;
  #unreadable = 0;
  readonly #removals = new RemovalFinder(this.#table);
  #saved: Iterator<number> = [].values();
  #keepsUnseen = false;
  #output = Buffer.alloc(0);

  open({ inputBytes, maxRowBytes, batchRows, savedSlots }: KernelSizes): void {
    this.#cutter = new RowCutter(inputBytes, maxRowBytes);
    this.#fingerprinter = new Fingerprinter(this.#cutter);
    this.#batchRows = batchRows;
    this.#spans = new Uint32Array(2 * batchRows);
    this.#savedSlots = savedSlots;
  }

  reserveBase(count: number): void {
    this.#table.reserveBase(count);
  }

  baseSpace(fromByte: number, toByte: number): Buffer {
    return this.#table.baseSpace(fromByte, toByte);
  }

  indexBase(): boolean {
    return this.#table.indexBase();
  }

  voidBase(): void {
    this.#table.voidBase();
  }

  hashBase(fromSlot: number, slots: number, seed: Hash64): Hash64 {
    return xxh64(this.#table.bytes(fromSlot, fromSlot + slots), 0, slots * slotBytes, seed);
  }

  countBase(): number {
    return this.#table.baseCount;
  }

  openFresh(): void {
    // The table grows as it must.
  }

  inputSpace(): Buffer {
    return this.#cutter.bytes.subarray(this.#cutter.length);
  }

  feed(bytes: number): void {
    this.#cutter.length += bytes;
  }

  input(): Buffer {
    return this.#cutter.bytes.subarray(0, this.#cutter.length);
  }

  skip(bytes: number): void {
    this.#cutter.position += bytes;
  }

  setDialect(delimiter: number, quote: number): void {
    this.#cutter.delimiter = delimiter;
    this.#cutter.quote = quote;
  }

  setColumns(columns: Columns): void {
    this.#fingerprinter.columns = columns;
  }

  setSeeds(key: Hash64, row: Hash64): void {
    this.#fingerprinter.keySeed = key;
    this.#fingerprinter.rowSeed = row;
  }

  mark(): void {
    // Bytes are looked at when rows are cut.
  }

  cut(isLast: boolean): number {
    this.#rows = this.#cutter.cut(this.#batchRows, isLast);
    return this.#rows.length;
  }

  compact(): void {
    this.#cutter.compact();
  }

  rowStart(row: number): number {
    return this.#row(row).start;
  }

  rowEnd(row: number): number {
    return this.#row(row).end;
  }

  rowFields(row: number): number {
    return this.#row(row).fieldCount;
  }

  rowFault(row: number) {
    return this.#row(row).fault;
  }

  rowLine(row: number): number {
    return this.#cutter.lineOf(this.#row(row).start);
  }

  isPlain(row: number): boolean {
    return this.#row(row).fields === undefined;
  }

  fieldStart(row: number, column: number): number {
    return this.#row(row).fields?.[column]?.start ?? 0;
  }

  fieldEnd(row: number, column: number): number {
    return this.#row(row).fields?.[column]?.end ?? 0;
  }

  isEscaped(row: number, column: number): boolean {
    return this.#row(row).fields?.[column]?.isEscaped ?? false;
  }

  fingerprint(): void {
    this.#prints = this.#rows.map((row) => this.#fingerprinter.fingerprint(row));
  }

  compare(): number {
    this.#events = [];
    for (const [index, print] of this.#prints.entries()) {
      if (print.key === undefined) {
        this.#unreadable += 1;
        this.#put('broken', index);
      } else if (this.#row(index).fault === 'none' ? this.#compareRow(index, print) : this.#compareBroken(index)) {
        this.#keys.push(print.key.record);
      }
    }
    return this.#events.length;
  }

  /** Whether the key is met for the first time. */
  #compareRow(row: number, { key, rowHash }: Fingerprint): boolean {
    if (!key) return false;
    const slot = this.#table.find(key.hash);
    if (slot < 0) {
      this.#table.markSeen(this.#table.add(key.hash, rowHash));
      this.#put('insert', row);
      return true;
    }
    const before = this.#table.rowHash(slot);
    if (!this.#table.isInBase(slot) && isSame(before, absent)) {
      this.#table.setRowHash(slot, rowHash);
      this.#put('insert', row);
      return false;
    }
    if (this.#table.isSeen(slot)) {
      if (isSame(before, rowHash) && !isSame(rowHash, unknown)) {
        this.#repeated += 1;
      } else {
        this.#table.forget(slot);
        this.#put('competing', row);
      }
      return false;
    }
    this.#table.markSeen(slot);
    if (isSame(before, rowHash) && !isSame(rowHash, unknown)) {
      this.#unchanged += 1;
    } else {
      this.#table.setRowHash(slot, rowHash);
      this.#put('update', row, before);
    }
    return true;
  }

  indexTexts(): void {
    this.#table.indexTexts();
  }

  spans(): Uint32Array {
    return this.#spans;
  }

  hashTexts(rows: number): void {
    this.#prints = Array.from({ length: rows }, (_, row) => {
      const rowHash = this.#fingerprinter.hashText(this.#spans[2 * row] ?? 0, this.#spans[2 * row + 1] ?? 0);
      return { key: undefined, rowHash };
    });
  }

  passTexts(row: number): number {
    for (let next = row; next < this.#prints.length; next += 1) {
      const slot = this.#table.findText(at(this.#prints, next).rowHash);
      if (slot < 0 || this.#table.isSeen(slot)) return next;
      this.#table.markSeen(slot);
      this.#unchanged += 1;
    }
    return this.#prints.length;
  }

  keySpace(): Buffer {
    return this.#key;
  }

  compareText(row: number, keyBytes: number): number {
    const { rowHash } = at(this.#prints, row);
    const record = this.#key.subarray(0, keyBytes);
    const hash = murmur128(record, 0, keyBytes, this.#fingerprinter.keySeed);
    const print = { key: { hash, record }, rowHash };
    this.#prints[row] = print;
    this.#events = [];
    this.#compareRow(row, print);
    return this.#events.length;
  }

  discard(bytes: number): void {
    this.#cutter.discard(bytes);
  }

  #compareBroken(row: number): boolean {
    this.#put('broken', row);
    const slot = this.#slotOf(row);
    if (this.#table.isInBase(slot)) {
      if (this.#table.isSeen(slot)) return false;
      this.#table.markSeen(slot);
      return true;
    }
    const isKeyFirst = this.#fingerprinter.columns.key.every((column, index) => column === index);
    if (this.#row(row).fault === 'ragged' && !isKeyFirst && slot < 0) this.#unreadable += 1;
    return false;
  }

  eventKind(event: number): EventKind {
    return this.#event(event).kind;
  }

  eventRow(event: number): number {
    return this.#event(event).row;
  }

  accept(event: number, content: Hash64): boolean {
    const { kind, row } = this.#event(event);
    const slot = this.#slotOf(row);
    if (kind === 'competing') {
      this.#table.forget(slot);
      return true;
    }
    const before = this.#table.contentHash(slot);
    this.#table.setContentHash(slot, content);
    return isSame(before, unknown) || !isSame(before, content);
  }

  refuse(event: number): void {
    const { kind, row, before } = this.#event(event);
    const slot = this.#slotOf(row);
    if (kind === 'competing') this.#table.forget(slot);
    else this.#table.setRowHash(slot, kind === 'insert' ? absent : before);
  }

  unchangedRows(): number {
    return this.#unchanged;
  }

  repeatedRows(): number {
    return this.#repeated;
  }

  unreadableKeys(): number {
    return this.#unreadable;
  }

  keys(): Buffer {
    return Buffer.concat(this.#keys);
  }

  clearKeys(): void {
    this.#keys = [];
  }

  seenInBase(): number {
    return this.#table.seenInBase;
  }

  startRemovals(keySeed: Hash64): void {
    this.#removals.keySeed = keySeed;
  }

  removalSpace(): Buffer {
    return this.#cutter.bytes;
  }

  findRemovals(bytes: number): number {
    return this.#removals.find(this.#cutter.bytes, bytes, this.#batchRows);
  }

  removalsFound(): number {
    return this.#removals.found.length;
  }

  removalStart(removal: number): number {
    return this.#removals.found[removal]?.start ?? 0;
  }

  removalBytes(removal: number): number {
    return this.#removals.found[removal]?.bytes ?? 0;
  }

  countFresh(): number {
    let count = 0;
    for (const slot of this.#table.inOrder()) {
      if (!this.#table.isInBase(slot) && !isSame(this.#table.rowHash(slot), absent)) count += 1;
    }
    return count;
  }

  startSave(unseen: boolean): void {
    this.#saved = this.#table.inOrder();
    this.#keepsUnseen = unseen;
  }

  saveSlots(): number {
    const slots: Buffer[] = [];
    while (slots.length < this.#savedSlots) {
      const next = this.#saved.next();
      if (next.done) break;
      if (this.#table.isKept(next.value, this.#keepsUnseen)) slots.push(this.#table.bytes(next.value, next.value + 1));
    }
    this.#output = Buffer.concat(slots);
    return slots.length;
  }

  output(slots: number): Buffer {
    return this.#output.subarray(0, slots * slotBytes);
  }

  hashOutput(slots: number, seed: Hash64): Hash64 {
    return xxh64(this.#output, 0, slots * slotBytes, seed);
  }

  #row(row: number): Row {
    return at(this.#rows, row);
  }

  #event(event: number): Event {
    return at(this.#events, event);
  }

  #slotOf(row: number): number {
    const { key } = at(this.#prints, row);
    return key ? this.#table.find(key.hash) : -1;
  }

  #put(kind: EventKind, row: number, before: Hash64 = unknown): void {
    this.#events.push({ kind, row, before });
  }
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`There is no ${index} among ${list.length}.`);
  return item;
}
