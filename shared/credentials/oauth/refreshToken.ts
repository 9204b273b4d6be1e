import type { Clock } from '../../clock.ts';
import { AdpError, isRetryable } from '../../errors.ts';
import { readCredential } from '../credential.ts';
import type { Secret, Secrets } from '../keyVault.ts';
import type { Leases } from '../leases.ts';
import { type PostForm, requestToken } from './requestToken.ts';
import { rotated, sharedToken } from './rotation.ts';
import type { Token } from './tokenCache.ts';

/** A secret that Key Vault would not take yet. The refresh token in it is the only one that is still good. */
interface Unsaved {
  readonly value: string;
  /** The version that it comes after: where a person has written another one since, theirs stands. */
  readonly after: string;
}

/** What an instance knows of the refresh tokens that it exchanges, by the name of the secret. */
export interface RefreshState {
  readonly unsaved: Map<string, Unsaved>;
  readonly underWay: Map<string, Promise<unknown>>;
}

export interface RefreshDeps {
  readonly secrets: Secrets;
  readonly leases: Leases;
  readonly clock: Clock;
  /** How the other side is asked; it answers or gives up within 20 seconds. */
  readonly post: PostForm;
  readonly wait: (ms: number) => Promise<void>;
  readonly state: RefreshState;
}

const leaseMs = 90_000;
/** What is left of the lease must do for the token endpoint (20 s) and for two tries to save (15 s each). */
const neededMs = 55_000;
/** Another instance usually has the token within that time. No call waits longer. */
const patienceMs = 1_000;
const lookAgainMs = 200;

/**
 * An access token for a refresh token (RFC 6749, section 6), one instance at a time. Where the other side hands out
 * another refresh token, that is saved in Key Vault before anyone uses the access token that came with it.
 *
 * Between the answer and the save a crash loses the refresh token, and an API that takes each only once must then be
 * granted access again by a person. No client can close this gap, so there is nothing in it but the save; that is tried
 * twice, and then again before each later attempt of this instance.
 *
 * @param refused an access token that the API did not take
 * @throws AdpError as `requestToken` and `Secrets`; NETWORK_ERROR (retry) while another instance is at it
 */
export async function refresh(name: string, refused: string | undefined, deps: RefreshDeps): Promise<Token> {
  const { underWay } = deps.state;
  // The lease keeps out other instances only.
  const work = () => underLease(name, refused, deps);
  const mine = (underWay.get(name) ?? Promise.resolve()).then(work, work);
  underWay.set(name, mine);
  try {
    return await mine;
  } finally {
    if (underWay.get(name) === mine) underWay.delete(name);
  }
}

async function underLease(name: string, refused: string | undefined, deps: RefreshDeps): Promise<Token> {
  const { leases, state, clock } = deps;
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    const until = clock() + leaseMs;
    const leasing = await leases.take(name, leaseMs);
    if (leasing.kind === 'ours') {
      try {
        return await tokenOfSecret(name, refused, until, deps);
      } finally {
        // What is not saved yet is not for others to go on with: the lease keeps them out for as long as it lasts.
        if (!state.unsaved.has(name)) await leasing.lease.release().catch(() => {});
      }
    }
    if (waitedMs >= patienceMs) throw busy(name, leasing.forMs);
    await deps.wait(lookAgainMs);
  }
}

async function tokenOfSecret(
  name: string,
  refused: string | undefined,
  until: number,
  deps: RefreshDeps,
): Promise<Token> {
  const { secrets, state, clock } = deps;
  // Whoever had the lease before may have used up what we knew.
  let secret = await secrets.get(name, { fresh: true });
  const unsaved = state.unsaved.get(name);
  if (unsaved !== undefined && unsaved.after === secret.version) {
    await save(name, unsaved, deps);
    secret = await secrets.get(name, { fresh: true });
  }
  // Otherwise a person wrote another one, or another instance did once our lease was over: theirs stands.
  state.unsaved.delete(name);
  const shared = sharedToken(secret, clock());
  if (shared !== undefined && shared.value !== refused) return shared;
  if (clock() > until - neededMs) throw busy(name, 0);
  return await exchange(name, secret, deps);
}

async function exchange(name: string, secret: Secret, deps: RefreshDeps): Promise<Token> {
  const { clock, post, secrets, state } = deps;
  const credential = readCredential(secret.value);
  if (credential.kind !== 'oauth2_refresh_token') throw changed(name);
  const { refresh_token, scope, audience } = credential;
  const asked = { grant_type: 'refresh_token', refresh_token, scope, audience };
  const { token, refreshToken } = await requestToken(credential, asked, post, clock()).catch(async (error: unknown) => {
    const isOld = isRefused(error) && (await secrets.get(name, { fresh: true })).version !== secret.version;
    throw isOld ? changed(name) : error;
  });
  if (refreshToken === undefined || refreshToken === refresh_token) return token;
  const next = { value: rotated(secret, refreshToken, token), after: secret.version };
  state.unsaved.set(name, next);
  await save(name, next, deps);
  return token;
}

function isRefused(error: unknown): boolean {
  return error instanceof AdpError && error.code === 'AUTH_FAILED';
}

function changed(name: string): AdpError {
  return new AdpError('NETWORK_ERROR', `The secret "${name}" was changed just now: it is read again.`);
}

async function save(name: string, { value }: Unsaved, { secrets, state }: RefreshDeps): Promise<void> {
  try {
    await secrets.set(name, value);
  } catch (error) {
    if (!isRetryable(error)) throw notSaved(error);
    await secrets.set(name, value).catch((second: unknown) => {
      throw notSaved(second);
    });
  }
  state.unsaved.delete(name);
}

function notSaved(error: unknown): unknown {
  if (!(error instanceof AdpError)) return error;
  const { code, disposition, message, retryAfterMs } = error;
  const what = `The new refresh token could not be saved in Key Vault, and the old one may be void: ${message}`;
  return new AdpError(code, what, { disposition, cause: error, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

function busy(name: string, forMs: number): AdpError {
  const what = `Another instance is renewing the token of the secret "${name}"`;
  return new AdpError('NETWORK_ERROR', `${what}; it is asked for again shortly.`, {
    retryAfterMs: Math.min(forMs, 5_000),
  });
}
