import { createReadStream } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { AdpError } from '../../shared/errors.ts';
import { gunzip } from '../../shared/formats/gunzip.ts';

/** Large pieces: the CSV splitter looks at what is left of the last one again. */
const pieceBytes = 256 * 1024;

export function openFile(file: string): AsyncIterable<Uint8Array> {
  return createReadStream(file, { highWaterMark: pieceBytes });
}

/**
 * Bytes as text, in pieces, unpacked where they are gzipped; a byte order mark is dropped.
 *
 * @param name for the errors
 * @throws AdpError DATA_ERROR where it is not UTF-8, or not whole gzip
 */
export async function* readText(bytes: AsyncIterable<Uint8Array>, gzip: boolean, name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const chunk of gzip ? gunzip(bytes, { maxBytes: Number.POSITIVE_INFINITY }) : bytes) {
      const text = decoder.decode(chunk, { stream: true });
      if (text !== '') yield text;
    }
    const rest = decoder.decode();
    if (rest !== '') yield rest;
  } catch (error) {
    throw readError(error, name);
  }
}

function readError(error: unknown, name: string): unknown {
  if (!isNativeError(error)) return error;
  const code = 'code' in error ? error.code : undefined;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return new AdpError('DATA_ERROR', `${name} is not UTF-8: convert it first (iconv -f … -t UTF-8)`, { cause: error });
  }
  if (code === 'ENOENT') return new AdpError('CONFIG_ERROR', `there is no file ${name}`, { cause: error });
  return new AdpError('DATA_ERROR', `${name}: ${error.message}`, { cause: error });
}
