// One bump allocator. Nothing is ever freed: a kernel serves one diff, and its memory goes with its instance.

let top: usize = 0;
let newest: usize = 0;

/** Rounded up to a cache line. Memory that nobody touches stays address space: generous buffers cost nothing. */
export function allocate(bytes: u64): usize {
  if (top == 0) top = (__heap_base + 127) & ~127;
  const start = top;
  newest = start;
  extendTo(<u64>start + bytes);
  return start;
}

/** Makes the newest allocation, which begins at `start`, longer without moving it. */
export function extend(start: usize, bytes: u64): void {
  if (start != newest) unreachable();
  extendTo(<u64>start + bytes);
}

function extendTo(wanted: u64): void {
  const end = (wanted + 127) & ~127;
  const have = <u64>memory.size() << 16;
  if (end > 0xffff0000) unreachable();
  if (end > have && memory.grow(<i32>((end - have + 65535) >> 16)) < 0) unreachable();
  top = <usize>end;
}
