import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { AdpError } from '../../shared/errors.ts';
import { pathOf } from '../paths.ts';
import { type Item, kindOrder } from './configuration.ts';
import { type Parsed, parseFile } from './parseFile.ts';

const extensions = ['.yaml', '.yml', '.json'];

/**
 * Reads configuration files, and the folders' own (not those of folders below), in the order in which the items are to
 * be put.
 *
 * @throws AdpError CONFIG_ERROR that lists every problem with its file and line
 */
export async function readFiles(names: readonly string[], cwd: string): Promise<Item[]> {
  const files = (await Promise.all(names.map((name) => expand(path.resolve(cwd, name), name)))).flat();
  const parsed: { readonly file: string; readonly content: Parsed }[] = [];
  const problems: string[] = [];
  for (const file of new Set(files)) {
    const shown = path.relative(cwd, file);
    const content = parseFile(await readFile(file, 'utf8'), path.extname(file));
    problems.push(
      ...content.problems.map(({ line, text }) => `${shown}${line === undefined ? '' : `:${line}`}: ${text}`),
    );
    parsed.push({ file: shown, content });
  }
  const items = problems.length > 0 ? [] : parsed.flatMap(({ file, content }) => itemsOf(content, file));
  problems.push(...duplicates(items));
  if (problems.length > 0) throw new AdpError('CONFIG_ERROR', problems.join('\n'));
  return items.toSorted((a, b) => kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind));
}

async function expand(file: string, name: string): Promise<string[]> {
  const info = await stat(file).catch(() => undefined);
  if (info === undefined) throw new AdpError('CONFIG_ERROR', `there is no file ${name}`);
  if (!info.isDirectory()) return [file];
  const found = (await readdir(file)).filter((entry) => extensions.includes(path.extname(entry))).sort();
  if (found.length === 0) throw new AdpError('CONFIG_ERROR', `${name} holds no ${extensions.join(', ')} file`);
  return found.map((entry) => path.join(file, entry));
}

/** A dealer that is named in several files: its own settings come from the one that has any. */
function itemsOf({ packs, dealers }: Parsed, file: string): Item[] {
  const items: Item[] = [];
  for (const [name, wanted] of Object.entries(packs)) {
    items.push({ kind: 'pack', name, path: pathOf('admin', 'packs', name), wanted, file });
  }
  for (const [id, { settings, sources }] of Object.entries(dealers)) {
    const dealerPath = pathOf('admin', 'dealers', id);
    if (Object.keys(settings).length > 0) {
      items.push({ kind: 'dealer', name: id, path: dealerPath, wanted: settings, file });
    }
    for (const [sourceId, wanted] of Object.entries(sources)) {
      items.push({ kind: 'source', name: `${id}/${sourceId}`, path: sourcePath(dealerPath, sourceId), wanted, file });
    }
  }
  return items;
}

function sourcePath(dealerPath: string, sourceId: string): string {
  return `${dealerPath}${pathOf('sources', sourceId)}`;
}

function duplicates(items: readonly Item[]): string[] {
  return [...Map.groupBy(items, (item) => `${item.kind} ${item.name}`)]
    .filter(([, same]) => same.length > 1)
    .map(([what, same]) => `${what} is in more than one file: ${same.map((item) => item.file).join(', ')}`);
}
