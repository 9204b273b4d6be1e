import type { Connection } from '../../connectors/connector.ts';
import { AdpError } from '../../errors.ts';
import type { Breaker } from '../../resilience/breaker.ts';
import type { Breakers } from './breakers.ts';
import type { PolledSource } from './polledSource.ts';

/** A credential as the vault has it. */
export interface SecretValue {
  readonly value: string;
  /** Another one after each change. */
  readonly version: string;
}

export interface SecretSource {
  /** As it was a while ago; `fresh`: as it is now. */
  get(name: string, options?: { readonly fresh: boolean }): Promise<SecretValue>;
}

/** Connections that are kept open between pages. */
export interface ConnectionPool {
  /** Lends the source's connection to some work; opened with this secret, if it isn't yet. */
  use<T>(
    source: PolledSource,
    secret: SecretValue | undefined,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T>;
  /** It is not lent any more, and closed once nobody works with it. */
  drop(source: PolledSource): void;
}

export interface ReachDeps {
  readonly secrets: SecretSource;
  readonly pool: ConnectionPool;
  readonly breakers: Breakers;
}

/**
 * Calls a source on behalf of an admitted call, and tells its breaker what came of it. A credential that is refused is
 * read again once: it may have been rotated.
 * @param breaker as the call was admitted
 * @throws AdpError what the connector or the vault throws; `signal`'s reason
 */
export async function reachSource<T>(
  source: PolledSource,
  breaker: Breaker,
  deps: ReachDeps,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { credential } = source;
  const secret = credential === undefined ? undefined : await deps.secrets.get(credential);
  try {
    return await call(source, secret, breaker, deps, work);
  } catch (error) {
    if (!isRefused(error)) throw error;
    deps.pool.drop(source);
    if (credential === undefined || secret === undefined) throw error;
    const now = await deps.secrets.get(credential, { fresh: true });
    if (now.version === secret.version) throw error;
    return await call(source, now, breaker, deps, work);
  }
}

async function call<T>(
  source: PolledSource,
  secret: SecretValue | undefined,
  breaker: Breaker,
  { pool, breakers }: ReachDeps,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const key = `${source.dealerId}/${source.sourceId}`;
  const result = await pool.use(source, secret, work).catch(async (error: unknown) => {
    const isSilent = isSilence(error);
    if (isSilent || !(error instanceof AdpError)) pool.drop(source);
    // What the source said matters more than that a breaker could not be told.
    await breakers.note(key, breaker, !isSilent).catch(() => undefined);
    throw error;
  });
  await breakers.note(key, breaker, true);
  return result;
}

/** The other side didn't answer, or said that it can't. */
function isSilence(error: unknown): boolean {
  return error instanceof AdpError
    ? error.code === 'NETWORK_ERROR'
    : error instanceof Error && error.name === 'TimeoutError';
}

function isRefused(error: unknown): boolean {
  return error instanceof AdpError && error.code === 'AUTH_FAILED' && error.disposition === 'park';
}
