import { hash } from 'node:crypto';
import type { Hash64 } from './kernel/kernel.ts';

/** The first 64 bits of a SHA-256, as of a record's `content_hash`. */
export function fromHex(hex: string): Hash64 {
  return { high: Number.parseInt(hex.slice(0, 8), 16), low: Number.parseInt(hex.slice(8, 16), 16) };
}

export function fromBytes(bytes: Buffer): Hash64 {
  return { low: bytes.readUInt32LE(0), high: bytes.readUInt32LE(4) };
}

export function toBytes({ low, high }: Hash64): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(low, 0);
  bytes.writeUInt32LE(high, 4);
  return bytes;
}

export function toHex({ low, high }: Hash64): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}

/** 64 bits of SHA-256 of a text or bytes. */
export function hashText(text: string | Buffer): Hash64 {
  return fromHex(hash('sha256', text, 'hex'));
}
