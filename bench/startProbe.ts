// Loads an app as the Functions worker does and prints the milliseconds that it took, and how many functions were
// registered: node startProbe.ts ENTRY
import Module, { createRequire } from 'node:module';
import { resolve } from 'node:path';

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
createRequire(entry)(entry);
console.log(JSON.stringify({ milliseconds: performance.now() - start, functions }));
// An app may have timers and connections; only its start is measured.
process.exit(0);
