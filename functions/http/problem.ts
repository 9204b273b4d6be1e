import { STATUS_CODES } from 'node:http';
import { faultsOf } from '../../shared/check.ts';
import { AdpError, type ErrorCode } from '../../shared/errors.ts';
import { isLimitExceeded } from '../../shared/formats/limits.ts';
import type { ApiResponse } from './response.ts';

/** Members of a problem document beyond those that every one has (RFC 9457, "extension members"). */
export type ProblemMembers = Readonly<Record<string, unknown>>;

interface Answer {
  readonly status: number;
  readonly members: ProblemMembers;
  readonly headers: Readonly<Record<string, string>>;
}

const answers = new WeakMap<AdpError, Answer>();

/** Ends the request with a problem document of that status. */
export function fail(
  status: number,
  code: ErrorCode,
  detail: string,
  members: ProblemMembers = {},
  headers: Readonly<Record<string, string>> = {},
): never {
  const error = new AdpError(code, detail);
  answers.set(error, { status, members, headers });
  throw error;
}

const statusOfCode: Readonly<Record<ErrorCode, number>> = {
  AUTH_FAILED: 401,
  RATE_LIMITED: 429,
  NETWORK_ERROR: 503,
  DATA_ERROR: 400,
  MAPPING_ERROR: 400,
  CONFIG_ERROR: 400,
  CONFLICT: 409,
  INTERNAL: 500,
};

const defaultRetryAfterMs = 2_000;

/**
 * The problem document (RFC 9457) for whatever was thrown. What isn't an AdpError, or is a bug, becomes a 500 that says
 * nothing but where to look: `requestId` is in the log.
 * `instance` is the path that was asked for; `type` is `about:blank`, since `code` says what kind of problem it is.
 */
export function toProblem(error: unknown, instance: string, requestId: string): ApiResponse {
  const { status, code, detail, members, headers } = judge(error);
  return {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
    body: {
      type: 'about:blank',
      title: STATUS_CODES[status] ?? 'Error',
      status,
      detail,
      instance,
      code,
      request_id: requestId,
      ...members,
    },
  };
}

function judge(error: unknown): Answer & { readonly code: ErrorCode; readonly detail: string } {
  if (!(error instanceof AdpError) || error.disposition === 'fatal') {
    return {
      status: 500,
      code: 'INTERNAL',
      detail: 'Something went wrong on our side. Try again later, and name the request_id if it stays.',
      members: {},
      headers: {},
    };
  }
  const { code, message: detail } = error;
  const answer = answers.get(error);
  if (answer !== undefined) return { ...answer, code, detail };
  const status = isLimitExceeded(error) ? 413 : statusOfCode[code];
  const faults = faultsOf(error);
  return {
    status,
    code,
    detail,
    members: faults.length === 0 ? {} : { errors: faults },
    headers: headersFor(status, error.retryAfterMs),
  };
}

function headersFor(status: number, retryAfterMs: number | undefined): Readonly<Record<string, string>> {
  if (status === 401) return { 'www-authenticate': 'Bearer realm="adp"' };
  if (status === 429 || status === 503) return { 'retry-after': retryAfterText(retryAfterMs ?? defaultRetryAfterMs) };
  return {};
}

/** Whole seconds, at least one (RFC 9110, 10.2.3). */
export function retryAfterText(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1_000)));
}
