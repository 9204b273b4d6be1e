import { constants, isUtf8 } from 'node:buffer';
import { damaged } from './damage.ts';
import { limitExceeded } from './limits.ts';

const blockBytes = 64 * 1024;

/**
 * Text in blocks of about 64 KiB, whatever the size of the chunks was: what a reader sees depends on the bytes alone.
 * UTF-8, or what a byte order mark says (UTF-8, UTF-16); the mark is dropped.
 *
 * @throws AdpError DATA_ERROR with the position (from 0) of the first byte that is not valid
 */
export async function* decodeText(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextBlockDecoder | undefined;
  for await (const block of blocks(bytes)) {
    decoder ??= decoderFor(block);
    yield decoder.decode(block, false);
  }
  if (decoder) {
    yield decoder.decode(new Uint8Array(0), true);
  }
}

/** The whole text as UTF-8 without a mark, for formats that can't be read in parts. Throws as `decodeText` does. */
export async function readUtf8(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > constants.MAX_STRING_LENGTH) {
      throw limitExceeded('bytes', constants.MAX_STRING_LENGTH);
    }
  }
  const whole = Buffer.concat(chunks);
  const decoder = decoderFor(whole);
  if (decoder instanceof Utf8Decoder && isUtf8(whole)) {
    return whole.subarray(utf8MarkLength(whole));
  }
  return Buffer.from(decoder.decode(whole, true));
}

async function* blocks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const block = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  for await (const chunk of bytes) {
    let taken = 0;
    while (taken < chunk.byteLength) {
      if (filled === 0 && chunk.byteLength - taken >= blockBytes) {
        yield chunk.subarray(taken, taken + blockBytes);
        taken += blockBytes;
        continue;
      }
      const part = chunk.subarray(taken, taken + blockBytes - filled);
      block.set(part, filled);
      filled += part.byteLength;
      taken += part.byteLength;
      if (filled === blockBytes) {
        yield block;
        filled = 0;
      }
    }
  }
  if (filled > 0) {
    yield block.subarray(0, filled);
  }
}

interface TextBlockDecoder {
  /** The text of the block, but for a character that it only begins; that one comes with the next block. */
  decode(block: Uint8Array, isLast: boolean): string;
}

function decoderFor(start: Uint8Array): TextBlockDecoder {
  if (start[0] === 0xff && start[1] === 0xfe) {
    return new Utf16Decoder(false);
  }
  if (start[0] === 0xfe && start[1] === 0xff) {
    return new Utf16Decoder(true);
  }
  return new Utf8Decoder();
}

class Utf8Decoder implements TextBlockDecoder {
  #carried: Uint8Array = new Uint8Array(0);
  #position = 0;

  decode(block: Uint8Array, isLast: boolean): string {
    const bytes = joined(this.#carried, block);
    const end = isLast ? bytes.length : wholeUtf8(bytes);
    const whole = bytes.subarray(0, end);
    if (!isUtf8(whole)) {
      throw damaged(
        `The text is not valid UTF-8: byte ${this.#position + invalidUtf8(whole)} (counted from 0) belongs to no character.`,
      );
    }
    const textStart = this.#position === 0 ? utf8MarkLength(whole) : 0;
    this.#position += end;
    // A copy: the block's memory is used again for the next one.
    this.#carried = Uint8Array.from(bytes.subarray(end));
    return whole.toString('utf8', textStart);
  }
}

function utf8MarkLength(start: Uint8Array): number {
  return start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? 3 : 0;
}

/** Where the last character that is whole ends. */
function wholeUtf8(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) {
      return utf8Length(byte) > back ? bytes.length - back : bytes.length;
    }
    if (byte < 0x80) {
      break;
    }
  }
  return bytes.length;
}

function utf8Length(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/** The first byte of the first sequence that is no character. Halves the input, then looks at single characters. */
function invalidUtf8(bytes: Buffer): number {
  let valid = 0;
  let end = bytes.length;
  while (end - valid > 64) {
    const half = (valid + end) >> 1;
    const cut = valid + wholeUtf8(bytes.subarray(valid, half));
    if (cut > valid && isUtf8(bytes.subarray(valid, cut))) {
      valid = cut;
    } else {
      end = half;
    }
  }
  while (valid < bytes.length) {
    const length = utf8Length(bytes[valid] ?? 0);
    if (valid + length > bytes.length || !isUtf8(bytes.subarray(valid, valid + length))) {
      break;
    }
    valid += length;
  }
  return valid;
}

class Utf16Decoder implements TextBlockDecoder {
  readonly #bigEndian: boolean;
  #carried: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(bigEndian: boolean) {
    this.#bigEndian = bigEndian;
  }

  decode(block: Uint8Array, isLast: boolean): string {
    const bytes = joined(this.#carried, block);
    const start = this.#position;
    let units = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % 2)));
    if (this.#bigEndian) {
      units = units.swap16();
    }
    let text = units.toString('utf16le');
    if (!isLast && isHighSurrogate(text.charCodeAt(text.length - 1))) {
      text = text.slice(0, -1);
    }
    const end = text.length * 2;
    const broken = text.isWellFormed() ? -1 : loneSurrogate(text) * 2;
    if (broken >= 0 || (isLast && end < bytes.length)) {
      throw damaged(
        `The text is not valid UTF-16: byte ${start + (broken >= 0 ? broken : end)} (counted from 0) belongs to no character.`,
      );
    }
    this.#position += end;
    this.#carried = Uint8Array.from(bytes.subarray(end));
    return start === 0 ? text.slice(1) : text;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function loneSurrogate(text: string): number {
  let at = 0;
  for (const character of text) {
    if (!character.isWellFormed()) {
      return at;
    }
    at += character.length;
  }
  return -1;
}

function joined(carried: Uint8Array, block: Uint8Array): Buffer {
  return carried.length === 0
    ? Buffer.from(block.buffer, block.byteOffset, block.byteLength)
    : Buffer.concat([carried, block]);
}
