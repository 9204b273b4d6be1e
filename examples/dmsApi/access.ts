import { createPublicKey, randomBytes, verify } from 'node:crypto';

/** How the API wants to be told who asks. */
export type AccessOptions =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'api_key'; readonly value: string; readonly header?: string; readonly query?: string }
  | {
      readonly kind: 'oauth2';
      readonly clientId: string;
      readonly clientSecret: string;
      /** Of access tokens. Default: an hour. */
      readonly lifeSeconds?: number;
      /** The first refresh token. */
      readonly refreshToken?: string;
      /**
       * Each refresh token is good for one use; who uses one again is taken for a thief, and all of them are void
       * (RFC 9700, section 4.14.2). Default: true.
       */
      readonly rotates?: boolean;
      /** Public key, as PEM, of who may present assertions signed with RS256. */
      readonly assertionKey?: string;
    };

export interface AskedWith {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly query: URLSearchParams;
}

export interface TokenAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Access {
  isAllowed(request: AskedWith): boolean;
  /** What `POST /oauth/token` answers. */
  grant(form: URLSearchParams, authorization: string | undefined): TokenAnswer;
  /** From now on no access token that was given out is good any more, whatever was said of its life. */
  expireTokens(): void;
  /** The refresh token that is good now; undefined where all were made void. */
  readonly refreshToken: string | undefined;
}

export function createAccess(options: AccessOptions, clock: () => number): Access {
  const tokens = new Map<string, number>();
  const used = new Set<string>();
  let refreshToken = options.kind === 'oauth2' ? options.refreshToken : undefined;

  const give = (life: number, more: Readonly<Record<string, unknown>> = {}): TokenAnswer => {
    const token = `at_${randomBytes(24).toString('base64url')}`;
    tokens.set(token, clock() + life * 1_000);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: life, ...more } };
  };
  const refuse = (status: number, error: string): TokenAnswer => ({
    status,
    // Real endpoints explain, and repeat what they were sent.
    body: { error, error_description: `Refused: ${refreshToken ?? 'nothing is granted'}` },
  });
  const exchange = (given: string, life: number, rotates: boolean): TokenAnswer => {
    if (used.has(given)) refreshToken = undefined;
    if (refreshToken === undefined || given !== refreshToken) return refuse(400, 'invalid_grant');
    if (!rotates) return give(life);
    used.add(given);
    refreshToken = `rt_${randomBytes(24).toString('base64url')}`;
    return give(life, { refresh_token: refreshToken });
  };

  return {
    get refreshToken() {
      return refreshToken;
    },
    isAllowed({ headers, query }) {
      switch (options.kind) {
        case 'none':
          return true;
        case 'basic':
          return headers.authorization === basicOf(options.username, options.password);
        case 'bearer':
          return headers.authorization === `Bearer ${options.token}`;
        case 'api_key':
          return options.query === undefined
            ? headers[(options.header ?? 'x-api-key').toLowerCase()] === options.value
            : query.get(options.query) === options.value;
        case 'oauth2': {
          const token = String(headers.authorization ?? '').replace(/^Bearer /, '');
          return (tokens.get(token) ?? 0) > clock();
        }
      }
    },
    grant(form, authorization) {
      if (options.kind !== 'oauth2') return refuse(400, 'unsupported_grant_type');
      const { clientId, clientSecret, lifeSeconds: life = 3_600, rotates = true, assertionKey } = options;
      const type = form.get('grant_type');
      if (type === 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
        const isRight = assertionKey !== undefined && isSigned(form.get('assertion') ?? '', assertionKey, clock());
        return isRight ? give(life) : refuse(400, 'invalid_grant');
      }
      const inForm = form.get('client_id') === clientId && form.get('client_secret') === clientSecret;
      if (!inForm && authorization !== basicOf(encoded(clientId), encoded(clientSecret)))
        return refuse(401, 'invalid_client');
      if (type === 'client_credentials') return give(life);
      if (type === 'refresh_token') return exchange(form.get('refresh_token') ?? '', life, rotates);
      return refuse(400, 'unsupported_grant_type');
    },
    expireTokens() {
      tokens.clear();
    },
  };
}

function basicOf(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function encoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

function isSigned(assertion: string, key: string, now: number): boolean {
  const [header = '', claims = '', signature = ''] = assertion.split('.');
  const isRight = verify(
    'RSA-SHA256',
    Buffer.from(`${header}.${claims}`),
    createPublicKey(key),
    Buffer.from(signature, 'base64url'),
  );
  if (!isRight) return false;
  const said: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'));
  const expires: unknown = typeof said === 'object' && said !== null && 'exp' in said ? said.exp : undefined;
  return typeof expires === 'number' && expires * 1_000 > now;
}
