import type { SnapshotBlobs } from '../../shared/sync/diff/snapshotBlobs.ts';

/** The container `snapshots` in memory: a blob is there once it is closed. */
export function memorySnapshotBlobs(): SnapshotBlobs & { readonly blobs: Map<string, Buffer> } {
  const blobs = new Map<string, Buffer>();
  return {
    blobs,
    async open(name) {
      const content = blobs.get(name);
      return content === undefined ? undefined : pieces(content);
    },
    create(name) {
      const chunks: Buffer[] = [];
      return {
        async write(bytes) {
          chunks.push(Buffer.from(bytes));
        },
        async close() {
          blobs.set(name, Buffer.concat(chunks));
        },
      };
    },
    async remove(name) {
      blobs.delete(name);
    },
  };
}

async function* pieces(content: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 1_000) yield content.subarray(at, at + 1_000);
}
