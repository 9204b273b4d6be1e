import { AdpError } from '../../shared/errors.ts';
import type { StagingBlobs } from '../../shared/sync/poll/stagingBlobs.ts';

/** The container `staging` in memory: blocks that were put aside, and blobs that were put together of them. */
export function memoryStagingBlobs(): StagingBlobs & { readonly blobs: Map<string, Buffer> } {
  const aside = new Map<string, Buffer>();
  const blobs = new Map<string, Buffer>();
  const parts = new Map<string, Map<string, Buffer>>();
  return {
    blobs,
    async stage(name, blockId, content) {
      aside.set(`${name} ${blockId}`, Buffer.from(content));
    },
    async commit(name, blockIds) {
      const there = blockIds.map((id) => {
        const block = aside.get(`${name} ${id}`) ?? parts.get(name)?.get(id);
        if (block === undefined) throw new AdpError('CONFLICT', `The block ${id} is gone.`);
        return [id, block] as const;
      });
      for (const key of aside.keys()) if (key.startsWith(`${name} `)) aside.delete(key);
      parts.set(name, new Map(there));
      blobs.set(name, Buffer.concat(there.map(([, block]) => block)));
    },
    async open(name) {
      const content = blobs.get(name);
      return content === undefined ? undefined : pieces(content);
    },
    async remove(name) {
      if (!blobs.delete(name)) return;
      parts.delete(name);
    },
  };
}

async function* pieces(content: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 1_000) yield content.subarray(at, at + 1_000);
}
