import { takeOnVault } from '../../cli/vault.ts';
import { AdpError } from '../../shared/errors.ts';
import type { PolledSystem } from '../adventure-works/polled.ts';

/**
 * Puts what the dealers' systems ask for into Key Vault, as `adp secrets set` does.
 *
 * @param settings of the stack, or what its file says of them
 * @throws AdpError CONFIG_ERROR where the settings lead to no vault, or what the vault answers
 */
export async function keepSecrets(settings: unknown, systems: readonly PolledSystem[]): Promise<void> {
  const vault = await takeOnVault(settings);
  if (vault === undefined) throw new AdpError('CONFIG_ERROR', 'the stack has no Key Vault: start it again');
  const { secretsOf } = await import('../../shared/app.ts');
  const secrets = secretsOf(vault, Date.now);
  for (const { secret } of systems) await secrets.set(secret.name, secret.value);
}
