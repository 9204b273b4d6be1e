import { AdpError } from '../errors.ts';

/** An address as messages may show it: APIs take keys and people's names in queries. */
export function placeOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/**
 * What it means that a request got no answer. The error itself stays out of it: libraries hang requests on errors.
 * @param timeoutMs the time that was up, if that was it
 */
export function failureOf(error: unknown, url: URL, timeoutMs?: number): AdpError {
  const refusal = refusalIn(error);
  if (refusal !== undefined) return refusal;
  const place = placeOf(url);
  if (timeoutMs !== undefined) {
    const waited = `within ${timeoutMs / 1_000} s (settings.timeout_seconds)`;
    return new AdpError('NETWORK_ERROR', `${place} did not answer ${waited}.`);
  }
  const code = codeOf(error);
  const cause = new Error(`${error instanceof Error ? error.name : typeof error} ${code}`);
  const { sentence, kind } = meaningOf(code, url);
  return new AdpError(kind, `${place} ${sentence}.`, { cause });
}

interface Meaning {
  readonly kind: 'NETWORK_ERROR' | 'CONFIG_ERROR' | 'AUTH_FAILED';
  readonly sentence: string;
}

function meaningOf(code: string, { hostname }: URL): Meaning {
  const retry = (sentence: string): Meaning => ({ kind: 'NETWORK_ERROR', sentence });
  const park = (sentence: string): Meaning => ({ kind: 'CONFIG_ERROR', sentence });
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return retry(`can't be reached: DNS knows no address of ${hostname} at the moment; check its spelling`);
    case 'ECONNREFUSED':
      return retry('refuses connections');
    case 'UND_ERR_CONNECT_TIMEOUT':
      return retry('does not answer: no connection in time; does a firewall let this hub in?');
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return retry('does not answer in time (settings.timeout_seconds)');
    case 'CERT_HAS_EXPIRED':
      return retry('has a certificate that is out of date: the dealer must renew it');
    case 'UND_ERR_INVALID_ARG':
      return park('was not asked: a header, the path or the body of the request can not be sent as it is');
    case 'UND_ERR_HEADERS_OVERFLOW':
      return park('answers with more headers than can be taken');
  }
  if (/ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|NO_CERTIFICATE)/.test(code)) {
    return { kind: 'AUTH_FAILED', sentence: "refuses this hub's TLS certificate: check mutual_tls in the credential" };
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ISSUER|ERR_TLS_/.test(code)) {
    const remedy =
      "its certificate must be for that name and of a known authority, or put the authority's in the credential as mutual_tls.ca";
    return park(`can't be trusted (${code}): ${remedy}`);
  }
  if (/WRONG_VERSION_NUMBER|UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION/.test(code)) {
    return park(`does not speak TLS as it should (${code}): check the port and https`);
  }
  return retry(`broke the connection (${code})`);
}

/** What the guard said, however deep the libraries have put it. */
function refusalIn(error: unknown): AdpError | undefined {
  return chainOf(error).find((one) => one instanceof AdpError);
}

function codeOf(error: unknown): string {
  const codes = chainOf(error)
    .map((one) => memberOf(one, 'code'))
    .filter((code) => typeof code === 'string');
  // That one says only that something underneath went wrong.
  return codes.find((code) => code !== 'UND_ERR_SOCKET') ?? codes[0] ?? 'unknown';
}

/** An error, what caused it, and what caused that; of several at once (one for each address) all. */
function chainOf(error: unknown, depth = 0): unknown[] {
  if (error === undefined || depth > 4) return [];
  const several = memberOf(error, 'errors');
  const inner = [memberOf(error, 'cause'), ...(Array.isArray(several) ? several : [])];
  return [error, ...inner.flatMap((one) => chainOf(one, depth + 1))];
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
