import { AdpError } from '../errors.ts';
import { placeOf } from './failure.ts';

/** A request without its credential. */
export interface Unauthorized {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const redirects = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return redirects.has(status);
}

/**
 * The request that a redirect asks for (RFC 9110, section 15.4): 303 turns a POST into a GET, as do 301 and 302 with
 * everyone.
 * @throws AdpError CONFIG_ERROR where it leads nowhere or from https to http
 */
export function redirected(request: Unauthorized, status: number, location: string | null): Unauthorized {
  const { url: from } = request;
  const place = placeOf(from);
  if (location === null || !URL.canParse(location, from.href)) {
    throw new AdpError('CONFIG_ERROR', `${place} answers ${status} without saying where to go: check the path.`);
  }
  const url = new URL(location, from);
  if (url.protocol !== 'https:' && (url.protocol !== 'http:' || from.protocol === 'https:')) {
    throw new AdpError(
      'CONFIG_ERROR',
      `${place} sends us to ${url.protocol}//${url.host}, which is not safe: it is not followed.`,
    );
  }
  url.hash = '';
  const { headers } = url.origin === from.origin ? request : { headers: withoutPrivate(request.headers) };
  const becomesGet = status === 303 || (status < 303 && request.method === 'POST');
  if (becomesGet) return { method: 'GET', url, headers: withoutContent(headers) };
  return { ...request, url, headers };
}

/** What is meant for the API that was asked, and not for where it sends us: all but what says which data are wanted. */
function withoutPrivate(headers: Readonly<Record<string, string>>): Record<string, string> {
  const harmless = new Set([
    'accept',
    'accept-language',
    'content-type',
    'if-none-match',
    'if-modified-since',
    'user-agent',
  ]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => harmless.has(name.toLowerCase())));
}

function withoutContent(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.toLowerCase().startsWith('content-')));
}
