import type { Json } from './json.ts';
import { parseJson } from './json.ts';
import { Refusal } from './refusal.ts';

/** One request, read whole. */
export interface Call {
  readonly method: string;
  /** The path's segments, decoded: `['dbs', 'adp', 'colls', 'records']`. */
  readonly path: readonly string[];
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** One response. `body` is JSON text: documents travel from SQLite to the wire without being parsed. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function answer(status: number, body: Json, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: JSON.stringify(body) };
}

/** The body as JSON. Throws a 400. */
export function bodyOf(call: Call): Json {
  try {
    return parseJson(call.body);
  } catch {
    throw new Refusal(400, 'The request body is not valid JSON.');
  }
}

/** True where a header says `true`, in any case: the SDK sends both `true` and `True`. */
export function says(call: Call, header: string): boolean {
  return call.headers[header]?.toLowerCase() === 'true';
}
