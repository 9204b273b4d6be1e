import type { JSONSchema } from 'json-schema-to-ts';
import { checkText } from '../../shared/check.ts';
import { openContinuation, sealContinuation } from './continuation.ts';
import type { ApiResponse } from './response.ts';

/** contract.md: lists answer 100 items, at most 1,000. */
export const limitSchema = {
  type: 'integer',
  minimum: 1,
  maximum: 1_000,
  default: 100,
  description: 'How many items at most.',
} as const;

export const continuationSchema = {
  type: 'string',
  maxLength: 16_384,
  description: 'Where to go on: the `continuation` of the last answer. Opaque.',
} as const;

export const defaultLimit = 100;

/** The query of a list that has no filters. */
export const listQuery = checkText({
  type: 'object',
  additionalProperties: false,
  properties: { limit: limitSchema, continuation: continuationSchema },
} as const);

/** The schema of a list's answer. */
export function pageSchema(title: string, items: JSONSchema): JSONSchema {
  return {
    title,
    type: 'object',
    required: ['items'],
    properties: {
      items: { type: 'array', items },
      continuation: { type: 'string', description: 'Where to go on; absent at the end. Opaque.' },
    },
  };
}

/** A list's answer: its items and, unless they were the last, where to go on, as a member and as a link (RFC 8288). */
export function pageAnswer(items: readonly unknown[], continuation: string | undefined, url: URL): ApiResponse {
  if (continuation === undefined) return { status: 200, body: { items } };
  const next = new URL(url);
  next.searchParams.set('continuation', continuation);
  return {
    status: 200,
    headers: { link: `<${next.pathname}${next.search}>; rel="next"` },
    body: { items, continuation },
  };
}

/** One page of what is listed in the order of its ids. @throws a 400 problem for a continuation that isn't one of ours */
export async function pageOf<Item>(
  { limit = defaultLimit, continuation }: { readonly limit?: number; readonly continuation?: string },
  url: URL,
  list: (range: { readonly from?: string }) => AsyncIterable<Item>,
  { idOf, show }: { readonly idOf: (item: Item) => string; readonly show: (item: Item) => unknown },
): Promise<ApiResponse> {
  const range = continuation === undefined ? {} : { from: openContinuation(url, continuation) };
  const items: unknown[] = [];
  for await (const item of list(range)) {
    if (items.length === limit) return pageAnswer(items, sealContinuation(url, idOf(item)), url);
    items.push(show(item));
  }
  return pageAnswer(items, undefined, url);
}
