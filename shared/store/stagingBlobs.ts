import type { StagingBlobs } from '../sync/poll/stagingBlobs.ts';
import type { RawBlobs } from './blobs.ts';
import { openPieces } from './snapshotBlobs.ts';

/** The blobs of the container `staging`. */
export function stagingBlobsIn(blobs: RawBlobs): StagingBlobs {
  return {
    stage: (name, blockId, content) => blobs.stage(name, blockId, content),
    commit: (name, blockIds) => blobs.commit(name, blockIds),
    open: (name) => openPieces(blobs, name),
    remove: (name) => blobs.remove(name),
  };
}
