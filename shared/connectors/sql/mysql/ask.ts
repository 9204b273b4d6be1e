import type { FieldPacket, PoolConnection } from 'mysql2';
import type { Answer, Cell } from '../session.ts';
import { toField } from './field.ts';

export interface AskOptions {
  readonly signal: AbortSignal;
  /** See `Session.query`. */
  readonly maxBytes: number;
  /** After this the line is given up. */
  readonly timeoutMs: number;
}

/**
 * One statement on one line. After an error, an abort and a cut the line is of no use any more.
 * @throws the driver's error, or the signal's reason
 */
export async function ask(
  line: PoolConnection,
  sql: string,
  { signal, maxBytes, timeoutMs }: AskOptions,
): Promise<Answer> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const rows: Cell[][] = [];
  let packets: readonly FieldPacket[] = [];
  let bytes = 0;
  let isCut = false;
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => reject(noAnswer(timeoutMs)), timeoutMs);
  // That a line is lost is told to the line, not to its statement.
  line.once('error', reject);
  const query = line.query({ sql, rowsAsArray: true });
  query.on('fields', (described: unknown) => {
    if (Array.isArray(described)) packets = described;
  });
  query.on('result', (row: unknown) => {
    // What SET answers is no row.
    if (isCut || !Array.isArray(row)) return;
    const cells = row.map(toCell);
    bytes += sizeOf(cells);
    isCut = rows.length > 0 && bytes > maxBytes;
    if (isCut) resolve({ rows, fields: packets.map(toField), isCut });
    else rows.push(cells);
  });
  query.on('error', reject);
  query.on('end', () => resolve({ rows, fields: packets.map(toField), isCut }));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    line.removeListener('error', reject);
  }
}

/** Bytes travel as base64. */
function toCell(value: unknown): Cell {
  if (typeof value === 'string' || typeof value === 'number' || value === null) return value;
  if (Buffer.isBuffer(value)) return value.toString('base64');
  return String(value);
}

/** About what JavaScript needs for it. */
function sizeOf(cells: readonly Cell[]): number {
  let size = 0;
  for (const cell of cells) size += typeof cell === 'string' ? 16 + cell.length : 16;
  return size;
}

function noAnswer(timeoutMs: number): Error {
  return Object.assign(new Error(`nothing came for ${timeoutMs} ms`), { code: 'PROTOCOL_SEQUENCE_TIMEOUT' });
}
