/** A name as SQL writes one that may hold anything. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
