import { damaged } from '../formats/damage.ts';
import { type ByteSource, readFully } from './bytes.ts';
import { type Dialect, type FileHeader, readFileHeader } from './fileHeader.ts';
import type { Kernel } from './kernel/kernel.ts';
import { Utf8Check } from './utf8Check.ts';

/** The file's bytes, a chunk at a time, in the kernel's buffer. */
export class Input {
  isLast = false;
  /** Bytes read so far. */
  position = 0;
  readonly #kernel: Kernel;
  readonly #source: ByteSource;
  readonly #chunkBytes: number;
  readonly #utf8 = new Utf8Check();

  constructor(kernel: Kernel, source: ByteSource, chunkBytes: number) {
    this.#kernel = kernel;
    this.#source = source;
    this.#chunkBytes = chunkBytes;
  }

  async fill(): Promise<void> {
    const space = this.#kernel.inputSpace().subarray(0, this.#chunkBytes);
    const bytes = await readFully(this.#source, space);
    this.isLast = bytes < space.length;
    this.#utf8.push(space.subarray(0, bytes), this.isLast);
    this.position += bytes;
    this.#kernel.feed(bytes);
  }
}

/** Reads up to the first row. Undefined: the file has nothing but blank lines. */
export async function openFile(kernel: Kernel, input: Input, dialect: Dialect): Promise<FileHeader | undefined> {
  for (;;) {
    await input.fill();
    const bytes = kernel.input();
    const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    // What a character was cut into at the end is no part of a header that is whole.
    const header = readFileHeader(bytes.toString('utf8', start), input.isLast, dialect);
    if (header) {
      kernel.setDialect(header.delimiter.charCodeAt(0), dialect.quote.charCodeAt(0));
      kernel.skip(start + header.bytes);
      return header;
    }
    if (input.isLast) {
      kernel.skip(bytes.length);
      return undefined;
    }
    if (kernel.inputSpace().length === 0) {
      throw damaged('The header of the CSV is longer than a row may be.');
    }
  }
}
