import { createGunzip } from 'node:zlib';
import { inflate, type UnpackLimits } from './inflate.ts';

/**
 * The unpacked bytes of a gzip stream (RFC 1952; several members one after another are one stream).
 *
 * @throws AdpError DATA_ERROR when it is cut short, corrupt, or followed by something else; the error of
 * `limitExceeded` when it grows too much; an error of `bytes` itself passes through unchanged
 */
export function gunzip(bytes: AsyncIterable<Uint8Array>, limits: UnpackLimits): AsyncGenerator<Uint8Array> {
  return inflate(bytes, 'gzip', createGunzip(), limits);
}
