import type { HttpResponseInit } from '@azure/functions';

/** What a route answers. Bodies are JSON; a status without one has none. */
export interface ApiResponse {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Headers that every answer carries: what we hold changes, and belongs to one caller. */
export function toHttpResponse({ status, body, headers = {} }: ApiResponse, requestId: string): HttpResponseInit {
  const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': requestId };
  if (body === undefined) return { status, headers: { ...always, ...headers } };
  return {
    status,
    headers: { ...always, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
