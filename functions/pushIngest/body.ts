import { createHash } from 'node:crypto';
import { gunzip } from '../../shared/formats/gunzip.ts';
import { limitBytes } from '../../shared/formats/limits.ts';
import { fail } from '../http/problem.ts';

/** contract.md: a body is at most 32 MiB, raw and unpacked. */
export const maxBodyBytes = 32 * 1024 * 1024;

/** A body as it was sent, with its SHA-256. */
export interface Body {
  readonly chunks: readonly Uint8Array[];
  readonly hash: string;
}

/** Reads a body to its end. @throws 415 for an encoding that isn't gzip, 413 for more than 32 MiB */
export async function readBody(bytes: AsyncIterable<Uint8Array>, headers: Headers): Promise<Body> {
  const encoding = encodingOf(headers);
  if (encoding !== 'identity' && encoding !== 'gzip') {
    fail(415, 'DATA_ERROR', 'Content-Encoding may be gzip.', {}, { 'accept-encoding': 'gzip, identity' });
  }
  const hash = createHash('sha256').update(encoding);
  const chunks: Uint8Array[] = [];
  for await (const chunk of limitBytes(bytes, maxBodyBytes)) {
    hash.update(chunk);
    chunks.push(chunk);
  }
  return { chunks, hash: hash.digest('hex') };
}

/** The body's content, unpacked. */
export function unpack({ chunks }: Body, headers: Headers): AsyncIterable<Uint8Array> {
  return encodingOf(headers) === 'gzip' ? gunzip(each(chunks), { maxBytes: maxBodyBytes }) : each(chunks);
}

function encodingOf(headers: Headers): string {
  return headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
