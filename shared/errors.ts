/**
 * What went wrong, in the words that dealers and operators see (`code` of a problem document, a run's error, a
 * quarantined row).
 */
export const errorCodes = [
  'AUTH_FAILED',
  'RATE_LIMITED',
  'NETWORK_ERROR',
  'DATA_ERROR',
  'MAPPING_ERROR',
  'CONFIG_ERROR',
  'CONFLICT',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/**
 * What to do about it.
 * - `retry`: transient; the same call may succeed, perhaps after `retryAfterMs`
 * - `park`: needs a person (credentials, mapping, configuration)
 * - `skip`: this row only
 * - `fatal`: a bug or a broken promise
 */
export type Disposition = 'retry' | 'park' | 'skip' | 'fatal';

const usualDisposition: Record<ErrorCode, Disposition> = {
  AUTH_FAILED: 'park',
  RATE_LIMITED: 'retry',
  NETWORK_ERROR: 'retry',
  DATA_ERROR: 'skip',
  MAPPING_ERROR: 'park',
  CONFIG_ERROR: 'park',
  CONFLICT: 'retry',
  INTERNAL: 'fatal',
};

export interface ErrorOptions {
  /** Default: the usual one of the code. */
  readonly disposition?: Disposition;
  /** Milliseconds to wait before the next try, where the other side said so. */
  readonly retryAfterMs?: number;
  /** The error underneath. It is logged, never shown to a client: it may hold what a client must not see. */
  readonly cause?: unknown;
}

/** The one error class of the hub. `message` is for people, says what to do, and never holds a secret. */
export class AdpError extends Error {
  override readonly name = 'AdpError';
  readonly code: ErrorCode;
  readonly disposition: Disposition;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.disposition = options.disposition ?? usualDisposition[code];
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Shorter texts are no secrets, and would tear holes into every word. */
const shortestSecret = 3;

/** A text as a message may hold it: in place of each secret, however it is written, it has `***`. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(({ length }) => length >= shortestSecret)
    .flatMap(formsOf)
    .sort((a, b) => b.length - a.length)
    .reduce((clean, form) => clean.replaceAll(form, '***'), text);
}

/** As it is, in a URL, in a form, in JSON, in a header. */
function formsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    new URLSearchParams({ '': secret }).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ];
}

/** True for an error that the same call may get over, now or later. */
export function isRetryable(error: unknown): error is AdpError {
  return error instanceof AdpError && error.disposition === 'retry';
}

/** True where another writer was first: what is there now decides. */
export function isConflict(error: unknown): error is AdpError {
  return error instanceof AdpError && error.code === 'CONFLICT';
}
