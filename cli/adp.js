#!/usr/bin/env node
// Plain JavaScript, so that `npx adp` finds it before any build and whatever Node the machine has: the sources behind it
// need Node 24, which the package `node` pins.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

if (Number.parseInt(process.versions.node, 10) >= 24) {
  // A few hundred sources are stripped of their types and compiled once. Where that can't be kept, each time.
  module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/adp', import.meta.url)));
  await import('./main.ts');
} else {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(`adp needs Node 24, this is ${process.versions.node}: run npm ci, which brings it along`);
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches both processes: the child ends in its own way, and this one repeats how.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}

function pinnedNode() {
  try {
    const require = createRequire(import.meta.url);
    const manifest = require.resolve('node/package.json');
    // An older one, of a folder above or of an install that was not renewed, would only call itself again.
    if (Number.parseInt(require(manifest).version, 10) < 24) return undefined;
    const bin = path.join(path.dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(bin) ? bin : undefined;
  } catch {
    return undefined;
  }
}
