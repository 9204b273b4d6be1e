import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
  /** Default: deflated. */
  readonly isStored?: boolean;
  readonly isEncrypted?: boolean;
  /** What the directory says instead of the truth. */
  readonly size?: number;
  readonly crc?: number;
  readonly method?: number;
}

export interface ZipShape {
  /** Writes sizes and places as zip64 does, however small they are. */
  readonly isZip64?: boolean;
  readonly comment?: string;
  /** As archivers do that write to a pipe: sizes follow the data. */
  readonly hasDescriptors?: boolean;
}

/** A zip of these files (APPNOTE.TXT 6.3.10). */
export function zipOf(entries: readonly ZipEntry[], shape: ZipShape = {}): Buffer {
  const { isZip64 = false, comment = '', hasDescriptors = false } = shape;
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { data, isStored = false } = entry;
    const packed = isStored ? Buffer.from(data) : deflateRawSync(data);
    const name = Buffer.from(entry.name);
    const flags = (entry.isEncrypted ? 1 : 0) | (hasDescriptors ? 8 : 0);
    const method = entry.method ?? (isStored ? 0 : 8);
    const crc = entry.crc ?? crc32(data);
    const size = entry.size ?? data.length;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(flags, 6);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    if (!hasDescriptors) {
      local.writeUInt32LE(crc, 14);
      local.writeUInt32LE(packed.length, 18);
      local.writeUInt32LE(size, 22);
    }
    const descriptor = Buffer.alloc(hasDescriptors ? 16 : 0, 7);
    files.push(local, name, packed, descriptor);
    const extra = Buffer.alloc(isZip64 ? 28 : 0);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(crc, 16);
    central.writeUInt32LE(isZip64 ? 0xffffffff : packed.length, 20);
    central.writeUInt32LE(isZip64 ? 0xffffffff : size, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt16LE(extra.length, 30);
    central.writeUInt32LE(isZip64 ? 0xffffffff : offset, 42);
    if (isZip64) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      extra.writeBigUInt64LE(BigInt(size), 4);
      extra.writeBigUInt64LE(BigInt(packed.length), 12);
      extra.writeBigUInt64LE(BigInt(offset), 20);
    }
    directory.push(central, name, extra);
    offset += local.length + name.length + packed.length + descriptor.length;
  }
  const directoryBytes = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(isZip64 ? 0xffffffff : directoryBytes.length, 12);
  end.writeUInt32LE(isZip64 ? 0xffffffff : offset, 16);
  end.writeUInt16LE(comment.length, 20);
  const large = isZip64 ? zip64End(offset, directoryBytes.length, entries.length) : Buffer.alloc(0);
  return Buffer.concat([...files, directoryBytes, large, end, Buffer.from(comment)]);
}

function zip64End(offset: number, length: number, count: number): Buffer {
  const bytes = Buffer.alloc(56 + 20);
  bytes.writeUInt32LE(0x06064b50, 0);
  bytes.writeBigUInt64LE(44n, 4);
  bytes.writeBigUInt64LE(BigInt(count), 32);
  bytes.writeBigUInt64LE(BigInt(length), 40);
  bytes.writeBigUInt64LE(BigInt(offset), 48);
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeBigUInt64LE(BigInt(offset + length), 64);
  bytes.writeUInt32LE(1, 72);
  return bytes;
}
