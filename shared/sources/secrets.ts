import { fieldPath } from '../fault.ts';

const secretName = /(^|_)(password|passwd|pwd|secret|token|api_?key|access_?key|account_?key|connection_?string)$/;
const secretValue = /(password|pwd|accountkey|sharedaccesskey)\s*=|:\/\/[^/\s:@]+:[^/\s@]+@/i;
/** A value that is known only when a request is made, such as the token of the next page. */
const placeholder = /^\{\{\w+\}\}$/;

/**
 * The places in a source's settings that look like a password or a connection string. Secrets live in Key Vault, and a
 * source names them by `credential`: what stands in a source is shown to whoever may read configuration.
 */
export function secretsIn(settings: unknown, path: readonly string[]): string[] {
  if (typeof settings === 'string') return secretValue.test(settings) ? [fieldPath(path)] : [];
  if (typeof settings !== 'object' || settings === null) return [];
  return Object.entries(settings).flatMap(([name, value]) => {
    const place = [...path, name];
    const isSecret = isSecretName(name) && typeof value === 'string' && !placeholder.test(value);
    return isSecret ? [fieldPath(place)] : secretsIn(value, place);
  });
}

function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('-', '_');
  return secretName.test(words.toLowerCase());
}
