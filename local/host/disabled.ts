import type { AppSettings } from './appSettings.ts';

/**
 * Whether the setting `AzureWebJobs.{function}.Disabled` turns a function off.
 * https://learn.microsoft.com/azure/azure-functions/disable-function
 */
export function isDisabled(functionName: string, settings: AppSettings): boolean {
  const value = settings.get(`AzureWebJobs.${functionName}.Disabled`)?.toLowerCase();
  return value === 'true' || value === '1';
}
