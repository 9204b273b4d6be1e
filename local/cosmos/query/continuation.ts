import { isArray, isObject, parseJson } from '../json.ts';
import { Refusal } from '../refusal.ts';
import type { Place } from './sorting.ts';

/** Where a query goes on. */
export interface Continuation {
  /** The last row that was delivered. */
  readonly place: Place;
  /** How many rows TOP or LIMIT still allows. */
  readonly left: number | undefined;
}

export function toToken({ place, left }: Continuation): string {
  return Buffer.from(JSON.stringify({ place, left })).toString('base64');
}

/** @throws Refusal 400 where the token isn't one of a query with so many sort terms */
export function fromToken(token: string, terms: number): Continuation {
  const malformed = new Refusal(400, 'The continuation token is malformed, or of another query.');
  try {
    const value = parseJson(Buffer.from(token, 'base64').toString());
    if (!isObject(value) || !isArray(value.place) || value.place.length !== terms) throw malformed;
    const left = typeof value.left === 'number' ? value.left : undefined;
    return { place: value.place.map(asPlaceValue), left };
  } catch {
    throw malformed;
  }
}

function asPlaceValue(value: unknown): string | number | null {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  throw new TypeError('Not a value of a place.');
}
