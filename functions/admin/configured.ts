import { AdpError } from '../../shared/errors.ts';
import type { Kept, Saved } from '../../shared/sources/configurations.ts';
import { fail } from '../http/problem.ts';
import type { ApiResponse } from '../http/response.ts';
import { expectedEtag, toEtag } from './etag.ts';

/** Shows a configuration as it was put. @throws a 404 problem */
export function showKept<T>(kept: Kept<T> | undefined, kind: string): ApiResponse {
  if (kept === undefined) return fail(404, 'DATA_ERROR', `There is no such ${kind}.`);
  return { status: 200, headers: { etag: toEtag(kept.etag) }, body: kept.value };
}

/**
 * Saves a configuration under the request's If-Match: 201 or 200 with what was saved.
 * @param read what is there now; asked only if there is an If-Match
 */
export async function saveKept(
  headers: Headers,
  body: unknown,
  read: () => Promise<Kept<unknown> | undefined>,
  save: (etag: string | undefined) => Promise<Saved>,
): Promise<ApiResponse> {
  const ifMatch = headers.get('if-match');
  const expected = expectedEtag(ifMatch, ifMatch === null ? undefined : (await read())?.etag);
  const { created, etag } = await stale(expected, () => save(expected));
  return { status: created ? 201 : 200, headers: { etag: toEtag(etag) }, body };
}

/** Removes a configuration that is there, under the request's If-Match. @throws a 404 problem */
export async function removeKept<T>(
  headers: Headers,
  kept: Kept<T> | undefined,
  kind: string,
  remove: (kept: Kept<T>, etag: string | undefined) => Promise<void>,
): Promise<ApiResponse> {
  if (kept === undefined) return fail(404, 'DATA_ERROR', `There is no such ${kind}.`);
  const expected = expectedEtag(headers.get('if-match'), kept.etag);
  await stale(expected, () => remove(kept, expected));
  return { status: 204 };
}

/** Somebody was in between: with an If-Match that is a stale one, without it a conflict like any other. */
async function stale<T>(expected: string | undefined, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const isRace = error instanceof AdpError && error.code === 'CONFLICT' && error.disposition === 'retry';
    if (expected !== undefined && isRace) return fail(412, 'CONFLICT', error.message);
    throw error;
  }
}
