import { AdpError } from '../errors.ts';

const exceeded = new WeakSet<AdpError>();

/** The error for input that is larger than we take: a door answers 413 where other broken bodies are a 400. */
export function limitExceeded(what: string, limit: number): AdpError {
  const error = new AdpError('DATA_ERROR', `Too large: at most ${limit.toLocaleString('en-US')} ${what} are taken.`, {
    disposition: 'park',
  });
  exceeded.add(error);
  return error;
}

/** True for an error that `limitExceeded` made. */
export function isLimitExceeded(error: unknown): error is AdpError {
  return error instanceof AdpError && exceeded.has(error);
}

/**
 * The same bytes, until there are more than `maxBytes` of them.
 * @throws the error of `limitExceeded`, before the chunk that passes the limit is handed on
 */
export async function* limitBytes(bytes: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let total = 0;
  for await (const chunk of bytes) {
    total += chunk.byteLength;
    if (total > maxBytes) {
      throw limitExceeded('bytes', maxBytes);
    }
    yield chunk;
  }
}
