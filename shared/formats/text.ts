import { type Encoding, toEncoding } from './encoding.ts';
import { createDecoder, markedEncoding, type TextBlockDecoder } from './textDecoder.ts';

const blockBytes = 64 * 1024;

export interface TextOptions {
  /** A name of `encodings`; a byte order mark overrides it. Default: what the text declares, or UTF-8. */
  readonly encoding?: string | undefined;
  /** The encoding that the text itself declares, by its first bytes, where its format can. */
  readonly declared?: (start: Uint8Array) => Encoding | undefined;
  /** Called before the first text, also where there is none. */
  readonly onEncoding?: (encoding: Encoding) => void;
}

/**
 * Text in blocks of about 64 KiB, whatever the size of the chunks was: what a reader sees depends on the bytes alone.
 * A byte order mark is dropped.
 *
 * @throws AdpError DATA_ERROR with the position (from 0) of the first byte that is not valid; CONFIG_ERROR for an
 * encoding that is not known
 */
export async function* decodeText(bytes: AsyncIterable<Uint8Array>, options: TextOptions = {}): AsyncGenerator<string> {
  for await (const { decoder, block, isLast } of decodings(bytes, options)) {
    yield decoder.decode(block, isLast);
  }
}

/** As `decodeText`, but as UTF-8. The memory of what is given is used again for the next block. */
export async function* decodeUtf8(bytes: AsyncIterable<Uint8Array>, options: TextOptions = {}): AsyncGenerator<Buffer> {
  for await (const { decoder, block, isLast } of decodings(bytes, options)) {
    yield decoder.toUtf8(block, isLast);
  }
}

async function* decodings(bytes: AsyncIterable<Uint8Array>, { encoding, declared, onEncoding }: TextOptions) {
  const asked = encoding === undefined ? undefined : toEncoding(encoding);
  let decoder: TextBlockDecoder | undefined;
  for await (const block of blocks(bytes)) {
    if (!decoder) {
      const taken = markedEncoding(block) ?? asked ?? declared?.(block) ?? 'utf-8';
      decoder = createDecoder(taken);
      onEncoding?.(taken);
    }
    yield { decoder, block, isLast: false };
  }
  if (decoder) {
    yield { decoder, block: new Uint8Array(0), isLast: true };
  } else {
    onEncoding?.(asked ?? 'utf-8');
  }
}

async function* blocks(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const block = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  for await (const chunk of bytes) {
    let taken = 0;
    while (taken < chunk.byteLength) {
      if (filled === 0 && chunk.byteLength - taken >= blockBytes) {
        yield chunk.subarray(taken, taken + blockBytes);
        taken += blockBytes;
        continue;
      }
      const part = chunk.subarray(taken, taken + blockBytes - filled);
      block.set(part, filled);
      filled += part.byteLength;
      taken += part.byteLength;
      if (filled === blockBytes) {
        yield block;
        filled = 0;
      }
    }
  }
  if (filled > 0) {
    yield block.subarray(0, filled);
  }
}
