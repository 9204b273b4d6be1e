import type { Blobs } from '../../shared/store/blobs.ts';

/** Blobs in memory. */
export function memoryBlobs(): Blobs & { readonly blobs: Map<string, Buffer> } {
  const blobs = new Map<string, Buffer>();
  return {
    blobs,
    async create(name, content) {
      if (!blobs.has(name)) blobs.set(name, content);
    },
    read: async (name) => blobs.get(name),
  };
}
