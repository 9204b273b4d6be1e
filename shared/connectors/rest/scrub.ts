const shortest = 4;

/**
 * What takes one source's secret out of a text that people will see.
 * @param secret a text, or JSON whose texts are secrets
 */
export function scrubber(secret: string | undefined): (text: string) => string {
  const secrets = secretsOf(secret).filter((text) => text.length >= shortest);
  const forms = secrets.flatMap((text) => [
    text,
    encodeURIComponent(text.toWellFormed()),
    JSON.stringify(text).slice(1, -1),
  ]);
  return (text) =>
    forms
      .reduce((scrubbed, form) => scrubbed.replaceAll(form, '***'), text)
      .replace(/\b(bearer|basic)\s+[^\s"',;]+/gi, '$1 ***')
      .replace(/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, '***');
}

function secretsOf(secret: string | undefined): string[] {
  if (secret === undefined || secret === '') return [];
  try {
    return [secret, ...leavesOf(JSON.parse(secret))];
  } catch {
    return [secret];
  }
}

/** All texts but the kind, which is a word that any answer may hold. */
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
  'in',
  'name',
]);
