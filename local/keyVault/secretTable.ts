import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';

/** What may be set of a secret's version beside its value. Times are seconds since 1970. */
export interface Attributes {
  readonly enabled: boolean;
  readonly notBefore: number | undefined;
  readonly expires: number | undefined;
}

export interface SecretVersion {
  /** As it was first written; names are compared without regard to case. */
  readonly name: string;
  readonly version: string;
  readonly value: string;
  readonly contentType: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly attributes: Attributes;
  /** Seconds since 1970. */
  readonly created: number;
  readonly updated: number;
}

type Row = Record<string, SQLOutputValue>;

/** Secrets and their versions in a SQLite file that only its owner can read. What was committed survives a kill. */
export class SecretTable {
  readonly #database: DatabaseSync;

  /** Throws SQLite's "database is locked" where another process has it. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    const file = join(folder, 'secrets.sqlite');
    // SQLite gives its journal the mode of the file.
    closeSync(openSync(file, 'a', 0o600));
    this.#database = new DatabaseSync(file);
    this.#database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY COLLATE NOCASE, deleted_at INTEGER);
      CREATE TABLE IF NOT EXISTS versions (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL COLLATE NOCASE REFERENCES secrets (name) ON DELETE CASCADE,
        version TEXT NOT NULL UNIQUE, value TEXT NOT NULL, content_type TEXT, tags TEXT NOT NULL,
        enabled INTEGER NOT NULL, not_before INTEGER, expires INTEGER,
        created INTEGER NOT NULL, updated INTEGER NOT NULL
      );
      CREATE INDEX IF NOT EXISTS versions_of ON versions (name, number);`);
  }

  close(): void {
    this.#database.close();
  }

  /** When a secret was deleted, in seconds since 1970; `live` where it wasn't; undefined where there is none. */
  state(name: string): number | 'live' | undefined {
    const row = this.#get('SELECT deleted_at FROM secrets WHERE name = ?', name);
    if (row === undefined) return undefined;
    return row.deleted_at === null ? 'live' : Number(row.deleted_at);
  }

  /** Adds a version, and the secret where it is the first. */
  add(secret: SecretVersion): void {
    const { name, version, value, contentType, tags, attributes, created, updated } = secret;
    this.#atOnce(() => {
      this.#run('INSERT INTO secrets (name) VALUES (?) ON CONFLICT DO NOTHING', name);
      this.#run(
        `INSERT INTO versions (name, version, value, content_type, tags, enabled, not_before, expires, created, updated)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        name,
        version,
        value,
        contentType ?? null,
        JSON.stringify(tags),
        attributes.enabled ? 1 : 0,
        attributes.notBefore ?? null,
        attributes.expires ?? null,
        created,
        updated,
      );
    });
  }

  /** Changes all but the value. */
  update({ version, contentType, tags, attributes, updated }: SecretVersion): void {
    this.#run(
      `UPDATE versions SET content_type = ?, tags = ?, enabled = ?, not_before = ?, expires = ?, updated = ?
       WHERE version = ?`,
      contentType ?? null,
      JSON.stringify(tags),
      attributes.enabled ? 1 : 0,
      attributes.notBefore ?? null,
      attributes.expires ?? null,
      updated,
      version,
    );
  }

  /** The named version, or the newest; also of a deleted secret. */
  find(name: string, version?: string): SecretVersion | undefined {
    const row =
      version === undefined
        ? this.#get(`${select} WHERE versions.name = ? ORDER BY number DESC LIMIT 1`, name)
        : this.#get(`${select} WHERE versions.name = ? AND version = ?`, name, version);
    return row === undefined ? undefined : toSecret(row);
  }

  /** By age. */
  versions(name: string, skip: number, limit: number): SecretVersion[] {
    return this.#all(`${select} WHERE versions.name = ? ORDER BY number LIMIT ? OFFSET ?`, name, limit, skip);
  }

  /** The newest version of each secret that is live or deleted, by name. */
  newest(which: 'live' | 'deleted', skip: number, limit: number): SecretVersion[] {
    const deleted = which === 'live' ? 'IS NULL' : 'IS NOT NULL';
    const sql = `${select} WHERE deleted_at ${deleted}
      AND number = (SELECT max(number) FROM versions AS others WHERE others.name = secrets.name)
      ORDER BY secrets.name LIMIT ? OFFSET ?`;
    return this.#all(sql, limit, skip);
  }

  /** @param at seconds since 1970; null: it is live again */
  setDeleted(name: string, at: number | null): void {
    this.#run('UPDATE secrets SET deleted_at = ? WHERE name = ?', at, name);
  }

  purge(name: string): void {
    this.#run('DELETE FROM secrets WHERE name = ?', name);
  }

  #get(sql: string, ...values: readonly (string | number)[]): Row | undefined {
    return this.#database.prepare(sql).get(...values);
  }

  #all(sql: string, ...values: readonly (string | number)[]): SecretVersion[] {
    return this.#database
      .prepare(sql)
      .all(...values)
      .map(toSecret);
  }

  #run(sql: string, ...values: readonly (string | number | null)[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #atOnce(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

const select = 'SELECT versions.*, secrets.name AS secret FROM versions JOIN secrets ON secrets.name = versions.name';

function toSecret(row: Row): SecretVersion {
  const optional = (value: SQLOutputValue | undefined) => (value == null ? undefined : Number(value));
  return {
    name: String(row.secret),
    version: String(row.version),
    value: String(row.value),
    contentType: row.content_type === null ? undefined : String(row.content_type),
    tags: JSON.parse(String(row.tags)),
    attributes: {
      enabled: row.enabled === 1,
      notBefore: optional(row.not_before),
      expires: optional(row.expires),
    },
    created: Number(row.created),
    updated: Number(row.updated),
  };
}
