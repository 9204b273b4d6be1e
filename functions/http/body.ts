import { AdpError } from '../../shared/errors.ts';
import { limitBytes } from '../../shared/formats/limits.ts';
import { fail } from './problem.ts';

const maxJsonBytes = 1_000_000;
const maxDepth = 64;

/** `text/csv; charset=utf-8` as `text/csv`; `undefined` where there is none. */
export function mediaTypeOf(contentType: string | null): string | undefined {
  const essence = contentType?.split(';')[0]?.trim().toLowerCase();
  return essence === '' ? undefined : essence;
}

/**
 * A JSON body of at most 1 MB; `undefined` for an empty one.
 * @throws a problem: 415 for another type or an encoding, 413 for a larger body, 400 for what isn't JSON
 */
export async function readJson(bytes: AsyncIterable<Uint8Array>, headers: Headers): Promise<unknown> {
  const mediaType = mediaTypeOf(headers.get('content-type'));
  if (mediaType !== undefined && mediaType !== 'application/json' && !mediaType.endsWith('+json')) {
    fail(415, 'DATA_ERROR', 'The body must be application/json.', {}, { accept: 'application/json' });
  }
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') {
    fail(415, 'DATA_ERROR', 'The body must not be compressed here.', {}, { 'accept-encoding': 'identity' });
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of limitBytes(bytes, maxJsonBytes)) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (body.length === 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw new AdpError('DATA_ERROR', 'The body is not valid JSON in UTF-8.', { disposition: 'park', cause: error });
  }
  if (isDeeperThan(value, maxDepth)) fail(400, 'DATA_ERROR', `The body is nested more than ${maxDepth} levels deep.`);
  return value;
}

/** By levels and not by recursion: the value is a stranger's. */
function isDeeperThan(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
}
