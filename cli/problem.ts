import { AdpError, type ErrorCode, errorCodes } from '../shared/errors.ts';

/** Problems below this many are shown one by one. */
const shownErrors = 10;

const codes: ReadonlySet<string> = new Set(errorCodes);

/** What the hub's problem document (RFC 9457) says, as an error for people: status, code, detail and each of `errors`. */
export function problemError(request: string, status: number, body: unknown): AdpError {
  const problem = typeof body === 'object' && body !== null ? { ...body } : {};
  const title = textOf(problem, 'title');
  const detail = textOf(problem, 'detail');
  const code = textOf(problem, 'code');
  const said = [title, detail].filter((text) => text !== undefined && text !== '').join(': ');
  const head = `${request}: ${status}${code === undefined ? '' : ` ${code}`}${said === '' ? '' : `, ${said}`}`;
  const errors = 'errors' in problem && Array.isArray(problem.errors) ? problem.errors : [];
  const lines = errors.slice(0, shownErrors).map((error) => `  ${describe(error)}`);
  if (errors.length > shownErrors) lines.push(`  … and ${errors.length - shownErrors} more`);
  return new AdpError(isErrorCode(code) ? code : codeOfStatus(status), [head, ...lines].join('\n'));
}

function describe(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const where = textOf(error, 'field') ?? textOf(error, 'path');
  return [where, textOf(error, 'detail') ?? textOf(error, 'message') ?? JSON.stringify(error)]
    .filter((text) => text !== undefined && text !== '')
    .join(': ');
}

function textOf(value: object, name: string): string | undefined {
  const text: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
  return typeof text === 'string' ? text : undefined;
}

function isErrorCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && codes.has(code);
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'AUTH_FAILED';
  if (status === 409 || status === 412) return 'CONFLICT';
  if (status === 429) return 'RATE_LIMITED';
  return status >= 500 ? 'NETWORK_ERROR' : 'DATA_ERROR';
}
