import type { Format, FormatRow, ReadOptions } from '../../shared/formats/format.ts';

/** The bytes as a stream of chunks of that size; each chunk is memory of its own, as from a socket. */
export async function* inChunks(data: Uint8Array | string, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(data);
  for (let start = 0; start < bytes.length; start += size) {
    yield Uint8Array.from(bytes.subarray(start, start + size));
  }
}

export async function readRows(
  format: Format,
  data: Uint8Array | string,
  options?: ReadOptions,
  chunkSize?: number,
): Promise<FormatRow[]> {
  const rows: FormatRow[] = [];
  for await (const page of format.read(inChunks(data, chunkSize), options)) {
    rows.push(...page);
  }
  return rows;
}

export function valuesOf(rows: readonly FormatRow[]): Record<string, unknown>[] {
  return rows.flatMap((row) => ('values' in row ? [row.values] : []));
}

export function errorsOf(rows: readonly FormatRow[]): { row: number; error: string; raw: string }[] {
  return rows.flatMap((row) => ('error' in row ? [row] : []));
}

interface PieceReader {
  push(text: string): FormatRow[];
  end(): FormatRow[];
}

/** What a reader says of the text in these pieces: its rows and, where it threw, the error's message. */
export function readPieces(reader: PieceReader, pieces: Iterable<string>): { rows: FormatRow[]; error?: string } {
  const rows: FormatRow[] = [];
  try {
    for (const piece of pieces) {
      rows.push(...reader.push(piece));
    }
    rows.push(...reader.end());
    return { rows };
  } catch (error) {
    return { rows, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Cuts text before each of these places. */
export function cutAt(text: string, places: readonly number[]): string[] {
  const cuts = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length];
  return cuts.slice(1).map((end, index) => text.slice(cuts[index], end));
}
