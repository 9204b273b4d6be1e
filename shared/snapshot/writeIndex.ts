import type { ByteSink } from './bytes.ts';
import { hashText, toBytes } from './hash64.ts';
import { type IndexHeader, prefixBytes, writeIndexHeader } from './indexHeader.ts';
import type { Kernel } from './kernel/kernel.ts';

/** Writes the kernel's slots as an index. `unseen`: those of keys that were not seen stay. */
export async function writeIndex(kernel: Kernel, sink: ByteSink, header: IndexHeader, unseen: boolean): Promise<void> {
  const start = writeIndexHeader(header);
  let checksum = hashText(start.subarray(prefixBytes));
  await sink.write(start);
  kernel.startSave(unseen);
  for (let slots = kernel.saveSlots(); slots > 0; slots = kernel.saveSlots()) {
    checksum = kernel.hashOutput(slots, checksum);
    await sink.write(kernel.output(slots));
  }
  await sink.write(toBytes(checksum));
}
