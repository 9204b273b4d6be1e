import type { Format } from '../shared/formats/format.ts';

/** Reads a body that arrives in chunks as large as those of a socket, and gives how many rows it has. */
export async function countRows(format: Format, body: Buffer): Promise<number> {
  let rows = 0;
  for await (const page of format.read(inChunks(body))) {
    rows += page.length;
  }
  return rows;
}

/** Milliseconds that the work takes; what it gives must be `expected`, else the comparison is void. */
export async function timed(expected: number, work: () => number | Promise<number>): Promise<number> {
  const start = performance.now();
  const rows = await work();
  const elapsed = performance.now() - start;
  if (rows !== expected) {
    throw new Error(`${rows} rows were read where there are ${expected}`);
  }
  return elapsed;
}

async function* inChunks(body: Buffer): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < body.length; start += 64 * 1024) {
    yield body.subarray(start, start + 64 * 1024);
  }
}

/** Stock rows as a dealer sends them; none of the numbers needs its text kept. */
export function stockRows(count: number): Record<string, string | number>[] {
  return Array.from({ length: count }, (_, index) => ({
    part_number: `AR-${5_000_000 + index}`,
    branch_code: `${(index % 7) + 1}`,
    bin: `A${index % 100}-${index % 13}`,
    on_hand: index % 977,
    available: (index % 31) + 0.25,
    last_sold_date: `2025-0${(index % 9) + 1}-17`,
  }));
}
