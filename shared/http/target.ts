import { AdpError } from '../errors.ts';
import { placeOf } from './failure.ts';

/**
 * @param what the setting that says so
 * @throws AdpError CONFIG_ERROR for an address that holds a password, or is neither https nor allowed to be http
 */
export function requireAllowed(url: URL, { allowHttp }: { readonly allowHttp: boolean }, what: string): void {
  if (url.username !== '' || url.password !== '') {
    throw new AdpError(
      'CONFIG_ERROR',
      `${what} holds a user or password: they belong into the source's secret in Key Vault.`,
    );
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && allowHttp)) return;
  throw new AdpError('CONFIG_ERROR', `${what} must begin with https:// (http:// only with settings.allow_http).`);
}

/**
 * The address as it is asked: of the source's own origin. Links of APIs behind a proxy often say http where they mean
 * https; that is mended.
 * @throws AdpError CONFIG_ERROR for another origin: it could be anyone's
 */
export function withinOrigin(url: URL, base: URL): URL {
  const own = new URL(url);
  own.hash = '';
  if (own.protocol === 'http:' && base.protocol === 'https:' && own.hostname === base.hostname && own.port === '') {
    own.protocol = 'https:';
    own.port = base.port;
  }
  if (own.origin === base.origin) return own;
  const remedy = 'only base_url is asked; if the API has moved, change base_url';
  throw new AdpError('CONFIG_ERROR', `${placeOf(own)} is not on ${base.origin}: ${remedy}.`);
}

/** The address with parameters beyond its own, which stay as they are written. */
export function withQuery(url: URL, query: Readonly<Record<string, string>>): URL {
  const whole = withoutQuery(url, Object.keys(query));
  const added = Object.entries(query).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  whole.search = [whole.search.slice(1), ...added].filter((part) => part !== '').join('&');
  return whole;
}

/** The address without the parameters of these names, in whatever case an API writes them; all else stays as it is written. */
export function withoutQuery(url: URL, names: readonly string[]): URL {
  const rest = new URL(url);
  const lower = names.map((name) => name.toLowerCase());
  const isNamed = (name: string) => lower.includes(name.toLowerCase());
  if (names.length === 0 || !url.searchParams.keys().some(isNamed)) return rest;
  const isOther = (pair: string) => !new URLSearchParams(pair).keys().some(isNamed);
  rest.search = url.search.slice(1).split('&').filter(isOther).join('&');
  return rest;
}
