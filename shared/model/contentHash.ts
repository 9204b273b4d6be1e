import { hash } from 'node:crypto';
import { canonicalJson } from './canonicalJson.ts';
import type { JsonObject } from './json.ts';

/**
 * The `content_hash` of a record's data: SHA-256 in hex of its RFC 8785 form. Equal data have equal hashes, whatever the
 * order of their keys.
 * @throws AdpError DATA_ERROR (skip) for text that is not well-formed; the mapper has refused such rows
 */
export function contentHash(data: JsonObject): string {
  return hash('sha256', canonicalJson(data), 'hex');
}
