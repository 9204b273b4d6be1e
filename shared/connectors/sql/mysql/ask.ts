import type { FieldPacket, PoolConnection } from 'mysql2';
import type { Answer, Cell, Field } from '../session.ts';
import { toField } from './field.ts';

export interface AskOptions {
  readonly signal: AbortSignal;
  /** After this the line is given up. */
  readonly timeoutMs: number;
  /** See `Session.query`. */
  readonly maxBytes?: number;
}

/**
 * One statement on one line. After an error, an abort and a cut the line is of no use any more.
 * @throws the driver's error, or the signal's reason
 */
export async function ask(line: PoolConnection, sql: string, options: AskOptions): Promise<Answer> {
  const { maxBytes = Number.POSITIVE_INFINITY } = options;
  return await settle(line, options, (resolve, reject) => {
    const rows: Cell[][] = [];
    let bytes = 0;
    let isCut = false;
    const query = line.query({ sql, rowsAsArray: true });
    query.on('result', (row: unknown) => {
      // What SET answers is no row.
      if (isCut || !Array.isArray(row)) return;
      const cells = row.map(toCell);
      bytes += sizeOf(cells);
      isCut = rows.length > 0 && bytes > maxBytes;
      if (isCut) resolve({ rows, isCut });
      else rows.push(cells);
    });
    query.on('error', reject);
    query.on('end', () => resolve({ rows, isCut }));
  });
}

/** The columns of a statement's result. It is not run: `LIMIT 0` would fill derived tables all the same. */
export async function describe(line: PoolConnection, sql: string, options: AskOptions): Promise<readonly Field[]> {
  return await settle(line, options, (resolve, reject) => {
    line.prepare(sql, (error, statement) => {
      if (error !== null) return reject(error);
      statement.close();
      resolve(columnsOf(statement).map(toField));
    });
  });
}

/** The driver's types don't know them. */
function columnsOf(statement: object): readonly FieldPacket[] {
  return 'columns' in statement && Array.isArray(statement.columns) ? statement.columns : [];
}

async function settle<T>(
  line: PoolConnection,
  { signal, timeoutMs }: AskOptions,
  begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => reject(noAnswer(timeoutMs)), timeoutMs);
  // That a line is lost is told to the line, not to its statement.
  line.once('error', reject);
  begin(resolve, reject);
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
