import { hash } from 'node:crypto';
import { fail } from '../http/problem.ts';

/** A configuration's ETag as HTTP shows it: quoted, and opaque, so that nobody reads the store's own into it. */
export function toEtag(stored: string): string {
  return `"${hash('sha256', stored, 'base64url').slice(0, 22)}"`;
}

/**
 * The stored ETag that a write must still find, by the request's If-Match (RFC 9110, 13.1.1); `undefined` without one.
 * @throws a 412 problem where what is there isn't what the caller has seen
 */
export function expectedEtag(ifMatch: string | null, stored: string | undefined): string | undefined {
  if (ifMatch === null) return undefined;
  const wanted = ifMatch.split(',').map((tag) => tag.trim());
  if (stored !== undefined && (wanted.includes('*') || wanted.includes(toEtag(stored)))) return stored;
  return fail(412, 'CONFLICT', 'If-Match names another state than what is there now: read it again and decide.');
}

/** For OpenAPI. */
export const ifMatchHeader = { 'If-Match': 'The ETag that must still be there, or `*` for any. Otherwise 412.' };
