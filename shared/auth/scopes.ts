/** What a key may do to one dealer's data. */
export type DealerScope = 'ingest' | 'read';

/** What a key may do: everything, or one thing to one dealer. */
export type Scope = 'admin' | `${DealerScope}:${string}`;

export const scopePattern = '^(admin|(ingest|read):[a-z0-9][a-z0-9_-]{1,62})$';

const scope = new RegExp(scopePattern);

export function isScope(text: string): text is Scope {
  return scope.test(text);
}
