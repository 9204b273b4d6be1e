/** Of more than these, the first ones are told. */
const maxNamed = 50;

/** Says which columns a source has for the first time; undefined where none is new, or nothing is known of before. */
export function describeNewColumns(
  where: 'this file' | 'the source',
  before: readonly string[] | undefined,
  now: readonly string[] | undefined,
): string | undefined {
  const added = before === undefined ? [] : (now ?? []).filter((column) => !before.includes(column));
  if (added.length === 0) return undefined;
  const named = added.slice(0, maxNamed).map((column) => `"${column}"`);
  const more = added.length > maxNamed ? `, and ${added.length - maxNamed} more` : '';
  return `New in ${where}: ${named.join(', ')}${more}. Map what you need of it.`;
}
