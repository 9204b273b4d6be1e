// Builds the kernel's WebAssembly from wasm/*.as into wasmCode.ts, which is committed so that a clone needs no build.
//
//   node shared/snapshot/kernel/build.ts          writes it
//   node shared/snapshot/kernel/build.ts --check  fails when what is committed is not what the source builds
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';

const target = join(import.meta.dirname, 'wasmCode.ts');

/** The module, and what the compiler had to say. @throws Error with the compiler's messages */
async function compile(): Promise<Uint8Array> {
  const built: Uint8Array[] = [];
  const { error, stderr } = await asc.main(
    ['kernel.ts', '-o', 'kernel.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'].concat([
      '--use',
      'abort=',
      '--maximumMemory',
      '65536',
      '--initialMemory',
      '1',
      '--noColors',
    ]),
    {
      // The files are called .as: the compiler's dialect is no TypeScript that others could check.
      readFile: (name) => (name.endsWith('.ts') && !name.includes('node_modules') ? read(name) : null),
      writeFile: (_name, contents) => {
        built.push(typeof contents === 'string' ? Buffer.from(contents) : contents);
      },
      listFiles: () => [],
    },
  );
  const [code] = built;
  if (error || !code) {
    throw new Error(`The kernel does not compile.\n${stderr.toString()}`, { cause: error });
  }
  return code;
}

function read(name: string): string | null {
  try {
    return readFileSync(join(import.meta.dirname, 'wasm', name.replace(/\.ts$/, '.as')), 'utf8');
  } catch {
    return null;
  }
}

/** The source of `wasmCode.ts`. */
async function source(): Promise<string> {
  const code = Buffer.from(await compile()).toString('base64');
  return `// Made by build.ts from wasm/*.as: change those, then run it.\nexport const wasmCode =\n  '${code}';\n`;
}

const text = await source();
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    process.stderr.write('shared/snapshot/kernel/wasmCode.ts is not what its source builds: run build.ts there.\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, text);
}
