/** `/dealers/acme/part_stock/records`, each part encoded, so that no name can leave its place in the path. */
export function pathOf(...parts: readonly string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
}
