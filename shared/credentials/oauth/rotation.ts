import { hash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts';
import type { Secret } from '../keyVault.ts';
import { isFresh, type Token } from './tokenCache.ts';

/**
 * What the hub adds to a secret whose refresh token it has exchanged for the next one: the member `rotation`.
 * - `origin`: the version that a person wrote
 * - `token`: the access token that came with the refresh token, so that other instances need not ask for one of their own
 * - `seal`: SHA-256 of all the rest, by which a person's change is told from ours
 */
interface Rotation {
  readonly origin: string;
  readonly token?: Token;
}

/** Key Vault takes 25 KB; an access token that doesn't fit beside the rest stays in memory. */
const longestValue = 25_000;

/**
 * The version of a credential as a person last wrote it: it stays the same when the hub saves the next refresh token, so
 * that only another credential reopens a connection or ends a parking. Never throws.
 */
export function credentialVersion({ value, version }: Secret): string {
  return originOf(value) ?? version;
}

/** The version that a person wrote, where the hub has renewed the secret since. */
export function originOf(value: string): string | undefined {
  return rotationOf(read(value))?.origin;
}

/** The access token that another instance has left there, if it is still good for a while. */
export function sharedToken({ value }: Secret, now: number): Token | undefined {
  const token = rotationOf(read(value))?.token;
  return token !== undefined && isFresh(token, now) ? token : undefined;
}

/** The secret with another refresh token; all that a person put there stays. */
export function rotated(secret: Secret, refreshToken: string, token: Token): string {
  const { rotation: _, ...rest } = read(secret.value) ?? {};
  const kept: JsonObject = { ...rest, refresh_token: refreshToken };
  const sealed = { origin: credentialVersion(secret), seal: sealOf(kept) };
  const { value, since, until } = token;
  const whole = JSON.stringify({ ...kept, rotation: { ...sealed, token: { value, since, until } } });
  return Buffer.byteLength(whole) <= longestValue ? whole : JSON.stringify({ ...kept, rotation: sealed });
}

function rotationOf(secret: JsonObject | undefined): Rotation | undefined {
  if (secret === undefined) return undefined;
  const { rotation, ...rest } = secret;
  if (!isJsonObject(rotation) || typeof rotation.origin !== 'string' || rotation.seal !== sealOf(rest))
    return undefined;
  const token = tokenOf(rotation.token);
  return { origin: rotation.origin, ...(token !== undefined && { token }) };
}

function tokenOf(value: JsonValue | undefined): Token | undefined {
  if (!isJsonObject(value)) return undefined;
  const { value: token, since, until } = value;
  if (typeof token !== 'string' || typeof since !== 'number' || typeof until !== 'number') return undefined;
  return { value: token, since, until };
}

function sealOf(rest: JsonObject): string {
  return hash('sha256', JSON.stringify(rest), 'hex');
}

function read(value: string): JsonObject | undefined {
  try {
    const parsed: JsonValue = JSON.parse(value);
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
