import { isUtf8 } from 'node:buffer';
import { damaged } from './damage.ts';

/** @throws AdpError DATA_ERROR for bytes that are no UTF-8: a file that says it is text must be */
export function textOfBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(buffer)) {
    throw damaged('A text is not valid UTF-8.');
  }
  return buffer.toString();
}

/** Bytes of which nothing is said: text where they can be, as old writers mean it, else base64. */
export function textOrBase64(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString(isUtf8(buffer) ? 'utf8' : 'base64');
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
