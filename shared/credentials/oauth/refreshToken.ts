import type { Clock } from '../../clock.ts';
import { AdpError, isRetryable } from '../../errors.ts';
import { readCredential } from '../credential.ts';
import type { Secret, Secrets } from '../keyVault.ts';
import type { Leases } from '../leases.ts';
import { type PostForm, requestToken } from './requestToken.ts';
import { rotated, sharedToken } from './rotation.ts';
import { tokenOf } from './token.ts';
import type { Token } from './tokenCache.ts';

/** A secret that Key Vault would not take yet. The refresh token in it is the only one that is still good. */
interface Unsaved {
  readonly value: string;
  /** The version that it comes after: where a person has written another one since, theirs stands. */
  readonly after: string;
  readonly token: Token;
}

export interface RefreshDeps {
  readonly secrets: Secrets;
  readonly leases: Leases;
  readonly clock: Clock;
  /** How the other side is asked; it must answer or give up within `answerWithinMs`. */
  readonly post: PostForm;
  readonly wait: (ms: number) => Promise<void>;
  /** By the secret's name: what this instance still has to save. */
  readonly unsaved: Map<string, Unsaved>;
}

/**
 * Reading the secret, asking for the token and saving it twice at worst take less than that: Key Vault gives up after
 * 15 seconds, the token endpoint after 20.
 */
const leaseMs = 90_000;
/** Another instance usually has the token within that time. No call waits longer. */
const patienceMs = 1_000;
const lookAgainMs = 200;

/**
 * An access token for a refresh token (RFC 6749, section 6), one instance at a time. Where the other side hands out
 * another refresh token, that is saved in Key Vault before anyone uses the access token that came with it.
 *
 * Between the answer and the save a crash loses the refresh token, and an API that accepts each only once must then be
 * granted access again by a person: nothing that a client does can close this gap (RFC 9700, section 4.14.2), so there is
 * nothing in it but the save, which is tried twice and then again before each later attempt of this instance.
 *
 * @param refused an access token that the API did not take
 * @throws AdpError as `requestToken` and `Secrets`; NETWORK_ERROR (retry) while another instance is at it
 */
export async function refresh(name: string, refused: string | undefined, deps: RefreshDeps): Promise<Token> {
  const { secrets, leases, clock } = deps;
  for (const start = clock(), tries = { left: patienceMs / lookAgainMs }; ; tries.left--) {
    const leasing = await leases.take(name, leaseMs);
    if (leasing.kind === 'taken') {
      if (tries.left <= 0 || clock() - start >= patienceMs) throw busy(name, leasing.forMs);
      await deps.wait(lookAgainMs);
      continue;
    }
    let isSaved = false;
    try {
      // Whoever had the lease before may have used up what we knew.
      const token = await exchangeOrTake(name, await secrets.get(name, { fresh: true }), refused, deps);
      isSaved = true;
      return token;
    } finally {
      // What is not saved yet is not for others to go on with: the lease keeps them out as long as it lasts.
      if (isSaved || !deps.unsaved.has(name)) await leasing.lease.release().catch(() => {});
    }
  }
}

async function exchangeOrTake(
  name: string,
  secret: Secret,
  refused: string | undefined,
  deps: RefreshDeps,
): Promise<Token> {
  const { clock, unsaved, post } = deps;
  const pending = unsaved.get(name);
  if (pending !== undefined) {
    if (pending.after === secret.version) {
      await save(name, pending, deps);
      return pending.token;
    }
    // A person or, once our lease was over, another instance wrote a newer one.
    unsaved.delete(name);
  }
  const shared = sharedToken(secret, clock());
  if (shared !== undefined && shared.value !== refused) return shared;
  const credential = readCredential(secret.value);
  if (credential.kind !== 'oauth2_refresh_token') {
    throw new AdpError('AUTH_FAILED', `The secret "${name}" is of another kind since just now: it will be read again.`);
  }
  const { refresh_token, scope, audience } = credential;
  const asked = { grant_type: 'refresh_token', refresh_token, scope, audience };
  const now = clock();
  const given = await requestToken(credential, asked, post, now);
  const token = tokenOf(given, now);
  if (given.refreshToken === undefined || given.refreshToken === refresh_token) return token;
  const next = { value: rotated(secret, given.refreshToken, token), after: secret.version, token };
  unsaved.set(name, next);
  await save(name, next, deps);
  return token;
}

async function save(name: string, { value }: Unsaved, { secrets, unsaved }: RefreshDeps): Promise<void> {
  try {
    await secrets.set(name, value);
  } catch (error) {
    if (!isRetryable(error)) throw notSaved(error);
    await secrets.set(name, value).catch((second: unknown) => {
      throw notSaved(second);
    });
  }
  unsaved.delete(name);
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
