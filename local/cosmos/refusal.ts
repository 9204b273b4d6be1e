/** What the service answers instead of doing what it was asked. It becomes the response's status, headers and body. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** `x-ms-substatus`, where clients look at it. */
  readonly substatus: number | undefined;
  /** `x-ms-retry-after-ms`, with 429. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, message: string, more: { substatus?: number; retryAfterMs?: number } = {}) {
    super(message);
    this.status = status;
    this.substatus = more.substatus;
    this.retryAfterMs = more.retryAfterMs;
  }
}

/** For what Azure can do and this server can't: loud, so that nobody relies on it by accident. */
export function unsupported(what: string): Refusal {
  return new Refusal(400, `Not supported by the local Cosmos DB: ${what}`);
}

/** The `code` of an error's body, by status. */
export function codeOf(status: number): string {
  return codes[status] ?? 'InternalServerError';
}

const codes: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  412: 'PreconditionFailed',
  413: 'RequestEntityTooLarge',
  424: 'FailedDependency',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
};
