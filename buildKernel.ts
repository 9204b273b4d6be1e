// Builds the WebAssembly of the snapshot kernel from its source into wasmCode.ts, which is committed, so that neither a
// clone nor the build of dist/ needs a compiler.
//
//   node buildKernel.ts          writes it
//   node buildKernel.ts --check  fails when what is committed is not what the source builds
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** AssemblyScript's compiler, as far as we need it: its own types declare its globals for every file of ours. */
interface Compiler {
  main(
    options: readonly string[],
    files: {
      readFile(name: string): string | null;
      writeFile(name: string, contents: string | Uint8Array): void;
      listFiles(): string[];
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}

const compiler: string = 'assemblyscript/asc';
const { default: asc }: { readonly default: Compiler } = await import(compiler);

const folder = join(import.meta.dirname, 'shared', 'snapshot', 'kernel');
const target = join(folder, 'wasmCode.ts');

const code = Buffer.from(await compile()).toString('base64');
const text = `// Made by buildKernel.ts from wasm/*.as: change those, then run it.\nexport const wasmCode =\n  '${code}';\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('shared/snapshot/kernel/wasmCode.ts is not what its source builds: run node buildKernel.ts\n');
  process.exitCode = 1;
}

/** @throws Error with the compiler's messages */
async function compile(): Promise<Uint8Array> {
  const built: Uint8Array[] = [];
  const { error, stderr } = await asc.main(
    ['kernel.ts', '-o', 'kernel.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'].concat([
      ...['--use', 'abort=', '--maximumMemory', '65536', '--initialMemory', '1', '--noColors'],
    ]),
    {
      // The files are called .as: the compiler's dialect is no TypeScript that others could check.
      readFile: (name) => (name.endsWith('.ts') && !name.includes('node_modules') ? readSource(name) : null),
      writeFile: (_name, contents) => {
        built.push(typeof contents === 'string' ? Buffer.from(contents) : contents);
      },
      listFiles: () => [],
    },
  );
  const [wasm] = built;
  if (error || !wasm) {
    throw new Error(`The kernel does not compile.\n${stderr.toString()}`, { cause: error });
  }
  return wasm;
}

function readSource(name: string): string | null {
  try {
    return readFileSync(join(folder, 'wasm', name.replace(/\.ts$/, '.as')), 'utf8');
  } catch {
    return null;
  }
}
