import type { Container } from './containers.ts';
import type { Database } from './database.ts';
import type { PartitionKey } from './partitionKeys.ts';

/** Where a document is and what guards it. */
export interface Stored {
  readonly row: number;
  readonly etag: string;
  /** Still there, but nobody may see it any more. */
  readonly expired: boolean;
}

export interface NewVersion {
  readonly etag: string;
  /** Seconds since 1970; null: never. */
  readonly expiresAt: number | null;
  /** The document as JSON text. */
  readonly body: string;
}

/** The rows of one container's table. */
export class DocumentTable {
  readonly #database: Database;
  readonly #container: Container;
  #nextRow: number | undefined;

  constructor(database: Database, container: Container) {
    this.#database = database;
    this.#container = container;
  }

  /** @param now milliseconds since 1970 */
  find(key: PartitionKey, id: string, now: number): Stored | undefined {
    const [k0 = '', k1 = '', k2 = ''] = key;
    const sql = `SELECT row, etag, expires_at FROM ${this.#container.table} WHERE k0 = ? AND k1 = ? AND k2 = ? AND id = ?`;
    const row = this.#database.statement(sql).get(k0, k1, k2, id);
    if (row === undefined) return undefined;
    const expired = row.expires_at !== null && Number(row.expires_at) * 1000 <= now;
    return { row: Number(row.row), etag: String(row.etag), expired };
  }

  body(row: number): string {
    const sql = `SELECT body FROM ${this.#container.table} WHERE row = ?`;
    return String(this.#database.statement(sql).get(row)?.body);
  }

  /** A number for a document to come. A rollback leaves a gap. */
  newRow(): number {
    const sql = `SELECT max(row) AS row FROM ${this.#container.table}`;
    const row = this.#nextRow ?? Number(this.#database.statement(sql).get()?.row ?? 0) + 1;
    this.#nextRow = row + 1;
    return row;
  }

  insert(row: number, key: PartitionKey, id: string, { etag, expiresAt, body }: NewVersion): void {
    const [k0 = '', k1 = '', k2 = ''] = key;
    const sql = `INSERT INTO ${this.#container.table} (row, k0, k1, k2, id, etag, expires_at, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;
    this.#database.statement(sql).run(row, k0, k1, k2, id, etag, expiresAt, body);
  }

  update(row: number, { etag, expiresAt, body }: NewVersion): void {
    const sql = `UPDATE ${this.#container.table} SET etag = ?, expires_at = ?, body = ? WHERE row = ?`;
    this.#database.statement(sql).run(etag, expiresAt, body, row);
  }

  delete(row: number): void {
    this.#database.statement(`DELETE FROM ${this.#container.table} WHERE row = ?`).run(row);
  }

  /** `_rid`: the container's eight bytes and the row's. */
  rid(row: number): string {
    const bytes = Buffer.alloc(16);
    bytes.write(this.#container.rid, 'base64');
    bytes.writeBigUInt64BE(BigInt(row), 8);
    return bytes.toString('base64').replaceAll('/', '-');
  }
}
