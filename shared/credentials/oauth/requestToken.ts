import { checkJson } from '../../check.ts';
import { AdpError } from '../../errors.ts';
import { placeOf } from '../../http/failure.ts';
import { retryAfterMs } from '../../http/retryAfter.ts';
import type { Token } from './tokenCache.ts';

/** A token endpoint's answer, its body at most 64 KB. */
export interface TokenReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Posts a form, follows no redirect. @throws AdpError NETWORK_ERROR (retry), CONFIG_ERROR (park) where it may not go there */
export type PostForm = (
  url: URL,
  form: URLSearchParams,
  headers: Readonly<Record<string, string>>,
) => Promise<TokenReply>;

/** Who asks for a token, and where. */
export interface Client {
  readonly token_url: string;
  readonly client_id?: string | undefined;
  readonly client_secret?: string | undefined;
  readonly client_authentication?: 'basic' | 'body' | undefined;
}

/** What was given out. */
export interface GivenToken {
  readonly token: Token;
  /** The next refresh token, where there is another one. */
  readonly refreshToken: string | undefined;
}

/** Taken for granted where an endpoint doesn't say how long its tokens last. A 401 says the rest. */
const usualLifeMs = 60 * 60_000;

const check = checkJson({
  type: 'object',
  required: ['access_token'],
  properties: {
    access_token: { type: 'string', minLength: 1, pattern: '^[\\x21-\\x7e]+$' },
    token_type: { type: 'string' },
    expires_in: { type: ['number', 'string', 'null'] },
    refresh_token: { type: ['string', 'null'] },
  },
} as const);

/**
 * Asks for a token (RFC 6749, sections 4 to 6).
 * @param grant the form's parameters beside those of the client
 * @param now when it is asked for, which is before the token's life begins
 * @throws AdpError AUTH_FAILED (park) where the grant or the client is refused, CONFIG_ERROR (park) for other refusals and
 * for an answer that is none, RATE_LIMITED or NETWORK_ERROR (retry). Of what the endpoint says only its error code is told.
 */
export async function requestToken(
  client: Client,
  grant: Readonly<Record<string, string | undefined>>,
  post: PostForm,
  now: number,
): Promise<GivenToken> {
  const url = new URL(client.token_url);
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(grant)) if (value !== undefined) form.set(name, value);
  const reply = await post(url, form, { accept: 'application/json', ...authenticate(client, form) });
  const body = parse(reply.text);
  if (reply.status < 200 || reply.status > 299 || errorCodeIn(body) !== undefined)
    throw refusalOf(reply, body, url, now);
  if (check.faults(body).length > 0) {
    const expected = 'expected JSON with an access_token (RFC 6749, section 5.1); check token_url';
    throw new AdpError('CONFIG_ERROR', `${placeOf(url)} answers without a token: ${expected}.`);
  }
  const { access_token, token_type, expires_in, refresh_token } = check.parse(body);
  if (token_type !== undefined && token_type.toLowerCase() !== 'bearer') {
    throw new AdpError(
      'CONFIG_ERROR',
      `${placeOf(url)} gives tokens that are not bearer tokens, which this hub can't use.`,
    );
  }
  const seconds =
    expires_in === undefined || expires_in === null || expires_in === '' ? Number.NaN : Number(expires_in);
  const lifeMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : usualLifeMs;
  return {
    token: { value: access_token, since: now, until: now + lifeMs },
    refreshToken: refresh_token === null || refresh_token === '' ? undefined : refresh_token,
  };
}

/** RFC 6749, section 2.3.1: a client without a secret only says its name. */
function authenticate(client: Client, form: URLSearchParams): Readonly<Record<string, string>> {
  const { client_id, client_secret, client_authentication = 'basic' } = client;
  if (client_id === undefined) return {};
  if (client_secret === undefined || client_authentication === 'body') {
    form.set('client_id', client_id);
    if (client_secret !== undefined) form.set('client_secret', client_secret);
    return {};
  }
  return {
    authorization: `Basic ${Buffer.from(`${formText(client_id)}:${formText(client_secret)}`).toString('base64')}`,
  };
}

function formText(value: string): string {
  return new URLSearchParams({ '': value }).toString().slice(1);
}

function refusalOf({ status, headers }: TokenReply, body: unknown, url: URL, now: number): AdpError {
  const code = errorCodeIn(body);
  const answer = `${placeOf(url)} gives no token: it answers ${status}${code === undefined ? '' : ` (${code})`}`;
  const wait = retryAfterMs(headers, now);
  const after = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 429 || code === 'slow_down') return new AdpError('RATE_LIMITED', `${answer}.`, after);
  if (status === 408 || status >= 500 || code === 'temporarily_unavailable' || code === 'server_error') {
    return new AdpError('NETWORK_ERROR', `${answer}.`, after);
  }
  if (code === 'invalid_grant') {
    const remedy = 'have the access granted again, and put what comes out of it into Key Vault with adp secrets set';
    return new AdpError('AUTH_FAILED', `${answer}; what it was asked with is not valid any more: ${remedy}.`);
  }
  if (status === 401 || status === 403 || code === 'invalid_client' || code === 'unauthorized_client') {
    const remedy = "check client_id and client_secret in the source's secret in Key Vault";
    return new AdpError('AUTH_FAILED', `${answer}: ${remedy}.`);
  }
  const remedy = "check token_url, scope and audience in the source's secret in Key Vault";
  return new AdpError('CONFIG_ERROR', `${answer}: ${remedy}.`);
}

/** Only what looks like a code: some endpoints put what they were sent into their explanations. */
function errorCodeIn(body: unknown): string | undefined {
  const error: unknown = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
  if (error === undefined || error === null) return undefined;
  return typeof error === 'string' && /^[a-z][a-z_]{2,40}$/.test(error) ? error : 'an error of its own';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
