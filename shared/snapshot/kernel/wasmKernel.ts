import { AdpError } from '../../errors.ts';
import { eventKinds, type Hash64, type Kernel, maxKeyBytes, rowFaults, slotBytes } from './kernel.ts';
import { wasmCode } from './wasmCode.ts';

/** What the module does just as the interface says. */
type Direct = Pick<
  Kernel,
  | 'feed'
  | 'skip'
  | 'mark'
  | 'cut'
  | 'compact'
  | 'fingerprint'
  | 'compare'
  | 'rowStart'
  | 'rowEnd'
  | 'rowFields'
  | 'fieldStart'
  | 'fieldEnd'
  | 'eventRow'
  | 'refuse'
  | 'unchangedRows'
  | 'repeatedRows'
  | 'unreadableKeys'
  | 'clearKeys'
  | 'seenInBase'
  | 'removalsFound'
  | 'removalStart'
  | 'removalBytes'
  | 'countFresh'
  | 'countBase'
  | 'voidBase'
  | 'openFresh'
  | 'setDialect'
  | 'startSave'
  | 'indexTexts'
  | 'hashTexts'
  | 'passTexts'
  | 'discard'
  | 'saveSlots'
>;

/** What wasm/kernel.as exports. Addresses and hashes come out signed, truth as a number. */
interface Exports extends Direct {
  readonly memory: { readonly buffer: ArrayBuffer };
  open(inputBytes: number, maxRowBytes: number, batchRows: number, savedSlots: number): void;
  reserveBase(count: number): number;
  indexBase(): number;
  inputAt(): number;
  buffered(): number;
  setColumnCount(count: number): void;
  addKeyColumn(column: number): void;
  setHashedDialect(delimiter: number, quote: number): void;
  setHashedColumn(place: number, column: number): void;
  setSeeds(keyLow: number, keyHigh: number, rowLow: number, rowHigh: number): void;
  rowFault(row: number): number;
  lineOf(at: number): number;
  isPlain(row: number): number;
  isEscaped(row: number, column: number): number;
  eventKind(event: number): number;
  accept(event: number, low: number, high: number): number;
  spansAt(): number;
  keyTextAt(): number;
  compareText(row: number, keyBytes: number): number;
  keysAt(): number;
  keyLength(): number;
  startRemovals(low: number, high: number): void;
  findRemovals(at: number, bytes: number): number;
  outputAt(): number;
  hashLow(at: number, bytes: number, low: number, high: number): number;
  hashHigh(): number;
}

/** What of WebAssembly is used; it is declared in the library of browsers only. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
  readonly RuntimeError: new () => Error;
};

let compiled: object | undefined;

/** The kernel in WebAssembly, with memory of its own. */
export function wasmKernel(): Kernel {
  compiled ??= new WebAssembly.Module(Buffer.from(wasmCode, 'base64'));
  // The module is ours, built from the source beside it: what it exports is known.
  const wasm = new WebAssembly.Instance(compiled).exports as Exports;
  let memory = Buffer.alloc(0);
  let inputBytes = 0;
  let baseAt = 0;
  let batchRows = 0;

  function view(at: number, bytes: number): Buffer {
    // Memory that has grown has a new buffer.
    if (memory.buffer !== wasm.memory.buffer) {
      memory = Buffer.from(wasm.memory.buffer);
    }
    return memory.subarray(at >>> 0, (at >>> 0) + bytes);
  }

  function hash(at: number, slots: number, seed: Hash64): Hash64 {
    const low = wasm.hashLow(at, slots * slotBytes, seed.low, seed.high) >>> 0;
    return { low, high: wasm.hashHigh() >>> 0 };
  }

  return {
    ...wasm,
    openFresh: (expected) => inMemory(() => wasm.openFresh(expected)),
    compare: () => inMemory(() => wasm.compare()),
    open(sizes) {
      inputBytes = sizes.inputBytes;
      batchRows = sizes.batchRows;
      wasm.open(sizes.inputBytes, sizes.maxRowBytes, sizes.batchRows, sizes.savedSlots);
    },
    reserveBase(count) {
      baseAt = inMemory(() => wasm.reserveBase(count)) >>> 0;
    },
    baseSpace: (fromByte, toByte) => view(baseAt + fromByte, toByte - fromByte),
    indexBase: () => wasm.indexBase() !== 0,
    hashBase: (fromSlot, slots, seed) => hash(baseAt + fromSlot * slotBytes, slots, seed),
    inputSpace: () => view((wasm.inputAt() >>> 0) + wasm.buffered(), inputBytes - wasm.buffered()),
    input: () => view(wasm.inputAt(), wasm.buffered()),
    setColumns({ count, key, hashed, delimiter, quote }) {
      wasm.setColumnCount(count);
      for (const column of key) {
        wasm.addKeyColumn(column);
      }
      wasm.setHashedDialect(delimiter, quote);
      for (const [place, column] of hashed.entries()) {
        wasm.setHashedColumn(place, column);
      }
    },
    setSeeds: (key, row) => wasm.setSeeds(key.low, key.high, row.low, row.high),
    rowFault: (row) => rowFaults[wasm.rowFault(row)] ?? 'none',
    rowLine: (row) => wasm.lineOf(wasm.rowStart(row)),
    isPlain: (row) => wasm.isPlain(row) !== 0,
    isEscaped: (row, column) => wasm.isEscaped(row, column) !== 0,
    eventKind: (event) => eventKinds[wasm.eventKind(event)] ?? 'broken',
    accept: (event, content) => wasm.accept(event, content.low, content.high) !== 0,
    spans: () => new Uint32Array(wasm.memory.buffer, wasm.spansAt() >>> 0, 2 * batchRows),
    keySpace: () => view(wasm.keyTextAt(), maxKeyBytes),
    compareText: (row, keyBytes) => inMemory(() => wasm.compareText(row, keyBytes)),
    indexTexts: () => inMemory(() => wasm.indexTexts()),
    keys: () => view(wasm.keysAt(), wasm.keyLength()),
    startRemovals: (seed) => wasm.startRemovals(seed.low, seed.high),
    removalSpace: () => view(wasm.inputAt(), inputBytes),
    findRemovals: (bytes) => wasm.findRemovals(wasm.inputAt(), bytes),
    output: (slots) => view(wasm.outputAt(), slots * slotBytes),
    hashOutput: (slots, seed) => hash(wasm.outputAt(), slots, seed),
  };
}

/** A call that may ask for more memory than 4 GiB, or than there is: then the module traps. */
function inMemory<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) {
      const message = 'The snapshot has more rows than fit into memory at once: split it.';
      throw new AdpError('DATA_ERROR', message, { disposition: 'park', cause: error });
    }
    throw error;
  }
}
