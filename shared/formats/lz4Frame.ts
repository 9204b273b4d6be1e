import { damaged } from './damage.ts';
import { limitExceeded } from './limits.ts';

const magic = 0x184d2204;
const storedBit = 0x80000000;
/** By the number in the header (Block Maximum Size). */
const blockSizes: Readonly<Record<number, number>> = {
  4: 64 * 1024,
  5: 256 * 1024,
  6: 1024 * 1024,
  7: 4 * 1024 * 1024,
};

/**
 * The content of an LZ4 frame (LZ4 Frame Format 1.6.4); checksums are not looked at, for Arrow's writers make none.
 * @throws AdpError DATA_ERROR where it is cut short or corrupt; the error of `limitExceeded` beyond `maxBytes`
 */
export function readLz4Frame(frame: Uint8Array, maxBytes: number): Uint8Array {
  const input = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  if (input.length < 7 || input.readUInt32LE(0) !== magic) {
    throw corrupt();
  }
  const flags = input.readUInt8(4);
  const blockSize = blockSizes[(input.readUInt8(5) >> 4) & 7];
  if (flags >> 6 !== 1 || blockSize === undefined) {
    throw corrupt();
  }
  const hasBlockChecksum = (flags & 0x10) !== 0;
  const hasSize = (flags & 0x08) !== 0;
  const hasDictionary = (flags & 0x01) !== 0;
  let at = 7 + (hasSize ? 8 : 0) + (hasDictionary ? 4 : 0);
  let output = Buffer.alloc(blockSize);
  let written = 0;
  for (;;) {
    if (at + 4 > input.length) {
      throw corrupt();
    }
    const header = input.readUInt32LE(at);
    at += 4;
    if (header === 0) {
      return output.subarray(0, written);
    }
    const length = header % storedBit;
    const block = input.subarray(at, at + length);
    if (block.length < length) {
      throw corrupt();
    }
    if (written + blockSize > output.length) {
      output = Buffer.concat([output, Buffer.alloc(Math.max(blockSize, output.length))]);
    }
    const end = Math.min(written + blockSize, output.length);
    written =
      header >= storedBit
        ? written + block.copy(output, written, 0, end - written)
        : readBlock(block, output, written, end);
    if (written > maxBytes) {
      throw limitExceeded('bytes', maxBytes);
    }
    at += length + (hasBlockChecksum ? 4 : 0);
  }
}

/**
 * Unpacks a block (LZ4 Block Format) behind what is written already, which it may repeat.
 * @returns where it has ended, at most `end`
 */
function readBlock(input: Buffer, output: Buffer, start: number, end: number): number {
  let at = 0;
  let written = start;
  while (at < input.length) {
    const token = input[at] ?? 0;
    at += 1;
    const literals = readLength(input, at, token >> 4);
    at = literals.at;
    if (at + literals.length > input.length || written + literals.length > end) {
      throw corrupt();
    }
    input.copy(output, written, at, at + literals.length);
    at += literals.length;
    written += literals.length;
    if (at === input.length) {
      return written;
    }
    const offset = at + 2 <= input.length ? input.readUInt16LE(at) : 0;
    const match = readLength(input, at + 2, token & 15);
    at = match.at;
    const matchEnd = written + match.length + 4;
    if (offset === 0 || offset > written || matchEnd > end) {
      throw corrupt();
    }
    // Byte by byte: a match may repeat what it is writing.
    for (; written < matchEnd; written += 1) {
      output[written] = output[written - offset] ?? 0;
    }
  }
  return written;
}

function readLength(input: Buffer, start: number, nibble: number): { length: number; at: number } {
  let length = nibble;
  let at = start;
  let byte = nibble === 15 ? 255 : 0;
  while (byte === 255) {
    byte = input[at] ?? 0;
    at += 1;
    length += byte;
  }
  return { length, at };
}

function corrupt(): Error {
  return damaged('The LZ4 data are corrupt.');
}
