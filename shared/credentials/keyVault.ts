import { type KeyVaultSecret, SecretClient } from '@azure/keyvault-secrets';
import { createCache } from '../cache.ts';
import type { Clock } from '../clock.ts';
import { AdpError } from '../errors.ts';
import type { KeyVault } from '../settings.ts';
import { identity } from './identity.ts';

export interface Secret {
  readonly value: string;
  /** Another one after each change: tells whether a credential that was refused has been rotated since. */
  readonly version: string;
}

/**
 * Dealers' credentials in Key Vault.
 *
 * Throws AdpError; its message and causes never hold a value. `park`, with what to do: `CONFIG_ERROR` where there is no
 * such secret or it is disabled, `AUTH_FAILED` where this app may not use it, `CONFLICT` for a name that was deleted and
 * not purged. `retry`: `RATE_LIMITED` with the time that Key Vault says, `AUTH_FAILED` where this app got no token,
 * `NETWORK_ERROR`. Nothing is tried twice here: the caller waits better.
 */
export interface Secrets {
  /** As it was at most five minutes ago; with `fresh`, as it is now: for once, after the other side refused it. */
  get(name: string, options?: { readonly fresh: boolean }): Promise<Secret>;
  /** Adds a version, which `get` of this instance answers at once. */
  set(name: string, value: string): Promise<Secret>;
}

/** How long a rotation may go unseen while the old credential still works. */
const keptMs = 5 * 60_000;
/** The SDK itself would wait for a service that hangs as long as that takes. */
const answerWithinMs = 15_000;

export function openSecrets(vault: KeyVault, clock: Clock): Secrets {
  const client = new SecretClient(vault.url, identity(vault), {
    disableChallengeResourceVerification: !vault.verifyChallenge,
    // The SDK would sleep for as long as Retry-After says.
    retryOptions: { maxRetries: 0 },
  });
  const cache = createCache<Secret>({
    load: (name) => attempt(name, () => client.getSecret(name, inTime())),
    ttlMs: keptMs,
    max: 2_000,
    clock,
  });
  return {
    async get(name, { fresh } = { fresh: false }) {
      requireName(name);
      if (fresh) cache.forget(name);
      return await cache.get(name);
    },
    async set(name, value) {
      requireName(name);
      requireLength(name, value);
      const secret = await attempt(name, () => client.setSecret(name, value, inTime()));
      cache.forget(name);
      return secret;
    },
  };
}

function requireName(name: string): void {
  if (/^[0-9a-zA-Z-]{1,127}$/.test(name)) return;
  const expected = 'expected 1 to 127 letters, digits and hyphens';
  throw new AdpError('CONFIG_ERROR', `"${name}" can't be the name of a secret in Key Vault: ${expected}.`);
}

/** https://learn.microsoft.com/azure/key-vault/secrets/about-secrets: 25 KB. */
const longestValue = 25_600;

function requireLength(name: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes <= longestValue) return;
  const limit = `${longestValue} bytes is what Key Vault takes`;
  throw new AdpError('CONFIG_ERROR', `The secret "${name}" is too long: it has ${bytes} bytes, and ${limit}.`);
}

function inTime(): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(answerWithinMs) };
}

async function attempt(name: string, call: () => Promise<KeyVaultSecret>): Promise<Secret> {
  const { value, version } = await call().then(toSecret, (error: unknown) => {
    throw toAdpError(name, toFailure(error));
  });
  if (value !== undefined && version !== undefined) return { value, version };
  throw new AdpError('NETWORK_ERROR', `Key Vault answered without a value for the secret "${name}".`);
}

function toSecret({ value, properties: { version } }: KeyVaultSecret): Partial<Secret> {
  return { ...(value !== undefined && { value }), ...(version !== undefined && { version }) };
}

/** What matters of an SDK's error. The error itself holds the request, and that the value of a `set`. */
interface Failure {
  readonly name: string;
  readonly status: number | undefined;
  /** `Forbidden`, or finer where the service says: `SecretDisabled`. */
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
}

function toAdpError(name: string, failure: Failure): AdpError {
  const cause = new Error(`${failure.name}: ${failure.status ?? ''} ${failure.code ?? ''}`);
  const because = { cause };
  const { status, code } = failure;
  // First, since it may have a status too, which is that of the token endpoint.
  if (/Authentication|Credential/.test(failure.name)) {
    const remedy = 'give it a managed identity, or log in with az login';
    const options = { ...because, disposition: 'retry' } as const;
    return new AdpError('AUTH_FAILED', `This app got no token for Key Vault: ${remedy}.`, options);
  }
  if (status === 404) {
    const remedy = `put it there with adp secrets set ${name}, or correct the source's credential`;
    return new AdpError('CONFIG_ERROR', `Key Vault has no secret "${name}": ${remedy}.`, because);
  }
  if (code === 'SecretDisabled') {
    return new AdpError('CONFIG_ERROR', `The secret "${name}" is disabled in Key Vault: enable it.`, because);
  }
  if (status === 409) {
    const remedy = 'recover it, or purge it, in Key Vault';
    const options = { ...because, disposition: 'park' } as const;
    return new AdpError('CONFLICT', `The secret "${name}" was deleted and holds its name: ${remedy}.`, options);
  }
  if (status === 401 || status === 403) {
    const remedy = 'give its identity the role Key Vault Secrets Officer (User, to read only), and let its network in';
    return new AdpError('AUTH_FAILED', `Key Vault refuses the secret "${name}" to this app: ${remedy}.`, because);
  }
  if (status === 400) {
    return new AdpError('CONFIG_ERROR', `Key Vault does not take the secret "${name}" (${code}).`, because);
  }
  if (status === 429) {
    const { retryAfterMs } = failure;
    const options = retryAfterMs === undefined ? because : { ...because, retryAfterMs };
    return new AdpError('RATE_LIMITED', `Key Vault is asked too often; it was for the secret "${name}".`, options);
  }
  return new AdpError('NETWORK_ERROR', `Key Vault does not answer; it was asked for the secret "${name}".`, because);
}

function toFailure(error: unknown): Failure {
  const status = numberIn(error, 'statusCode');
  const service = memberOf(memberOf(error, 'details'), 'error');
  return {
    name: error instanceof Error ? error.name : typeof error,
    status,
    code: textIn(memberOf(service, 'innerError'), 'code') ?? textIn(error, 'code'),
    retryAfterMs: retryAfterMsIn(error),
  };
}

function retryAfterMsIn(error: unknown): number | undefined {
  const headers = memberOf(memberOf(error, 'response'), 'headers');
  const seconds = isReadable(headers) ? Number(headers.get('retry-after') ?? Number.NaN) : Number.NaN;
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function isReadable(value: unknown): value is { get(name: string): string | undefined } {
  return typeof memberOf(value, 'get') === 'function';
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function textIn(value: unknown, name: string): string | undefined {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
}

function numberIn(value: unknown, name: string): number | undefined {
  const member = memberOf(value, name);
  return typeof member === 'number' ? member : undefined;
}
