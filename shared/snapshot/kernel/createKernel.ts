import type { Kernel } from './kernel.ts';
import { PlainKernel } from './plain/plainKernel.ts';
import { wasmKernel } from './wasmKernel.ts';

/** The fastest kernel that runs here: without a compiler (`node --jitless`) there is no WebAssembly. */
export function createKernel(): Kernel {
  return 'WebAssembly' in globalThis ? wasmKernel() : new PlainKernel();
}
