import type { BlobWriter, SnapshotBlobs } from '../sync/diff/snapshotBlobs.ts';
import type { RawBlobs } from './blobs.ts';

/** What is asked for, and sent, at once. */
const pieceBytes = 4 * 1024 * 1024;

/** The blobs of the container `snapshots`, written and read in pieces: each is tried again by itself. */
export function snapshotBlobsIn(blobs: RawBlobs): SnapshotBlobs {
  return {
    open: (name) => openPieces(blobs, name),
    create: (name) => writerOf(blobs, name),
    remove: (name) => blobs.remove(name),
  };
}

/** A blob from its start, in pieces; undefined where there is none. */
export async function openPieces(blobs: RawBlobs, name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  const bytes = await blobs.sizeOf(name);
  return bytes === undefined ? undefined : pieces(blobs, name, bytes);
}

async function* pieces(blobs: RawBlobs, name: string, bytes: number): AsyncGenerator<Uint8Array> {
  const read = (offset: number) =>
    offset < bytes ? blobs.readPiece(name, offset, Math.min(pieceBytes, bytes - offset)) : undefined;
  let next = read(0);
  for (let offset = pieceBytes; next !== undefined; offset += pieceBytes) {
    const piece = await next;
    next = read(offset);
    // Where nobody asks any more, it fails unseen.
    next?.catch(() => undefined);
    yield piece;
  }
}

function writerOf(blobs: RawBlobs, name: string): BlobWriter {
  let piece = Buffer.allocUnsafe(64 * 1024);
  let filled = 0;
  const ids: string[] = [];
  let sending: Promise<void> = Promise.resolve();

  const send = async () => {
    await sending;
    const content = piece.subarray(0, filled);
    const id = Buffer.from(String(ids.length).padStart(8, '0')).toString('base64');
    ids.push(id);
    sending = blobs.stage(name, id, content);
    sending.catch(() => 'Whoever writes next, or closes, is told.');
    piece = Buffer.allocUnsafe(pieceBytes);
    filled = 0;
  };

  return {
    async write(bytes) {
      for (let taken = 0; taken < bytes.byteLength; ) {
        if (filled === piece.length && filled < pieceBytes) {
          const larger = Buffer.allocUnsafe(Math.min(pieceBytes, 4 * filled));
          piece.copy(larger, 0, 0, filled);
          piece = larger;
        }
        const some = bytes.subarray(taken, taken + piece.length - filled);
        piece.set(some, filled);
        filled += some.byteLength;
        taken += some.byteLength;
        if (filled === pieceBytes) await send();
      }
    },
    async close() {
      if (filled > 0) await send();
      await sending;
      await blobs.commit(name, ids);
    },
  };
}
