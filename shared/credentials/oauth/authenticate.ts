import { hash } from 'node:crypto';
import type { Clock, Random } from '../../clock.ts';
import type { OpenSource } from '../../connectors/connector.ts';
import { AdpError } from '../../errors.ts';
import { type Authentication, type Authorization, fixed } from '../authentication.ts';
import type { Credential } from '../credential.ts';
import { signAssertion } from './jwtBearer.ts';
import { type RefreshDeps, refresh } from './refreshToken.ts';
import { type PostForm, requestToken } from './requestToken.ts';
import { originOf } from './rotation.ts';
import type { Obtain, Obtained, TokenCache } from './tokenCache.ts';

export interface AuthenticationDeps extends Omit<RefreshDeps, 'post'> {
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: TokenCache;
}

type Source = Pick<OpenSource, 'dealerId' | 'sourceId' | 'credential' | 'secret'>;

/** How a source says who it is, by its credential. @param post how its token endpoint is asked */
export function authenticationOf(
  source: Source,
  credential: Credential | undefined,
  post: PostForm,
  deps: AuthenticationDeps,
): Authentication {
  if (credential === undefined) return fixed({});
  switch (credential.kind) {
    case 'mutual_tls':
      return fixed({});
    case 'basic': {
      const { username, password } = credential;
      const encoded = Buffer.from(`${username}:${password}`).toString('base64');
      return fixed({ headers: { authorization: `Basic ${encoded}` }, secrets: [password, encoded] });
    }
    case 'bearer':
      return fixed(bearer(credential.token));
    case 'api_key': {
      const { value, header, query } = credential;
      if (query !== undefined) return fixed({ query: { [query]: value }, secrets: [value] });
      return fixed({ headers: { [(header ?? 'x-api-key').toLowerCase()]: value }, secrets: [value] });
    }
    case 'oauth2_client_credentials': {
      const { scope, audience } = credential;
      return byToken(keyOf(source), deps.tokens, async () => {
        const grant = { grant_type: 'client_credentials', scope, audience };
        return (await requestToken(credential, grant, post, deps.clock())).token;
      });
    }
    case 'jwt_bearer': {
      const { scope } = credential;
      return byToken(keyOf(source), deps.tokens, async () => {
        const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
        const assertion = await signAssertion(credential, deps);
        return (await requestToken(credential, { grant_type, assertion, scope }, post, deps.clock())).token;
      });
    }
    case 'oauth2_refresh_token': {
      const { secret = '' } = source;
      // Key Vault knows it in any case: two ways to write it are one lease and one token.
      const name = source.credential?.toLowerCase();
      if (name === undefined) {
        throw new AdpError('INTERNAL', 'A source with a refresh token was opened without the name of its secret.');
      }
      // Whichever source asks, the token is the secret's own, whose text changes with every renewal.
      const key = JSON.stringify([name, originOf(secret) ?? hash('sha256', secret, 'hex')]);
      return byToken(key, deps.tokens, (refused) => refresh(name, refused, { ...deps, post }));
    }
  }
}

/** Another secret is another token. */
function keyOf({ dealerId, sourceId, secret = '' }: Source): string {
  return JSON.stringify([dealerId, sourceId, hash('sha256', secret, 'hex')]);
}

function byToken(key: string, tokens: TokenCache, obtain: Obtain): Authentication {
  const authorizationOf = ({ token, isNew }: Obtained): Authorization => {
    // What was given out for this very request has not run out: it is refused for another reason.
    if (isNew) return bearer(token.value);
    const renew = async (signal: AbortSignal) => authorizationOf(await tokens.renew(key, token.value, obtain, signal));
    return { ...bearer(token.value), renew };
  };
  return {
    queryNames: [],
    authorize: async (signal) => authorizationOf(await tokens.get(key, obtain, signal)),
  };
}

function bearer(token: string): Authorization {
  return { headers: { authorization: `Bearer ${token}` }, query: {}, secrets: [token] };
}
