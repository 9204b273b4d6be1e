import { closeSync, existsSync, fdatasync, fsyncSync, openSync, renameSync, writeSync, writev } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { decodeEntries, encodeEntry, type JournalEntry } from './entry.ts';
import { encodeFrame, fileHeader, lengthOf, readFrames } from './frame.ts';

/** What the journal keeps: it is rebuilt from the entries, and described by fewer of them when the file is compacted. */
export interface JournaledState {
  apply(entry: JournalEntry): void;
  entries(): Iterable<JournalEntry>;
  /** About what `entries` would take in a file: so much stays however often it is compacted. */
  readonly bytes: number;
}

export interface JournalOptions {
  readonly path: string;
  /** Called once if the disk fails (full, gone): nothing can be promised any more. */
  readonly onFailure: (error: unknown) => void;
  /** Bytes below which the file is never compacted. */
  readonly compactAbove?: number;
}

const usualCompactAbove = 16 * 1024 * 1024;
const growthBeforeCompaction = 4;
const compactedFrameLength = 1024 * 1024;

const writeAsync = promisify(writev);
const syncAsync = promisify(fdatasync);

/**
 * An append-only file with group commit: all that is appended while the last group was on its way to the disk becomes the
 * next group, one write and one fdatasync, after which its callbacks are called. The file is compacted at the start, and
 * again whenever it has grown to four times what it was then, and three quarters of it are of no account any more: what is
 * still held would only be copied.
 */
export class Journal {
  readonly #options: JournalOptions;
  #state: JournaledState | undefined;
  #descriptor = -1;
  #size = 0;
  #compactedSize = 0;
  #pending: Buffer[] = [];
  #waiting: (() => void)[] = [];
  #committing: Promise<void> | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /**
   * Brings the state up to what the file says. A file left behind by an interrupted compaction is overwritten.
   * @throws AdpError CONFIG_ERROR if the file is no journal or damaged
   */
  open(state: JournaledState): void {
    const { path } = this.#options;
    if (existsSync(path)) {
      const descriptor = openSync(path, 'r');
      for (const content of readFrames(descriptor, path)) {
        for (const entry of decodeEntries(content)) state.apply(entry);
      }
      closeSync(descriptor);
    }
    this.#state = state;
    this.#compact(state);
  }

  /** Adds an entry to the next group. */
  append(entry: JournalEntry): void {
    this.#pending.push(...encodeEntry(entry));
    this.#commitSoon();
  }

  /** Calls back as soon as everything appended so far will survive a crash, in the order of the calls. */
  whenDurable(callback: () => void): void {
    this.#waiting.push(callback);
    this.#commitSoon();
  }

  /** Resolves when everything is on the disk and the file is closed. */
  async close(): Promise<void> {
    await this.#committing;
    closeSync(this.#descriptor);
  }

  #commitSoon(): void {
    this.#committing ??= this.#commit().catch(this.#options.onFailure);
  }

  async #commit(): Promise<void> {
    // To the end of this turn of the event loop: one socket read brings many messages.
    await setImmediate();
    while (this.#pending.length > 0 || this.#waiting.length > 0) {
      const content = this.#pending;
      const waiting = this.#waiting;
      this.#pending = [];
      this.#waiting = [];
      if (content.length > 0) await this.#writeFrame(encodeFrame(content));
      for (const callback of waiting) callback();
      const { compactAbove = usualCompactAbove } = this.#options;
      const kept = Math.max(this.#compactedSize, this.#state?.bytes ?? 0);
      const limit = Math.max(compactAbove, growthBeforeCompaction * kept);
      if (this.#size > limit && this.#state !== undefined) this.#compact(this.#state);
    }
    this.#committing = undefined;
  }

  async #writeFrame(frame: readonly Buffer[]): Promise<void> {
    const length = lengthOf(frame);
    let rest = frame;
    for (let done = 0; done < length; ) {
      const { bytesWritten } = await writeAsync(this.#descriptor, rest);
      done += bytesWritten;
      // Seldom: the disk took a part only.
      if (done < length) rest = [Buffer.concat(rest).subarray(bytesWritten)];
    }
    await syncAsync(this.#descriptor);
    this.#size += length;
  }

  /**
   * Writes the state to a new file, which then takes the place of the old one. It happens in one turn, so that the state
   * holds still. What is pending is in the state already, and is written once more after it: entries may be repeated.
   */
  #compact(state: JournaledState): void {
    const { path } = this.#options;
    const temporary = `${path}.new`;
    const descriptor = openSync(temporary, 'w');
    let size = 0;
    for (const bytes of compacted(state)) {
      for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
      size += bytes.length;
    }
    fsyncSync(descriptor);
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
    renameSync(temporary, path);
    syncFolder(dirname(path));
    this.#descriptor = descriptor;
    this.#size = size;
    this.#compactedSize = size;
  }
}

function* compacted(state: JournaledState): Generator<Buffer> {
  yield fileHeader;
  let content: Buffer[] = [];
  let length = 0;
  for (const entry of state.entries()) {
    const encoded = encodeEntry(entry);
    content.push(...encoded);
    length += lengthOf(encoded);
    if (length >= compactedFrameLength) {
      yield Buffer.concat(encodeFrame(content));
      content = [];
      length = 0;
    }
  }
  if (content.length > 0) yield Buffer.concat(encodeFrame(content));
}

/** A rename survives a power cut only once its folder is synced. Windows has no such thing. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}
