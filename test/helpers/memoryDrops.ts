import type { DropBlob, DropStore } from '../../shared/sync/drops/dropStore.ts';

export interface MemoryDrops extends DropStore {
  /** As somebody who uploads straight into the container. */
  put(path: string, content: string | Uint8Array, arrivedAt?: Date): DropBlob;
  content(path: string): string | undefined;
  /** Called before each call of that kind. */
  before: (call: 'find' | 'freeze' | 'read' | 'write' | 'stream') => void;
}

/** The container `drops` in memory. */
export function memoryDrops(now: () => number): MemoryDrops {
  const blobs = new Map<string, { blob: DropBlob; content: Buffer }>();
  const frozen = new Map<string, Buffer>();
  let etags = 0;
  const set = (content: Uint8Array, blob: Omit<DropBlob, 'etag' | 'bytes'>): DropBlob => {
    const made = { ...blob, etag: `"${++etags}"`, bytes: content.byteLength };
    blobs.set(blob.path, { blob: made, content: Buffer.from(content) });
    return made;
  };
  const drops: MemoryDrops = {
    before: () => {},
    put: (path, content, arrivedAt = new Date(now())) =>
      set(Buffer.from(content), { path, arrivedAt, modifiedAt: arrivedAt, mark: undefined, belongsTo: undefined }),
    content: (path) => blobs.get(path)?.content.toString(),
    async find(path) {
      drops.before('find');
      return blobs.get(path)?.blob;
    },
    async *list(prefix = '') {
      for (const path of [...blobs.keys()].filter((name) => name.startsWith(prefix)).sort()) {
        const one = blobs.get(path);
        if (one !== undefined) yield one.blob;
      }
    },
    async freeze(path, etag) {
      drops.before('freeze');
      const one = blobs.get(path);
      if (one?.blob.etag !== etag) return undefined;
      frozen.set(`${path}@${etag}`, one.content);
      return `@${etag}`;
    },
    open(path, snapshot, bytes) {
      const content = frozen.get(path + snapshot) ?? Buffer.alloc(0);
      return {
        size: bytes,
        read: async (offset, length) => content.subarray(offset, offset + length),
        async *stream() {
          drops.before('stream');
          yield content;
        },
      };
    },
    async read(path, etag) {
      drops.before('read');
      const one = blobs.get(path);
      return one?.blob.etag === etag ? one.content : undefined;
    },
    async write(path, content, { modifiedAt, mark, belongsTo }) {
      drops.before('write');
      const chunks = await Array.fromAsync(content);
      set(Buffer.concat(chunks), { path, arrivedAt: new Date(now()), modifiedAt, mark, belongsTo });
    },
  };
  return drops;
}
