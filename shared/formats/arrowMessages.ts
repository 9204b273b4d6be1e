import { Message } from 'apache-arrow';
import { checkArrowMetadata } from './arrowMetadata.ts';
import { ByteQueue } from './byteQueue.ts';
import { damaged } from './damage.ts';
import { limitExceeded } from './limits.ts';

const maxMetadataBytes = 64 * 1024 * 1024;
const maxBodyBytes = 512 * 1024 * 1024;
const magic = 'ARROW1';
const continuation = 0xffffffff;

/**
 * The messages of an IPC stream or file, each whole (Arrow columnar format, "Encapsulated message format"): the library
 * takes a stream that was cut short for one that has ended, and trusts every length.
 *
 * @throws AdpError DATA_ERROR where it is cut short, too old, or followed by something else; the error of
 * `limitExceeded` for a message that is too long
 */
export async function* arrowMessages(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const queue = new ByteQueue(bytes);
  try {
    let prefix = await queue.take(8);
    const start = prefix.toString('latin1', 0, magic.length);
    if (start.startsWith('FEA1')) {
      throw damaged('The file is Feather version 1, which is not read: write it as version 2, which is Arrow.');
    }
    const isFile = start === magic;
    if (isFile) {
      prefix = await queue.take(8);
    }
    for (let isFirst = true; !isEnd(prefix); isFirst = false) {
      yield await readMessage(queue, prefix, isFirst);
      prefix = await queue.take(8);
    }
    yield prefix;
    const rest = await queue.take(isFile ? maxMetadataBytes : 1);
    if (isFile ? rest.toString('latin1', rest.length - magic.length) !== magic : rest.length > 0) {
      throw damaged(
        isFile ? 'The Arrow file ends too early: its footer is missing.' : 'The Arrow stream goes on behind its end.',
      );
    }
  } finally {
    await queue.close();
  }
}

function isEnd(prefix: Buffer): boolean {
  return prefix.length === 8 && prefix.readUInt32LE(0) === continuation && prefix.readUInt32LE(4) === 0;
}

async function readMessage(queue: ByteQueue, prefix: Buffer, isFirst: boolean): Promise<Uint8Array> {
  if (prefix.length < 8) {
    throw endsTooEarly();
  }
  if (prefix.readUInt32LE(0) !== continuation) {
    throw damaged('The Arrow data are corrupt, or older than Arrow 0.15, which is not read.');
  }
  const metadataLength = prefix.readUInt32LE(4);
  if (metadataLength > maxMetadataBytes) {
    throw limitExceeded("bytes of an Arrow message's metadata", maxMetadataBytes);
  }
  const metadata = await queue.take(metadataLength);
  if (metadata.length < metadataLength) {
    throw endsTooEarly();
  }
  checkArrowMetadata(metadata);
  const message = Message.decode(metadata);
  if (isFirst && !message.isSchema()) {
    // The footer repeats the schema; Arrow for JavaScript writes it only there, against the specification.
    throw damaged('The Arrow file does not begin with its schema; write it as a stream.');
  }
  const { bodyLength } = message;
  if (!(bodyLength >= 0 && bodyLength <= maxBodyBytes)) {
    throw limitExceeded('bytes of an Arrow batch', maxBodyBytes);
  }
  const body = await queue.take(bodyLength);
  if (body.length < bodyLength) {
    throw endsTooEarly();
  }
  return Buffer.concat([prefix, metadata, body]);
}

function endsTooEarly(): Error {
  return damaged('The Arrow data end too early.');
}
