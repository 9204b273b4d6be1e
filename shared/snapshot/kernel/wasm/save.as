// Writes the slots of the next baseline: those of the old one and the new ones, merged in order.
import { allocate } from './memory';
import { ABSENT, ROW_HASH, SLOT, base, baseCount, freshEnd, freshStart, isSeen } from './table';

let output: usize = 0;
let outputLimit: u32 = 0;
let nextBase: usize = 0;
let nextFresh: usize = 0;
let keepsUnseen: bool = false;

export function openSave(slots: u32): void {
  output = allocate(SLOT * slots);
  outputLimit = slots;
}

/** `unseen`: keep the slots that were not seen. */
export function startSave(unseen: bool): void {
  keepsUnseen = unseen;
  nextBase = base;
  nextFresh = freshStart();
}

export function outputAt(): usize {
  return output;
}

@inline function toFresh(): void {
  const end = freshEnd();
  while (nextFresh < end && (load<u64>(nextFresh) == 0 || load<u64>(nextFresh, ROW_HASH) == ABSENT)) nextFresh += SLOT;
}

@inline function put(to: usize, slot: usize): void {
  v128.store(to, v128.load(slot));
  v128.store(to, v128.load(slot, 16), 16);
}

/** Puts the next slots into the output; how many, 0 when there are no more. */
export function saveSlots(): u32 {
  const baseEnd = base + <usize>baseCount * SLOT;
  const end = freshEnd();
  let count: u32 = 0;
  let to = output;
  toFresh();
  while (count < outputLimit) {
    const isFresh = nextFresh < end;
    if (nextBase < baseEnd && (!isFresh || isBaseNext())) {
      if (keepsUnseen || isSeen(nextBase)) {
        put(to, nextBase);
        to += SLOT;
        count++;
      }
      nextBase += SLOT;
    } else if (isFresh) {
      put(to, nextFresh);
      to += SLOT;
      count++;
      nextFresh += SLOT;
      toFresh();
    } else {
      break;
    }
  }
  return count;
}

@inline function isBaseNext(): bool {
  const key0 = load<u64>(nextBase);
  const other = load<u64>(nextFresh);
  return key0 < other || (key0 == other && load<u64>(nextBase, 8) < load<u64>(nextFresh, 8));
}
