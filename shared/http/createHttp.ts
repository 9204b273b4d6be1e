import type { Clock, Random } from '../clock.ts';
import type { Tools } from '../connectors/connector.ts';
import { type Credential, readCredential } from '../credentials/credential.ts';
import type { Secrets } from '../credentials/keyVault.ts';
import type { Leases } from '../credentials/leases.ts';
import { authenticationOf } from '../credentials/oauth/authenticate.ts';
import type { RefreshState } from '../credentials/oauth/refreshToken.ts';
import { createTokenCache } from '../credentials/oauth/tokenCache.ts';
import { addressesOf } from './addresses.ts';
import { type ClientCertificate, guardedAgent, type Lookup, lookUp } from './connect.ts';
import { httpOf } from './send.ts';
import { readHttpSettings } from './settings.ts';
import { tokenEndpointBy } from './tokenEndpoint.ts';

export interface CreateHttpDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly secrets: Secrets;
  readonly leases: Leases;
  /** Waits at most a second in all, for another instance that is renewing a token. */
  readonly wait: (ms: number) => Promise<void>;
  /** Default: the machine's own DNS. */
  readonly lookup?: Lookup;
}

/**
 * HTTP for sources. One a process: all that it makes shares the tokens, which are in memory only.
 *
 * What it returns throws AdpError CONFIG_ERROR (park) for a secret or settings that can't be used.
 */
export function createHttp({ lookup = lookUp, ...deps }: CreateHttpDeps): Tools['http'] {
  const state: RefreshState = { unsaved: new Map(), underWay: new Map() };
  const authenticating = { ...deps, state, tokens: createTokenCache(deps.clock) };
  return ({ source, baseUrl }) => {
    const settings = readHttpSettings(source.settings);
    const credential = source.secret === undefined ? undefined : readCredential(source.secret);
    const addresses = addressesOf(settings.networks);
    const certificate = certificateOf(credential);
    const plain = guardedAgent(addresses, lookup, source.concurrency);
    const own = certificate === undefined ? plain : guardedAgent(addresses, lookup, source.concurrency, certificate);
    const tokenEndpoint = tokenEndpointBy(own, settings);
    const http = httpOf({
      baseUrl,
      settings,
      authentication: authenticationOf(source, credential, tokenEndpoint.post, authenticating),
      agents: { own, plain },
      clock: deps.clock,
    });
    return {
      ...http,
      async close() {
        await tokenEndpoint.idle();
        await http.close();
      },
    };
  };
}

function certificateOf(credential: Credential | undefined): ClientCertificate | undefined {
  return credential?.kind === 'mutual_tls' ? credential : credential?.mutual_tls;
}
