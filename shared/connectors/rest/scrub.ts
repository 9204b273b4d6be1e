import { withoutSecrets } from '../../errors.ts';

/**
 * What takes one source's secret out of a text that people will see.
 * @param secret a text, or JSON whose texts are secrets
 */
export function scrubber(secret: string | undefined): (text: string) => string {
  const secrets = secretsOf(secret);
  return (text) =>
    withoutSecrets(text, secrets)
      .replace(/\b(bearer|basic)\s+[^\s"',;]+/gi, '$1 ***')
      .replace(/\beyJ[\w-]{1,4000}\.[\w-]+(?:\.[\w-]*)?/g, '***');
}

function secretsOf(secret: string | undefined): string[] {
  if (secret === undefined || secret === '') return [];
  try {
    return [secret, ...leavesOf(JSON.parse(secret))];
  } catch {
    return [secret];
  }
}

/** All texts but those that are no secrets: words that any answer may hold. */
function leavesOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => (openMembers.has(name) ? [] : leavesOf(member)));
}

const openMembers = new Set([
  'kind',
  'header',
  'query',
  'token_url',
  'scope',
  'audience',
  'username',
  'client_id',
  'client_authentication',
  'issuer',
  'subject',
  'key_id',
  'algorithm',
]);
