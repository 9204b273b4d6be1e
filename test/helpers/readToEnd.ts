import type { Connection, PulledPage, PulledRow, Query, Read, ReadMode } from '../../shared/connectors/connector.ts';
import type { JsonValue } from '../../shared/model/json.ts';

/** All that a read gave. */
export interface ReadResult {
  readonly read: Read;
  readonly pages: readonly PulledPage[];
  readonly rows: readonly PulledRow[];
  readonly notes: readonly string[];
  /** What is to be told to the next read: the last cursor that a page told, else the one that it began with. */
  readonly cursor: string | undefined;
}

export interface ReadOptions {
  readonly mode?: ReadMode;
  readonly cursor?: string | undefined;
  readonly pageRows?: number;
  /** @param page from 0 */
  readonly beforePage?: (page: number) => unknown;
}

/** Reads to the end as the poll does: what is kept between two pages goes through JSON, and is small. */
export async function readToEnd(
  connection: Connection,
  query: Query,
  { mode = 'changes', cursor, pageRows = 5_000, beforePage }: ReadOptions = {},
): Promise<ReadResult> {
  const { signal } = new AbortController();
  const read = throughStore(await connection.begin(query, mode, cursor, signal));
  const pages: PulledPage[] = [];
  let place: JsonValue | undefined;
  do {
    if (pages.length > 10_000) throw new Error('The read has no end.');
    await beforePage?.(pages.length);
    const page = await connection.pull(query, read, place, pageRows, signal);
    pages.push(page);
    place = page.next === undefined ? undefined : throughStore(page.next);
  } while (place !== undefined);
  return {
    read,
    pages,
    rows: pages.flatMap(({ rows }) => rows),
    notes: [...(read.notes ?? []), ...pages.flatMap(({ notes = [] }) => notes)],
    cursor: pages.findLast((page) => page.cursor !== undefined)?.cursor ?? cursor,
  };
}

export function throughStore<T extends JsonValue | Read>(value: T): T {
  const text = JSON.stringify(value);
  if (text.length > 16 * 1024) throw new Error(`${text.length} characters are to be kept between two pages.`);
  return JSON.parse(text);
}
