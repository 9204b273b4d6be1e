/** What a route answers. Bodies are JSON; a status without one has none. */
export interface ApiResponse {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the host sends. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** Headers that every answer carries: what we hold changes, and belongs to one caller. */
export function toHttpAnswer({ status, body, headers = {} }: ApiResponse, requestId: string): HttpAnswer {
  const always = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': requestId };
  if (body === undefined) return { status, headers: { ...always, ...headers } };
  return {
    status,
    headers: { ...always, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
