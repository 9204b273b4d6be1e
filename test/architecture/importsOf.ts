import { posix } from 'node:path';

export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** A path from the root for a file of ours, else a package or `node:` module. */
  readonly target: string;
  /** Nothing remains of it at run time. */
  readonly isTypeOnly: boolean;
}

const statement = /^[ \t]*(?:import|export)\b([^'";()]*)\bfrom[ \t\n]*['"]([^'"\n]+)['"]/gm;
const bare = /^[ \t]*import[ \t]*['"]([^'"\n]+)['"]/gm;
const call = /\b(?:import|require)\([ \t\n]*['"]([^'"\n]+)['"]/g;

/** What the file at `path` imports or re-exports, also by `import()` and `require()`. */
export function importsOf(path: string, text: string): Import[] {
  const toImport = (specifier: string, isTypeOnly: boolean): Import => ({
    specifier,
    target: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier,
    isTypeOnly,
  });
  return [
    ...[...text.matchAll(statement)].map(([, clause = '', specifier = '']) =>
      toImport(specifier, isTypeClause(clause)),
    ),
    ...[...text.matchAll(bare)].map(([, specifier = '']) => toImport(specifier, false)),
    ...[...text.matchAll(call)].map(([, specifier = '']) => toImport(specifier, false)),
  ];
}

/** `type { A }`, and `{ type A, type B }`, of which verbatimModuleSyntax keeps an import without names. */
function isTypeClause(clause: string): boolean {
  return /^\s*type\b(?!\s*,)/.test(clause);
}

/** `@azure/cosmos` of `@azure/cosmos/dist/x.js`, `ajv` of `ajv/dist/2020.js`. */
export function packageOf(target: string): string {
  return target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');
}
