const quotedCharacters = 200;
/** Shorter texts are no secrets, and would tear holes into every word. */
const shortest = 4;

/**
 * A quotation without secrets, however they are written, cut to 200 characters. Cut last: half a secret would not be
 * recognised.
 */
export function scrub(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const form of [...new Set(secrets.filter(({ length }) => length >= shortest).flatMap(formsOf))].sort(byLength)) {
    clean = clean.replaceAll(form, '***');
  }
  return clean.length <= quotedCharacters ? clean : `${clean.slice(0, quotedCharacters)}…`;
}

function byLength(a: string, b: string): number {
  return b.length - a.length;
}

/** As it is, in a URL, in a form, in JSON. */
function formsOf(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ];
}
