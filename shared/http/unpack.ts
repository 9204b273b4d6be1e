import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { AdpError } from '../errors.ts';

const mebibyte = 1024 * 1024;

export const acceptEncoding = 'gzip, br';

/**
 * A body as its content coding (RFC 9110, section 8.4.1) unpacks to, at most `maxBytes` of it.
 * @throws AdpError CONFIG_ERROR (park) where there is more, or the coding is none that we asked for; NETWORK_ERROR (retry)
 * where it is cut short or damaged
 */
export async function* unpack(
  body: AsyncIterable<Uint8Array>,
  coding: string,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of decoded(body, coding.trim().toLowerCase())) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

function tooLarge(maxBytes: number): AdpError {
  const limit = maxBytes < mebibyte ? `${Math.ceil(maxBytes / 1024)} KB` : `${Math.round(maxBytes / mebibyte)} MB`;
  const remedy = 'ask for smaller pages, or let the data be dropped as a file';
  return new AdpError('CONFIG_ERROR', `The answer is larger than ${limit}: ${remedy}.`);
}

function decoded(body: AsyncIterable<Uint8Array>, coding: string): AsyncIterable<Uint8Array> {
  switch (coding) {
    case '':
    case 'identity':
      return body;
    case 'gzip':
    case 'x-gzip':
      return through(body, () => createGunzip());
    case 'br':
      return through(body, () => createBrotliDecompress());
    case 'deflate':
      return through(body, inflaterFor);
    default:
      throw new AdpError(
        'CONFIG_ERROR',
        'The answer is packed in a way that nobody asked for (content-encoding): have the API send it as it is, or by gzip.',
      );
  }
}

/** `deflate` means zlib (RFC 1950); some servers leave its header out. */
function inflaterFor(start: Uint8Array): Transform {
  return ((start[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
}

/** @param open by the body's first bytes. A body without any is empty, whatever is said of its coding */
async function* through(
  body: AsyncIterable<Uint8Array>,
  open: (start: Uint8Array) => Transform,
): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  let { value: first, done } = await chunks.next();
  while (done !== true && first.byteLength === 0) ({ value: first, done } = await chunks.next());
  if (done === true) return;
  const start: Uint8Array = first;
  async function* whole() {
    yield start;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  const unpacker = open(start);
  const source = Readable.from(whole(), { objectMode: true });
  let failure: unknown;
  // Whose error it was decides what is said of it: the connection's, or the packed data's.
  source.once('error', (error) => {
    failure ??= error;
  });
  // The outcome is seen by whoever reads; the callback only keeps the error from being uncaught.
  pipeline(source, unpacker, () => {});
  try {
    yield* unpacker as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (failure !== undefined) throw failure;
    if (!isZlibError(error)) throw error;
    throw new AdpError('NETWORK_ERROR', 'The answer arrived cut short or damaged: it could not be unpacked.');
  } finally {
    source.destroy();
    unpacker.destroy();
  }
}

/** Z_BUF_ERROR, ERR__ERROR_FORMAT_PADDING_1 (Brotli). */
function isZlibError(error: unknown): boolean {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^(?:Z_|ERR_+(?:ERROR_FORMAT|BROTLI|ZLIB|FORMAT))/.test(code);
}
