import type { DropStore } from '../sync/drops/dropStore.ts';
import type { BlobContainer, BlobFacts } from './blobs.ts';

/** The container `drops` as the arrivals see it. */
export function dropsIn(container: BlobContainer): DropStore {
  return {
    async find(path) {
      const facts = await container.find(path);
      return facts && toDrop(facts);
    },
    async *list(prefix) {
      for await (const facts of container.list(prefix)) yield toDrop(facts);
    },
    freeze: (path, etag) => container.freeze(path, etag),
    open: (path, snapshot, bytes) => ({
      size: bytes,
      read: (offset, length) => container.range(path, snapshot, offset, length),
      stream: () => container.stream(path, snapshot),
    }),
    read: (path, etag) => container.readState(path, etag),
    async write(path, content, { modifiedAt, mark, belongsTo }) {
      await container.replace(path, content, {
        [names.modifiedAt]: modifiedAt.toISOString(),
        [names.mark]: mark,
        ...(belongsTo === undefined ? {} : { [names.belongsTo]: belongsTo }),
      });
    },
  };
}

/** Metadata of a blob; their names must be identifiers of C#. */
const names = { modifiedAt: 'modified_at', mark: 'mark', belongsTo: 'belongs_to' } as const;

function toDrop({ name, etag, bytes, lastModified, metadata }: BlobFacts) {
  const modifiedAt = new Date(metadata[names.modifiedAt] ?? Number.NaN);
  // A share's clock may be ahead of ours; what a file says can't be newer than its arrival.
  const isPlausible = modifiedAt.getTime() <= lastModified.getTime();
  return {
    path: name,
    etag,
    bytes,
    arrivedAt: lastModified,
    modifiedAt: isPlausible ? modifiedAt : lastModified,
    mark: metadata[names.mark],
    belongsTo: metadata[names.belongsTo],
  };
}
