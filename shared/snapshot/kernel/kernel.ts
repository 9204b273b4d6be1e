/** 64 bits as two unsigned halves. */
export interface Hash64 {
  readonly low: number;
  readonly high: number;
}

/** What happened to a row's key. Rows that are not here are unchanged, or repeat a row of the same file exactly. */
export const eventKinds = ['insert', 'update', 'competing', 'broken'] as const;
export type EventKind = (typeof eventKinds)[number];

/** Why a row is broken; the last three give up the line on which it starts. */
export const rowFaults = ['none', 'ragged', 'nul', 'textAfterQuote', 'unclosed', 'tooLong'] as const;
export type RowFault = (typeof rowFaults)[number];

/** The longest key of a row whose text others have cut. */
export const maxKeyBytes = 65_536;

/** Bytes of one slot: key hash (128 bits), row hash (64), content hash (64); each little-endian. */
export const slotBytes = 32;

export interface KernelSizes {
  /** Room for input: a chunk and the longest row. */
  readonly inputBytes: number;
  readonly maxRowBytes: number;
  /** Rows that are cut at once, at most. */
  readonly batchRows: number;
  /** Slots that are saved at once. */
  readonly savedSlots: number;
}

/**
 * The inner loop of a snapshot's diff: cuts CSV into rows, hashes them, and compares the hashes with a baseline's. It
 * knows bytes only, does no I/O, and serves one diff; snapshot.ts drives it. There are two: WebAssembly (the source is
 * wasm/*.as) and plain TypeScript (plain/), which is the other's oracle and its fallback. Both give the same rows, the
 * same hashes and the same slots, byte for byte.
 *
 * In this order: `open`; the baseline (`reserveBase`, `baseSpace`, `indexBase` or `voidBase`); the header (`feed`,
 * `skip`, `setDialect`, `setColumns`, `setSeeds`); `openFresh`; for each chunk `feed`, `mark`, and until `cut` gives nothing
 * `cut`, `fingerprint`, `compare`, the events, then `compact`; the removals; the slots.
 *
 * **A key that occurs more than once** in a file with equal rows is counted as repeated. Where its rows differ, all from
 * the second one on are `competing`, and so is a later one that equals the first; the first was an event of its own,
 * or it is what the store holds. Which row stands is decided by versions, not here, and so not by the order of the
 * file; the key's hashes become unknown, so that its rows are events in the next snapshot too.
 *
 * **A broken row** whose key can be read counts as seen, and what is known of its key stays.
 *
 * Views of its memory are valid until the next call.
 */
export interface Kernel {
  open(sizes: KernelSizes): void;

  // The baseline.
  /** `count` of slots that will be put into `baseSpace`. */
  reserveBase(count: number): void;
  baseSpace(fromByte: number, toByte: number): Buffer;
  /** False, and the baseline is void, where the slots' keys are not in ascending order. */
  indexBase(): boolean;
  voidBase(): void;
  /** XXH64 of slots of the baseline. */
  hashBase(fromSlot: number, slots: number, seed: Hash64): Hash64;
  countBase(): number;
  /** Room for keys that the baseline doesn't have; it grows. */
  openFresh(expected: number): void;

  // Input.
  /** Where the next bytes go. */
  inputSpace(): Buffer;
  feed(bytes: number): void;
  /** What is buffered: positions of rows and fields are offsets into it. */
  input(): Buffer;
  /** Leaves out bytes before the first row. */
  skip(bytes: number): void;
  /** Each one ASCII character's code. */
  setDialect(delimiter: number, quote: number): void;
  setColumns(columns: Columns): void;
  setSeeds(key: Hash64, row: Hash64): void;
  /** Finds delimiters, quotes and line ends in all that is buffered. */
  mark(): void;
  /** Cuts a batch of rows; how many. 0: there is no whole row any more. */
  cut(isLast: boolean): number;
  /** Drops what was cut. */
  compact(): void;

  // Rows of the batch.
  rowStart(row: number): number;
  rowEnd(row: number): number;
  /** How many fields it has, or how many could be read before its fault. */
  rowFields(row: number): number;
  rowFault(row: number): RowFault;
  /** The line, counted from 1, in which the row begins. */
  rowLine(row: number): number;
  /** True: no field is in quotes, and fields are what is between delimiters. Else each field has its own place: */
  isPlain(row: number): boolean;
  fieldStart(row: number, column: number): number;
  fieldEnd(row: number, column: number): number;
  /** Whether quotes within the field are doubled. */
  isEscaped(row: number, column: number): boolean;

  // The comparison.
  fingerprint(): void;
  /** How many events there are. */
  compare(): number;
  eventKind(event: number): EventKind;
  eventRow(event: number): number;
  /**
   * Takes the content hash of a row that was inserted, updated or is competing. False: the content is what it was.
   * Events are settled in their order, before the next `cut`.
   */
  accept(event: number, content: Hash64): boolean;
  /** Refuses such a row: what was known of its key stays. */
  refuse(event: number): void;
  unchangedRows(): number;
  repeatedRows(): number;
  /** Rows whose key can't be told. */
  unreadableKeys(): number;

  // Rows whose texts others have cut, instead of `mark`, `cut`, `fingerprint` and `compare`: `indexTexts` before
  // `openFresh`; then for each batch the spans, `hashTexts`, and in the order of the rows `passTexts` and `compareText`.
  /** Makes the baseline's rows be found by their texts. */
  indexTexts(): void;
  /** Where the rows' texts begin and end in the input buffer, turn about. Where it is empty only content tells. */
  spans(): Uint32Array;
  hashTexts(rows: number): void;
  /**
   * Passes rows by, from `row` on, whose very texts the baseline has, each once: they are unchanged. The first row for
   * which that isn't so, or how many there are.
   */
  passTexts(row: number): number;
  /** Where a row's key is put to be compared. */
  keySpace(): Buffer;
  /** Compares one row by its key: how many events there are, one or none. Its event is settled before the next row. */
  compareText(row: number, keyBytes: number): number;
  /** Drops bytes from the start of what is buffered. */
  discard(bytes: number): void;

  // Keys.
  /** Key records of the rows whose keys were met for the first time, since `clearKeys`. */
  keys(): Buffer;
  clearKeys(): void;
  /** Slots of the baseline whose keys were seen. */
  seenInBase(): number;
  startRemovals(keySeed: Hash64): void;
  /** Reads key records, which are in the input buffer from its start; how many bytes were whole records. */
  findRemovals(bytes: number): number;
  /** The whole buffer, for key records. */
  removalSpace(): Buffer;
  removalsFound(): number;
  removalStart(removal: number): number;
  removalBytes(removal: number): number;

  // The next baseline.
  countFresh(): number;
  /** `unseen`: keep the keys that were not seen. */
  startSave(unseen: boolean): void;
  /** Puts the next slots into `output`; how many. */
  saveSlots(): number;
  output(slots: number): Buffer;
  hashOutput(slots: number, seed: Hash64): Hash64;
}

export interface Columns {
  readonly count: number;
  /** Which columns are the key, in the order of the key. */
  readonly key: readonly number[];
  /** The columns in the order in which they are hashed. */
  readonly hashed: readonly number[];
  /** The dialect in which they are hashed: codes of ASCII characters. */
  readonly delimiter: number;
  readonly quote: number;
}
