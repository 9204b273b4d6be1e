import { AdpError } from '../../errors.ts';
import type { OpenSource } from '../connector.ts';
import type { SourceSettings } from './settings.ts';

/** More would be felt in a dealer's production database. */
const mostConnections = 2;

/** How a session behaves towards somebody's production database. */
export interface SessionLimits
  extends Pick<SourceSettings, 'connectTimeoutMs' | 'lockTimeoutMs' | 'statementTimeoutMs' | 'tls'> {
  /** Connections at the same time. */
  readonly connections: number;
}

export function limitsOf(settings: SourceSettings, { concurrency }: Pick<OpenSource, 'concurrency'>): SessionLimits {
  return { ...settings, connections: Math.min(mostConnections, Math.max(1, concurrency)) };
}

/** @throws AdpError CONFIG_ERROR (park) where the source has none */
export function connectionStringOf({ secret }: Pick<OpenSource, 'secret'>): string {
  if (secret !== undefined) return secret;
  throw new AdpError('CONFIG_ERROR', 'The source has no connection string: name a Key Vault secret in "credential".');
}
