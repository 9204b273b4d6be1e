import { type ByteSource, readFully } from './bytes.ts';
import { fromBytes, hashText } from './hash64.ts';
import {
  checksumBytes,
  type Expected,
  headerLength,
  type IndexHeader,
  misfit,
  parseIndexHeader,
  prefixBytes,
} from './indexHeader.ts';
import { type Hash64, type Kernel, slotBytes } from './kernel/kernel.ts';

/** A baseline that was read into the kernel, or why it is void. */
export type ReadIndex = { readonly header: IndexHeader } | { readonly void: string };

/** Slots that one step of the checksum covers. */
export const checkedSlots = 8192;
/** What the kernel's 4 GiB of address space can hold beside the rest. */
const maxSlots = 100_000_000;
const readBytes = 1024 * 1024;

/**
 * Reads an index into the kernel. One that is damaged, cut off, or made by other rules is void and leaves nothing
 * behind; nothing is thrown for it. Errors of the source pass through.
 */
export async function readIndex(kernel: Kernel, source: ByteSource, expected: Expected): Promise<ReadIndex> {
  const prefix = Buffer.alloc(prefixBytes);
  await readFully(source, prefix);
  const length = headerLength(prefix);
  if (length === undefined) {
    return { void: 'it is no index of this program' };
  }
  const json = Buffer.alloc(length);
  if ((await readFully(source, json)) < length) {
    return { void: 'it is cut off' };
  }
  const header = parseIndexHeader(json);
  if (!header || header.count > maxSlots) {
    return { void: 'it was made by another version' };
  }
  const reason = misfit(header, expected) ?? (await readSlots(kernel, source, header.count, hashText(json)));
  return reason === undefined ? { header } : { void: reason };
}

async function readSlots(
  kernel: Kernel,
  source: ByteSource,
  count: number,
  headerHash: Hash64,
): Promise<string | undefined> {
  const total = count * slotBytes;
  kernel.reserveBase(count);
  for (let at = 0; at < total; at += readBytes) {
    const end = Math.min(at + readBytes, total);
    if ((await readFully(source, kernel.baseSpace(at, end))) < end - at) {
      kernel.voidBase();
      return 'it is cut off';
    }
  }
  let checksum = headerHash;
  for (let slot = 0; slot < count; slot += checkedSlots) {
    checksum = kernel.hashBase(slot, Math.min(checkedSlots, count - slot), checksum);
  }
  const trailer = Buffer.alloc(checksumBytes + 1);
  const isWhole = (await readFully(source, trailer)) === checksumBytes;
  const written = fromBytes(trailer);
  if (!isWhole || written.low !== checksum.low || written.high !== checksum.high || !kernel.indexBase()) {
    kernel.voidBase();
    return 'it is damaged';
  }
  return undefined;
}
