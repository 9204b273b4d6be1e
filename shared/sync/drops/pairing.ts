import type { DropBlob } from './dropStore.ts';

/**
 * Whether a manifest speaks of the file that lies beside it.
 * - `fits`: it does
 * - `older`: it was written before the file, so perhaps for the last one of that name
 * - `not yet`: it was copied for another state of the file: the copy of the file is under way
 */
export type Pairing = 'none' | 'fits' | 'older' | 'not yet';

export function pairingOf(file: DropBlob, manifest: DropBlob | undefined): Pairing {
  if (manifest === undefined) return 'none';
  if (manifest.belongsTo !== undefined && manifest.belongsTo === file.mark) return 'fits';
  // Storage tells whole seconds.
  const second = (time: Date) => Math.floor(time.getTime() / 1_000);
  if (second(manifest.modifiedAt) < second(file.modifiedAt)) return 'older';
  return manifest.belongsTo === undefined ? 'fits' : 'not yet';
}
