import { configError } from '../config.ts';

/** A trigger's `path`, such as `drops/{dealerId}/{name}`: a container, and a pattern of the names of its blobs. */
export interface PathPattern {
  readonly container: string;
  /** What every name that fits begins with; empty: all are to be looked at. */
  readonly prefix: string;
  /** What the expressions stand for in that name; undefined where it doesn't fit. */
  match(name: string): Readonly<Record<string, string>> | undefined;
}

/**
 * An expression takes as little as it can and no `/`, but for the last one, which takes the rest: a blob in a folder
 * deeper down fits too (https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-blob-trigger).
 * @throws AdpError CONFIG_ERROR
 */
export function parsePathPattern(path: string, where: string): PathPattern {
  const slash = path.indexOf('/');
  const container = slash < 0 ? path : path.slice(0, slash);
  if (!/^[a-z0-9](?:-?[a-z0-9]){2,62}$/.test(container)) {
    throw configError(`${where}: "${path}" must begin with the name of a container`);
  }
  const parts = (slash < 0 ? '{name}' : path.slice(slash + 1)).split(/\{([^{}]*)\}/);
  const names = parts.filter((_, index) => index % 2 === 1);
  if (names.some((name) => !/^[A-Za-z]\w*$/.test(name)) || new Set(names).size !== names.length) {
    throw configError(`${where}: an expression in "${path}" must be a name in braces, and each stand there once`);
  }
  const last = names.length * 2 - 1;
  const source = parts
    .map((part, index) => {
      if (index % 2 === 0) return part.replaceAll(/[\\^$.*+?()[\]|]/g, '\\$&');
      return index === last ? `(?<${part}>.+)` : `(?<${part}>[^/]+?)`;
    })
    .join('');
  const pattern = new RegExp(`^${source}$`, 's');
  return { container, prefix: parts[0] ?? '', match: (name) => pattern.exec(name)?.groups };
}
