import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { ByteSink, ByteSource } from '../shared/snapshot/bytes.ts';

const opened: number[] = [];

export function openNow(path: string, flags: 'r' | 'w'): number {
  const descriptor = openSync(path, flags);
  opened.push(descriptor);
  return descriptor;
}

export function closeAll(): void {
  opened.forEach(closeSync);
}

export function source(path: string): ByteSource {
  const descriptor = openNow(path, 'r');
  return { read: (into) => readSync(descriptor, into) };
}

export function sink(path: string): ByteSink {
  const descriptor = openNow(path, 'w');
  return {
    write(bytes) {
      writeSync(descriptor, bytes);
      return undefined;
    },
  };
}

/** A file in pieces that share one memory. */
export function* pieces(path: string): Generator<Buffer> {
  const descriptor = openNow(path, 'r');
  const piece = Buffer.alloc(256 * 1024);
  for (let bytes = readSync(descriptor, piece); bytes > 0; bytes = readSync(descriptor, piece)) {
    yield piece.subarray(0, bytes);
  }
}
