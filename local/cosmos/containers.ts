import type { Database } from './database.ts';
import type { CompositeIndex, Definition } from './definition.ts';
import { readDefinition } from './definition.ts';
import type { Json, JsonObject } from './json.ts';
import { isObject, parseJson } from './json.ts';
import { Refusal } from './refusal.ts';
import { isId, sqlPathOf } from './sqlPaths.ts';

export interface Container {
  readonly definition: Definition;
  /** Its table of documents: columns row, k0, k1, k2 (levels of the partition key), id, etag, expires_at, body. */
  readonly table: string;
  /** `_rid`: eight bytes in base64. */
  readonly rid: string;
}

/** Databases and containers. What writes must run inside a transaction. */
export class Containers {
  readonly #database: Database;
  readonly #known = new Map<string, Container>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Throws a 409 if it exists. */
  createDatabase(resource: Json): JsonObject {
    const id = idOf(resource);
    if (this.#databaseNumber(id) !== undefined) throw new Refusal(409, `Database '${id}' already exists.`);
    this.#database.statement('INSERT INTO databases (id) VALUES (?)').run(id);
    return this.readDatabase(id);
  }

  /** Throws a 404. */
  readDatabase(id: string): JsonObject {
    const number = this.#databaseNumber(id);
    if (number === undefined) throw missing(`Database '${id}'`);
    const rid = Buffer.alloc(4);
    rid.writeUInt32BE(number);
    return { id, _rid: rid.toString('base64'), _self: `dbs/${id}/`, _etag: `"${number}"`, _colls: 'colls/', _ts: 0 };
  }

  listDatabases(): JsonObject[] {
    return this.#ids('SELECT id FROM databases ORDER BY id').map((id) => this.readDatabase(id));
  }

  deleteDatabase(id: string): void {
    this.readDatabase(id);
    for (const container of this.#containerIds(id)) this.delete(id, container);
    this.#database.statement('DELETE FROM databases WHERE id = ?').run(id);
  }

  /** Throws a 400 that names what is wrong with the definition, a 404 without the database, a 409 if it exists. */
  create(database: string, resource: Json): JsonObject {
    this.readDatabase(database);
    const id = idOf(resource);
    const definition = readDefinition(resource);
    if (this.#row(database, id) !== undefined) throw new Refusal(409, `Container '${id}' already exists.`);
    this.#database
      .statement('INSERT INTO containers (database, id, definition) VALUES (?, ?, ?)')
      .run(database, id, JSON.stringify(definition.resource));
    this.#createTable(this.find(database, id));
    return this.read(database, id);
  }

  /** Throws a 404. */
  read(database: string, id: string): JsonObject {
    const { definition, rid } = this.find(database, id);
    const self = `dbs/${database}/colls/${id}/`;
    return { ...definition.resource, _rid: rid, _self: self, _etag: `"${rid}"`, _docs: 'docs/', _ts: 0 };
  }

  list(database: string): JsonObject[] {
    this.readDatabase(database);
    return this.#containerIds(database).map((id) => this.read(database, id));
  }

  delete(database: string, id: string): void {
    const { table } = this.find(database, id);
    this.#known.clear();
    this.#database.run(`DROP TABLE ${table}`);
    this.#database.statement('DELETE FROM containers WHERE database = ? AND id = ?').run(database, id);
  }

  /** Throws a 404. */
  find(database: string, id: string): Container {
    const name = `${database}/${id}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const row = this.#row(database, id);
    if (row === undefined) throw missing(`Container '${id}' of database '${database}'`);
    const rid = Buffer.alloc(8);
    rid.writeUInt32BE(this.#databaseNumber(database) ?? 0);
    rid.writeUInt32BE(row.number, 4);
    const container = {
      definition: readDefinition(parseJson(row.definition)),
      table: `documents_${row.number}`,
      rid: rid.toString('base64'),
    };
    this.#known.set(name, container);
    return container;
  }

  /** Every container, for those who look after all of them. */
  all(): Container[] {
    const rows = this.#database.statement('SELECT database, id FROM containers').all();
    return rows.map((row) => this.find(String(row.database), String(row.id)));
  }

  #createTable({ table, definition }: Container): void {
    const key = [...sortLevels(definition), 'id'].join(', ');
    this.#database.run(`
      CREATE TABLE ${table} (
        row INTEGER PRIMARY KEY, k0 TEXT NOT NULL, k1 TEXT NOT NULL, k2 TEXT NOT NULL, id TEXT NOT NULL,
        etag TEXT NOT NULL, expires_at INTEGER, body TEXT NOT NULL);
      CREATE UNIQUE INDEX ${table}_key ON ${table} (${key});
      CREATE INDEX ${table}_expiry ON ${table} (expires_at) WHERE expires_at IS NOT NULL;`);
    for (const [i, composite] of definition.compositeIndexes.entries()) {
      this.#database.run(
        `CREATE INDEX ${table}_sort${i} ON ${table} (${sortColumns(definition, composite).join(', ')})`,
      );
    }
  }

  #row(database: string, id: string): { number: number; definition: string } | undefined {
    const sql = 'SELECT number, definition FROM containers WHERE database = ? AND id = ?';
    const row = this.#database.statement(sql).get(database, id);
    return row === undefined ? undefined : { number: Number(row.number), definition: String(row.definition) };
  }

  #databaseNumber(id: string): number | undefined {
    const row = this.#database.statement('SELECT number FROM databases WHERE id = ?').get(id);
    return row === undefined ? undefined : Number(row.number);
  }

  #containerIds(database: string): string[] {
    return this.#ids('SELECT id FROM containers WHERE database = ? ORDER BY id', database);
  }

  #ids(sql: string, ...parameters: string[]): string[] {
    return this.#database
      .statement(sql)
      .all(...parameters)
      .map((row) => String(row.id));
  }
}

/** A composite index serves `ORDER BY` within a prefix of the partition key, so that prefix comes first. */
function sortColumns(definition: Definition, composite: CompositeIndex): string[] {
  const sorted = composite.flatMap(({ path, descending }) => {
    const sql = sqlPathOf(path);
    if (sql === undefined) throw new Refusal(400, `Can't index the path /${path.join('/')}.`);
    return [sql.type, sql.value].flatMap((column) =>
      column === undefined ? [] : [column + (descending ? ' DESC' : '')],
    );
  });
  return [...sortLevels(definition), ...sorted];
}

/**
 * The columns of the partition key by which documents are found and sorted. A level that is the id itself says nothing
 * that the column `id` doesn't.
 */
export function sortLevels(definition: Definition): string[] {
  return definition.keyPaths.flatMap((path, level) => (isId(path) ? [] : [`k${level}`]));
}

function idOf(resource: Json): string {
  if (!isObject(resource) || typeof resource.id !== 'string' || !/^[^/\\?#]{1,255}$/.test(resource.id)) {
    throw new Refusal(400, "The 'id' of a database or container must be 1 to 255 characters without / \\ ? #.");
  }
  return resource.id;
}

function missing(what: string): Refusal {
  return new Refusal(404, `${what} does not exist.`, { substatus: 1003 });
}
