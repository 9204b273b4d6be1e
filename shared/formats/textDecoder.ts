import { isUtf8 } from 'node:buffer';
import { decode as decodeBytes } from 'iconv-lite';
import { damaged } from './damage.ts';
import type { Encoding } from './encoding.ts';

/** Blocks of bytes into text, one after another. A byte order mark at the very start is dropped. */
export interface TextBlockDecoder {
  /** The text of the block, but for a character that it only begins; that one comes with the next block. */
  decode(block: Uint8Array, isLast: boolean): string;
  /** The same text as UTF-8; the memory may be the block's own. */
  toUtf8(block: Uint8Array, isLast: boolean): Buffer;
}

/** @throws AdpError DATA_ERROR, while decoding, with the position (from 0) of the first byte that is not valid */
export function createDecoder(encoding: Encoding): TextBlockDecoder {
  switch (encoding) {
    case 'utf-8':
      return new Utf8Decoder();
    case 'utf-16le':
      return new Utf16Decoder(false);
    case 'utf-16be':
      return new Utf16Decoder(true);
    default:
      return new SingleByteDecoder(encoding);
  }
}

/** The encoding that a byte order mark at the start names (Unicode 16.0, 23.8). */
export function markedEncoding(start: Uint8Array): Encoding | undefined {
  if (utf8MarkLength(start) > 0) {
    return 'utf-8';
  }
  if (start[0] === 0xff && start[1] === 0xfe) {
    return 'utf-16le';
  }
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : undefined;
}

/** windows-1252 leaves five bytes unused: they are no text, and are not replaced silently. */
class SingleByteDecoder implements TextBlockDecoder {
  readonly #encoding: Encoding;
  #position = 0;

  constructor(encoding: Encoding) {
    this.#encoding = encoding;
  }

  decode(block: Uint8Array): string {
    const text = decodeBytes(block, this.#encoding, { stripBOM: false });
    const broken = text.indexOf('\uFFFD');
    if (broken >= 0) {
      throw damaged(
        `The text is not valid ${this.#encoding}: byte ${this.#position + broken} (counted from 0) belongs to no character.`,
      );
    }
    this.#position += block.byteLength;
    return text;
  }

  toUtf8(block: Uint8Array): Buffer {
    return Buffer.from(this.decode(block));
  }
}

class Utf8Decoder implements TextBlockDecoder {
  #carried: Uint8Array = new Uint8Array(0);
  #position = 0;

  decode(block: Uint8Array, isLast: boolean): string {
    return this.toUtf8(block, isLast).toString('utf8');
  }

  toUtf8(block: Uint8Array, isLast: boolean): Buffer {
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
    return whole.subarray(textStart);
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
    return start === 0 && text.startsWith('\uFEFF') ? text.slice(1) : text;
  }

  toUtf8(block: Uint8Array, isLast: boolean): Buffer {
    return Buffer.from(this.decode(block, isLast));
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
