import type { DatabaseSync } from 'node:sqlite';
import { SqlError, unsupported } from '../sqlError.ts';
import type { ColumnDefinition, Definition } from '../tsql/definitions.ts';
import { literal, quoted } from '../tsql/tokenReader.ts';
import { familyOf, isCountable, parseTypeText, type SqlType, type SqlTypeName, typeText } from '../types/sqlType.ts';
import { ChangeTracking } from './changeTracking.ts';

/**
 * The tables of a database with the types that SQL Server gives their columns. They are kept in tables named as the
 * catalogue views that clients ask (`sys.columns`), so that a query about the schema is a query like any other.
 */
export class Catalogue {
  readonly #database: DatabaseSync;
  readonly #tracking: ChangeTracking;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#tracking = new ChangeTracking(database);
  }

  columnsOf(table: string): ReadonlyMap<string, SqlType> | undefined {
    const id = this.#idOf(table);
    if (id === undefined) return undefined;
    const rows = this.#database.prepare('SELECT name, tds_type FROM "sys.columns" WHERE object_id = ?').all(id);
    return new Map(rows.map((row) => [String(row.name).toLowerCase(), parseTypeText(String(row.tds_type))]));
  }

  /** @throws SqlError */
  apply(definition: Exclude<Definition, { readonly kind: 'createView' }>): void {
    switch (definition.kind) {
      case 'createTable':
        this.#createTable(definition.table, definition.columns, definition.key);
        break;
      case 'createIndex':
        this.#createIndex(definition.table, definition.name, definition.columns, definition.isUnique);
        break;
      case 'dropTable':
        this.#dropTable(definition.table);
        break;
      case 'addColumn':
        this.#addColumn(definition.table, definition.column);
        break;
      case 'dropColumn':
        this.#dropColumn(definition.table, definition.column);
        break;
      case 'track':
        if (definition.table === undefined) this.#tracking.setDatabase(definition.isOn);
        else this.#tracking.setTable(definition.table, this.#requireId(definition.table), definition.isOn);
        break;
    }
  }

  #createTable(table: string, columns: readonly ColumnDefinition[], key: readonly string[]): void {
    const identity = columns.find(({ isIdentity }) => isIdentity);
    if (identity !== undefined && key.join() !== identity.name) throw unsupported('an IDENTITY that is not the key');
    const lines = columns.map(columnSql);
    if (key.length > 0 && identity === undefined) lines.push(`PRIMARY KEY (${key.map(quoted).join(', ')})`);
    this.#database.exec(`CREATE TABLE ${quoted(table)} (${lines.join(', ')})`);
    this.#describe(table, 'U ', columns);
    if (key.length > 0) this.#describeIndex(table, `PK_${table}`, key, { isUnique: true, isKey: true });
    this.#writeTriggers(table);
  }

  /** @param sql of SQLite */
  createView(view: string, sql: string, columns: readonly { readonly name: string; readonly type: SqlType }[]): void {
    this.#database.exec(`CREATE VIEW ${quoted(view)} AS ${sql}`);
    const described = columns.map((column) => ({ ...column, isNullable: true, isIdentity: false }));
    this.#describe(view, 'V ', described);
  }

  #describe(table: string, type: 'U ' | 'V ', columns: readonly ColumnDefinition[]): void {
    const [schema = '', name = ''] = splitName(table);
    const insert = `INSERT INTO "sys.objects" (name, schema_id, type, type_desc)
      VALUES (?, (SELECT schema_id FROM "sys.schemas" WHERE name = ?), ?, ?)`;
    this.#database.prepare('INSERT INTO "sys.schemas" (name) VALUES (?) ON CONFLICT DO NOTHING').run(schema);
    this.#database.prepare(insert).run(name, schema, type, type === 'U ' ? 'USER_TABLE' : 'VIEW');
    columns.forEach((column, index) => {
      this.#describeColumn(table, column, index + 1);
    });
  }

  #createIndex(table: string, name: string, columns: readonly string[], isUnique: boolean): void {
    const unique = isUnique ? 'UNIQUE ' : '';
    const list = columns.map(quoted).join(', ');
    this.#database.exec(`CREATE ${unique}INDEX ${quoted(`${table}.${name}`)} ON ${quoted(table)} (${list})`);
    this.#describeIndex(table, name, columns, { isUnique, isKey: false });
  }

  #dropTable(table: string): void {
    const id = this.#requireId(table);
    this.#tracking.forget(table, id);
    this.#database.exec(`DROP TABLE ${quoted(table)}`);
    for (const view of ['sys.index_columns', 'sys.indexes', 'sys.columns', 'sys.objects']) {
      this.#database.prepare(`DELETE FROM ${quoted(view)} WHERE object_id = ?`).run(id);
    }
  }

  #addColumn(table: string, column: ColumnDefinition): void {
    const id = this.#requireId(table);
    this.#database.exec(`ALTER TABLE ${quoted(table)} ADD COLUMN ${columnSql(column)}`);
    const last = this.#database.prepare('SELECT max(column_id) AS last FROM "sys.columns" WHERE object_id = ?').get(id);
    this.#describeColumn(table, column, Number(last?.last) + 1);
    this.#writeTriggers(table);
  }

  #dropColumn(table: string, column: string): void {
    const id = this.#requireId(table);
    if (!this.columnsOf(table)?.has(column.toLowerCase())) {
      throw new SqlError(4924, `ALTER TABLE DROP COLUMN failed because column '${column}' does not exist.`);
    }
    this.#dropTriggers(table);
    this.#database.exec(`ALTER TABLE ${quoted(table)} DROP COLUMN ${quoted(column)}`);
    const sql = 'DELETE FROM "sys.columns" WHERE object_id = ? AND name = ? COLLATE NOCASE';
    this.#database.prepare(sql).run(id, column);
    this.#writeTriggers(table);
  }

  #describeColumn(table: string, { name, type, isNullable, isIdentity }: ColumnDefinition, place: number): void {
    const typeId = systemTypeIds[type.name];
    const { max_length, precision, scale } = sizesOf(type);
    const insert = `INSERT INTO "sys.columns" (object_id, name, column_id, system_type_id, user_type_id, max_length,
      precision, scale, is_nullable, is_identity, is_computed, collation_name, tds_type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`;
    this.#database
      .prepare(insert)
      .run(
        this.#requireId(table),
        name,
        place,
        typeId,
        typeId,
        max_length,
        precision,
        scale,
        isNullable ? 1 : 0,
        isIdentity ? 1 : 0,
        collationOf(type),
        typeText(type),
      );
  }

  #describeIndex(
    table: string,
    name: string,
    columns: readonly string[],
    { isUnique, isKey }: { readonly isUnique: boolean; readonly isKey: boolean },
  ): void {
    const id = this.#requireId(table);
    const last = this.#database.prepare('SELECT max(index_id) AS last FROM "sys.indexes" WHERE object_id = ?').get(id);
    // 1 is the clustered index, which the key's is.
    const index = isKey ? 1 : Math.max(Number(last?.last ?? 1), 1) + 1;
    const insert = `INSERT INTO "sys.indexes" (object_id, name, index_id, type, type_desc, is_unique, is_primary_key,
      is_disabled, has_filter) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)`;
    const kind = isKey ? [1, 'CLUSTERED'] : [2, 'NONCLUSTERED'];
    this.#database.prepare(insert).run(id, name, index, ...kind, isUnique ? 1 : 0, isKey ? 1 : 0);
    columns.forEach((column, at) => {
      const add = `INSERT INTO "sys.index_columns" (object_id, index_id, index_column_id, column_id, key_ordinal,
        is_descending_key, is_included_column)
        SELECT object_id, ?, ?, column_id, ?, 0, 0 FROM "sys.columns" WHERE object_id = ? AND name = ? COLLATE NOCASE`;
      this.#database.prepare(add).run(index, at + 1, at + 1, id, column);
    });
  }

  /** Triggers bring what is written into the form in which it is held, and count row versions. */
  #writeTriggers(table: string): void {
    this.#dropTriggers(table);
    const columns = [...(this.columnsOf(table) ?? [])];
    const version = columns.find(([, { name }]) => name === 'rowversion' || name === 'timestamp')?.[0];
    const changes = columns
      .filter(([, type]) => ['exact', 'guid', 'instant', 'day', 'clock'].includes(familyOf(type)))
      .map(([name, type]) => `${quoted(name)} = tds_convert(NEW.${quoted(name)}, ${literal(typeText(type))}, NULL)`);
    const counting = version === undefined ? '' : 'UPDATE "tds.rowversions" SET last = last + 1;';
    if (version !== undefined) {
      changes.push(`${quoted(version)} = (SELECT tds_rowversion(last) FROM "tds.rowversions")`);
    }
    if (changes.length === 0) return;
    for (const event of ['INSERT', 'UPDATE']) {
      // What the trigger of the insert writes is no update.
      const unlessCounted =
        event === 'UPDATE' && version !== undefined ? `WHEN NEW.${quoted(version)} IS OLD.${quoted(version)}` : '';
      this.#database.exec(`CREATE TRIGGER ${quoted(`${table} ${event}`)} AFTER ${event} ON ${quoted(table)}
        ${unlessCounted} BEGIN
        ${counting} UPDATE ${quoted(table)} SET ${changes.join(', ')} WHERE rowid = NEW.rowid; END`);
    }
  }

  #dropTriggers(table: string): void {
    for (const event of ['INSERT', 'UPDATE'])
      this.#database.exec(`DROP TRIGGER IF EXISTS ${quoted(`${table} ${event}`)}`);
  }

  #idOf(table: string): number | undefined {
    const [schema = '', name = ''] = splitName(table);
    const sql = `SELECT object_id FROM "sys.objects" JOIN "sys.schemas" USING (schema_id)
      WHERE "sys.objects".name = ? COLLATE NOCASE AND "sys.schemas".name = ? COLLATE NOCASE`;
    const id = this.#database.prepare(sql).get(name, schema)?.object_id;
    return id === undefined ? undefined : Number(id);
  }

  #requireId(table: string): number {
    const id = this.#idOf(table);
    if (id === undefined) throw new SqlError(4902, `Cannot find the object "${table}" because it does not exist.`);
    return id;
  }
}

function splitName(table: string): string[] {
  const point = table.indexOf('.');
  return [table.slice(0, point), table.slice(point + 1)];
}

/** Every text has the same one here. */
export function collationOf(type: SqlType): string | null {
  return familyOf(type) === 'text' && type.name !== 'xml' ? 'SQL_Latin1_General_CP1_CI_AS' : null;
}

/** As the catalogue views name them. */
export function sizesOf(type: SqlType): {
  readonly max_length: number;
  readonly precision: number;
  readonly scale: number;
} {
  return { max_length: longest(type), precision: type.precision ?? 0, scale: type.scale ?? 0 };
}

/** As SQLite declares it, so that it leaves values as they are: an exact number must not become a double. */
function columnSql({ name, type, isNullable, isIdentity }: ColumnDefinition): string {
  if (isIdentity) return `${quoted(name)} INTEGER PRIMARY KEY AUTOINCREMENT`;
  return `${quoted(name)} ${affinity(type)}${isNullable || isVersion(type) ? '' : ' NOT NULL'}`;
}

function affinity(type: SqlType): string {
  switch (familyOf(type)) {
    case 'integer':
    case 'bit':
      return 'INTEGER';
    case 'float':
      return 'REAL';
    case 'binary':
      return 'BLOB';
    // The usual collation of SQL Server tells no case apart.
    case 'text':
      return 'TEXT COLLATE NOCASE';
    case 'exact':
      return isCountable(type) ? 'INTEGER' : 'TEXT';
    default:
      return 'TEXT';
  }
}

function isVersion({ name }: SqlType): boolean {
  return name === 'rowversion' || name === 'timestamp';
}

/** https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-types-transact-sql */
export const systemTypeIds: Readonly<Record<SqlTypeName, number>> = {
  image: 34,
  text: 35,
  uniqueidentifier: 36,
  date: 40,
  time: 41,
  datetime2: 42,
  datetimeoffset: 43,
  tinyint: 48,
  smallint: 52,
  int: 56,
  smalldatetime: 58,
  real: 59,
  money: 60,
  datetime: 61,
  float: 62,
  ntext: 99,
  bit: 104,
  decimal: 106,
  numeric: 108,
  smallmoney: 122,
  bigint: 127,
  varbinary: 165,
  varchar: 167,
  binary: 173,
  char: 175,
  rowversion: 189,
  timestamp: 189,
  nvarchar: 231,
  nchar: 239,
  xml: 241,
};

/** `max_length`: bytes, -1 for max. */
function longest({ name, length }: SqlType): number {
  if (length === 'max') return -1;
  if (length !== undefined) return name.startsWith('n') ? length * 2 : length;
  return { tinyint: 1, smallint: 2, int: 4, bit: 1, uniqueidentifier: 16, date: 3 }[String(name)] ?? 8;
}
