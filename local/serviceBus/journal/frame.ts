import { fstatSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { AdpError } from '../../../shared/errors.ts';

/** The first bytes of the file; another layout gets another number. */
export const fileHeader = Buffer.from('ADP service bus journal 1\n', 'ascii');

const headLength = 8;

/**
 * What is committed together: the length of its content (32 bits), its CRC-32, the content. It is kept or lost whole.
 * The parts are to be written one after another: joined, all bytes would be copied once more.
 */
export function encodeFrame(content: readonly Buffer[]): Buffer[] {
  const head = Buffer.alloc(headLength);
  head.writeUInt32BE(lengthOf(content), 0);
  head.writeUInt32BE(
    content.reduce((sum, part) => crc32(part, sum), 0),
    4,
  );
  return [head, ...content];
}

export function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

/**
 * The contents of an open file's frames. A last frame that was written in part only, by a process that died meanwhile,
 * is left out: nobody was told that it is kept.
 * @throws AdpError CONFIG_ERROR if this is no journal, or if it is damaged elsewhere than at its end
 */
export function* readFrames(descriptor: number, path: string): Generator<Buffer> {
  const { size } = fstatSync(descriptor);
  const read = (at: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) done += readSync(descriptor, bytes, done, length - done, at + done);
    return bytes;
  };
  if (size < fileHeader.length || !read(0, fileHeader.length).equals(fileHeader)) {
    throw new AdpError('CONFIG_ERROR', `${path} is not a journal of this broker. Move it away to start empty.`);
  }
  for (let at = fileHeader.length; at + headLength <= size; ) {
    const head = read(at, headLength);
    const end = at + headLength + head.readUInt32BE(0);
    if (end > size) return;
    const content = read(at + headLength, head.readUInt32BE(0));
    if (crc32(content) !== head.readUInt32BE(4)) {
      if (end === size) return;
      throw new AdpError('CONFIG_ERROR', `${path} is damaged at byte ${at}. Move it away to start empty.`);
    }
    yield content;
    at = end;
  }
}
