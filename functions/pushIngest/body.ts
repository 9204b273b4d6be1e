import { createHash } from 'node:crypto';
import { type Encoding, encodings, encodingOf as textEncodingOf } from '../../shared/formats/encoding.ts';
import { gunzip } from '../../shared/formats/gunzip.ts';
import { limitBytes } from '../../shared/formats/limits.ts';
import { fail } from '../http/problem.ts';

/** contract.md: a body is at most 32 MiB, raw and unpacked. */
export const maxBodyBytes = 32 * 1024 * 1024;

/** A body as it was sent. */
export type Body = readonly Uint8Array[];

/** Reads a body to its end. @throws 415 for an encoding that isn't gzip, 413 for more than 32 MiB */
export async function readBody(bytes: AsyncIterable<Uint8Array>, headers: Headers): Promise<Body> {
  const encoding = encodingOf(headers);
  if (encoding !== 'identity' && encoding !== 'gzip') {
    fail(415, 'DATA_ERROR', 'Content-Encoding may be gzip.', {}, { 'accept-encoding': 'gzip, identity' });
  }
  return await Array.fromAsync(limitBytes(bytes, maxBodyBytes));
}

/**
 * The encoding that the Content-Type's `charset` names, before what the source says; a byte order mark still decides.
 * @throws 415 for one that isn't read
 */
export function charsetOf(headers: Headers): { readonly encoding?: Encoding } {
  const charset = /;\s*charset\s*=\s*("?)([^";\s]+)\1/i.exec(headers.get('content-type') ?? '')?.[2];
  if (charset === undefined) return {};
  const encoding = textEncodingOf(charset);
  return encoding === undefined
    ? fail(415, 'DATA_ERROR', `The charset ${charset} is not read; take UTF-8, or one of ${encodings.join(', ')}.`)
    : { encoding };
}

/** SHA-256 of a body and its encoding: what tells whether the same is sent again. */
export function hashOf(body: Body, headers: Headers): string {
  const hash = createHash('sha256').update(encodingOf(headers));
  for (const chunk of body) hash.update(chunk);
  return hash.digest('hex');
}

/** The body's content, unpacked. */
export function unpack(body: Body, headers: Headers): AsyncIterable<Uint8Array> {
  return encodingOf(headers) === 'gzip' ? gunzip(each(body), { maxBytes: maxBodyBytes }) : each(body);
}

function encodingOf(headers: Headers): string {
  return headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity';
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
