// Loads an app as the Functions worker does and prints the milliseconds that it took, how many functions were registered,
// and which files of the entry's folder were loaded: node startProbe.ts ENTRY
import Module, { createRequire } from 'node:module';
import { basename, dirname, resolve } from 'node:path';

let functions = 0;
const core = {
  version: '3.12.0',
  hostVersion: '4.1044.0',
  Disposable: class {},
  log() {},
  setProgrammingModel() {},
  getProgrammingModel() {},
  registerHook() {},
  registerFunction() {
    functions += 1;
  },
};

// As the worker supplies the module, which exists on no disk (setupCoreModule.ts of azure-functions-nodejs-worker).
const load = Module.prototype.require;
Module.prototype.require = function require(this: Module, id: string) {
  return id === '@azure/functions-core' ? core : load.call(this, id);
};

const entry = resolve(process.argv[2] ?? '');
const start = performance.now();
const require = createRequire(entry);
require(entry);
const milliseconds = performance.now() - start;
const files = Object.keys(require.cache)
  .filter((path) => dirname(path) === dirname(entry))
  .map((path) => basename(path));
console.log(JSON.stringify({ milliseconds, functions, files }));
// An app may have timers and connections; only its start is measured.
process.exit(0);
