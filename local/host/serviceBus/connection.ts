import type { AppSettings } from '../appSettings.ts';
import { configError } from '../config.ts';

/**
 * The connection string that a binding's `connection` names, found as the runtime finds it: the setting of that name,
 * else with the prefix `AzureWebJobs`.
 * @throws AdpError CONFIG_ERROR also for an identity-based connection: there is no identity to use on this machine
 */
export function findConnectionString(name: string, settings: AppSettings, where: string): string {
  for (const setting of [name, `AzureWebJobs${name}`]) {
    const value = settings.get(setting);
    if (value) return value;
    if (settings.get(`${setting}__fullyQualifiedNamespace`) !== undefined) {
      const remedy = `set ${name} to a connection string instead`;
      throw configError(
        `${where}: "${setting}__fullyQualifiedNamespace" needs an identity, which is not local; ${remedy}`,
      );
    }
  }
  throw configError(`${where}: the setting "${name}" (a Service Bus connection string) is missing`);
}
