import type { Clock } from '../../clock.ts';
import { AdpError } from '../../errors.ts';
import type { DropStore } from './dropStore.ts';
import { isIgnored } from './ignored.ts';
import { manifestPathOf, manifestsAmong, maxManifestBytes, parseManifest } from './manifest.ts';
import { placeOf } from './place.ts';
import type { SeenFile, SeenStore, Share, SharedFile } from './share.ts';

export interface ScanDeps {
  readonly share: Share;
  readonly seen: SeenStore;
  readonly drops: Pick<DropStore, 'find' | 'write'>;
  readonly clock: Clock;
  /** Takes what went wrong with one file or folder: the next scan tries it again. */
  readonly onFailure: (path: string, error: unknown) => void;
}

/** Where one scan is late the next one comes at once: what looks the same in both may be written still. */
const leastStillMs = 1_000;

/**
 * Copies files that are new or have changed from a share into `drops`, under the same path, a manifest under that of its
 * file, and touches nothing in the share. A file is copied once it is complete: it looks the same in two scans, at least
 * a second apart, or its manifest lies beside it, which is written last. Twice is harmless: the copy says which state of
 * the file it is. Answers how many were copied.
 */
export async function scanShare(deps: ScanDeps): Promise<number> {
  const before = new Map<string, SeenFile>();
  for await (const file of deps.seen.all()) before.set(file.path, file);
  const now = new Map<string, SharedFile>();
  const unseen = new Set<string>();
  const onUnseen = (path: string, error: unknown) => {
    unseen.add(path);
    deps.onFailure(path, error);
  };
  for await (const file of deps.share.list(onUnseen)) {
    if (!isIgnored(placeOf(file.path).file)) now.set(file.path, file);
  }

  const manifests = manifestsOf(now);
  const along = new Set(manifests.values());
  let copied = 0;
  for (const file of now.values()) {
    if (along.has(file)) continue;
    try {
      if (await scanFile(file, manifests.get(file.path), before, deps)) copied++;
    } catch (error) {
      deps.onFailure(file.path, error);
    }
  }
  for (const path of before.keys()) {
    // What could not be looked at is there still, as far as anybody knows.
    const isUnseen = path.split('/').some((_, at, parts) => unseen.has(parts.slice(0, at + 1).join('/')));
    if (!now.has(path) && !isUnseen) await deps.seen.forget(path);
  }
  return copied;
}

/**
 * The manifests that lie beside their file, by its path: they go with it. File servers know no upper and lower case, so
 * that a manifest may write its file's name in another way, unless there is one that is called just so.
 */
function manifestsOf(files: ReadonlyMap<string, SharedFile>): Map<string, SharedFile> {
  const folded = (path: string) => path.replace(/[^/]*$/, (name) => name.toLowerCase());
  const byName = new Map([...files.keys()].map((path) => [folded(path), path]));
  const manifests = new Map<string, SharedFile>();
  for (const [named, manifest] of manifestsAmong(files.values())) {
    const path = files.has(named) ? named : byName.get(folded(named));
    if (path !== undefined && (path === named || !manifests.has(path))) manifests.set(path, manifest);
  }
  return manifests;
}

/** True if the file was copied. */
async function scanFile(
  file: SharedFile,
  manifest: SharedFile | undefined,
  before: ReadonlyMap<string, SeenFile>,
  deps: ScanDeps,
): Promise<boolean> {
  const isCopied = (one: SharedFile) => {
    const seen = before.get(one.path);
    return seen?.mark === one.mark && seen.isCopied;
  };
  if (isCopied(file) && (manifest === undefined || isCopied(manifest))) return false;
  if (!(await isComplete(file, manifest, before, deps))) {
    await note(file, before, deps);
    if (manifest !== undefined) await note(manifest, before, deps);
    return false;
  }
  // The manifest first: no one must take the file before it is there. Its mark keeps it from the file of yesterday.
  if (manifest !== undefined && !(isCopied(manifest) && isOlder(manifest, file))) {
    await copy(manifest, manifestPathOf(file.path), isOlder(manifest, file) ? undefined : file.mark, deps);
  }
  if (!isCopied(file)) await copy(file, file.path, undefined, deps);
  return true;
}

/** Remembers how a file looked in this scan. */
async function note({ path, mark }: SharedFile, before: ReadonlyMap<string, SeenFile>, deps: ScanDeps): Promise<void> {
  if (before.get(path)?.mark === mark) return;
  await deps.seen.save({ path, mark, since: deps.clock(), isCopied: false });
}

async function isComplete(
  file: SharedFile,
  manifest: SharedFile | undefined,
  before: ReadonlyMap<string, SeenFile>,
  deps: ScanDeps,
): Promise<boolean> {
  const seen = before.get(file.path);
  const isStill = seen?.mark === file.mark && Math.abs(deps.clock() - seen.since) >= leastStillMs;
  if (manifest === undefined) return isStill;
  if (isOlder(manifest, file)) return isStill;
  if (before.get(manifest.path)?.mark === manifest.mark) return true;
  return await isWhole(manifest, deps);
}

/** Written before its file, so perhaps for the last one of that name: it says nothing of whether this one is complete. */
function isOlder(manifest: SharedFile, file: SharedFile): boolean {
  return manifest.modifiedAt < file.modifiedAt;
}

async function isWhole(manifest: SharedFile, { share }: ScanDeps): Promise<boolean> {
  if (manifest.bytes > maxManifestBytes) return true;
  const chunks: Uint8Array[] = [];
  for await (const chunk of share.read(manifest)) chunks.push(chunk);
  try {
    parseManifest(Buffer.concat(chunks));
    return true;
  } catch (error) {
    if (error instanceof AdpError) return false;
    throw error;
  }
}

async function copy(file: SharedFile, to: string, belongsTo: string | undefined, deps: ScanDeps): Promise<void> {
  const { share, drops, seen, clock } = deps;
  const { path, mark, modifiedAt } = file;
  const there = await drops.find(to);
  // A crash after the copy and before the note.
  if (there?.mark !== mark || there.belongsTo !== belongsTo) {
    await drops.write(to, share.read(file), {
      modifiedAt,
      mark,
      ...(belongsTo === undefined ? {} : { belongsTo }),
    });
  }
  await seen.save({ path, mark, since: clock(), isCopied: true });
}
