import { crc32, createInflateRaw } from 'node:zlib';
import { damaged } from './damage.ts';
import { inflate, type UnpackLimits } from './inflate.ts';
import { limitExceeded } from './limits.ts';
import { type RandomAccess, toStream } from './randomAccess.ts';

/** A file in a zip, as the central directory has it. Sizes and places are in bytes. */
export interface ZipMember {
  readonly name: string;
  readonly isEncrypted: boolean;
  /** 0: stored, 8: deflated. */
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly headerOffset: number;
}

const endLength = 22;
const maxCommentLength = 0xffff;
const maxDirectoryBytes = 4 * 1024 * 1024;

/**
 * The files of a zip, without its folders (APPNOTE.TXT 6.3.10, also zip64).
 * @throws AdpError DATA_ERROR where it is cut short, corrupt, or one part of several
 */
export async function readZipMembers(file: RandomAccess): Promise<ZipMember[]> {
  const { offset, length } = await findDirectory(file);
  if (length > maxDirectoryBytes) {
    throw limitExceeded("bytes of a zip's directory", maxDirectoryBytes);
  }
  const directory = await readAt(file, offset, length);
  const members: ZipMember[] = [];
  for (let at = 0; at < directory.length; ) {
    const nameLength = uint16(directory, at + 28);
    const extraLength = uint16(directory, at + 30);
    const extraStart = at + 46 + nameLength;
    const end = extraStart + extraLength + uint16(directory, at + 32);
    if (uint32(directory, at) !== 0x02014b50 || end > directory.length) {
      throw corrupt();
    }
    const large = zip64Fields(directory.subarray(extraStart, extraStart + extraLength));
    // In this order, and only those that don't fit (4.5.3).
    const size = orLarge(uint32(directory, at + 24), large);
    const packedSize = orLarge(uint32(directory, at + 20), large);
    const headerOffset = orLarge(uint32(directory, at + 42), large);
    const name = directory.toString('utf8', at + 46, extraStart);
    if (!name.endsWith('/')) {
      const isEncrypted = (uint16(directory, at + 8) & 1) === 1;
      const crc = uint32(directory, at + 16);
      members.push({ name, isEncrypted, method: uint16(directory, at + 10), crc, packedSize, size, headerOffset });
    }
    at = end;
  }
  return members;
}

/**
 * The unpacked bytes of a member.
 * @throws AdpError DATA_ERROR where it is encrypted, packed in a way that we don't read, cut short or corrupt; the
 * error of `limitExceeded` when it grows too much
 */
export async function* readZipMember(
  file: RandomAccess,
  member: ZipMember,
  limits: UnpackLimits,
): AsyncGenerator<Uint8Array> {
  if (member.isEncrypted) {
    throw damaged(`The member ${member.name} of the zip is encrypted; it is taken in the open only.`);
  }
  if (member.method !== 0 && member.method !== 8) {
    throw damaged(`The member ${member.name} of the zip is packed by method ${member.method}; only deflate is read.`);
  }
  const header = await readAt(file, member.headerOffset, 30);
  if (uint32(header, 0) !== 0x04034b50) {
    throw corrupt();
  }
  const start = member.headerOffset + 30 + uint16(header, 26) + uint16(header, 28);
  const packed = toStream(part(file, start, member.packedSize));
  let size = 0;
  let crc = 0;
  for await (const chunk of member.method === 0 ? packed : inflate(packed, 'zip', createInflateRaw(), limits)) {
    size += chunk.byteLength;
    if (size > limits.maxBytes) {
      throw limitExceeded('bytes', limits.maxBytes);
    }
    crc = crc32(chunk, crc);
    yield chunk;
  }
  if (size !== member.size || crc !== member.crc) {
    throw corrupt();
  }
}

/** Where the central directory is: the record at the very end says so, and points to a larger one for zip64. */
async function findDirectory(file: RandomAccess): Promise<{ offset: number; length: number }> {
  const tailLength = Math.min(file.size, endLength + maxCommentLength);
  const tailStart = file.size - tailLength;
  const tail = await readAt(file, tailStart, tailLength);
  let end = tail.length - endLength;
  while (end >= 0 && !(uint32(tail, end) === 0x06054b50 && end + endLength + uint16(tail, end + 20) === tail.length)) {
    end -= 1;
  }
  if (end < 0) {
    throw damaged('The zip ends too early: its directory, which is at the end, is missing.');
  }
  if (uint16(tail, end + 4) !== 0) {
    throw damaged('The zip is one part of several; only a whole one is taken.');
  }
  const locator = end - 20;
  if (locator < 0 || uint32(tail, locator) !== 0x07064b50) {
    return { offset: uint32(tail, end + 16), length: uint32(tail, end + 12) };
  }
  const record = await readAt(file, uint64(tail, locator + 8), 56);
  if (uint32(record, 0) !== 0x06064b50) {
    throw corrupt();
  }
  return { offset: uint64(record, 48), length: uint64(record, 40) };
}

/** The 64-bit numbers of the extra field 1 (4.5.3), first one first. */
function zip64Fields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + uint16(extra, at + 2)) {
    if (uint16(extra, at) === 1) {
      const field = extra.subarray(at + 4, at + 4 + uint16(extra, at + 2));
      return Array.from({ length: field.length >> 3 }, (_, index) => uint64(field, 8 * index));
    }
  }
  return [];
}

function orLarge(value: number, large: number[]): number {
  return value === 0xffffffff ? (large.shift() ?? value) : value;
}

async function readAt(file: RandomAccess, offset: number, length: number): Promise<Buffer> {
  if (offset + length > file.size) {
    throw corrupt();
  }
  const bytes = await file.read(offset, length);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function part(file: RandomAccess, start: number, size: number): RandomAccess {
  return { size, read: (offset, length) => readAt(file, start + offset, length) };
}

function uint16(bytes: Buffer, at: number): number {
  return at + 2 <= bytes.length ? bytes.readUInt16LE(at) : 0;
}

function uint32(bytes: Buffer, at: number): number {
  return at + 4 <= bytes.length ? bytes.readUInt32LE(at) : 0;
}

/** What is no place in any file is caught where it is read. */
function uint64(bytes: Buffer, at: number): number {
  return at + 8 <= bytes.length ? Number(bytes.readBigUInt64LE(at)) : 0;
}

function corrupt(): Error {
  return damaged('The zip is corrupt.');
}
