/**
 * Azure File Sync keeps both sides of a conflict: the copy is called `{name}-{server}[-{number}].{ext}`, the server's
 * name in letters and digits, or `Cloud`.
 * https://learn.microsoft.com/azure/storage/file-sync/file-sync-planning (conflict resolution)
 *
 * @returns the name of which `file` is a conflict copy; undefined where `isKnown` knows none such
 */
export function conflictCopyOf(file: string, isKnown: (name: string) => boolean): string | undefined {
  const dot = file.indexOf('.');
  const [stem, ending] = dot < 0 ? [file, ''] : [file.slice(0, dot), file.slice(dot)];
  for (let dash = stem.lastIndexOf('-'); dash > 0; dash = stem.lastIndexOf('-', dash - 1)) {
    const original = stem.slice(0, dash) + ending;
    if (/^-[A-Za-z][A-Za-z0-9-]*(?:-\d+)?$/.test(stem.slice(dash)) && isKnown(original)) return original;
  }
  return undefined;
}
