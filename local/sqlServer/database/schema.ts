import type { DatabaseSync } from 'node:sqlite';
import { systemTypeIds } from './catalogue.ts';

/** Makes the catalogue's tables where they are missing. Their names are those of SQL Server's views. */
export function createSchema(database: DatabaseSync, name: string): void {
  database.exec(`
    CREATE TABLE IF NOT EXISTS "tds.rowversions" (last INTEGER NOT NULL);
    INSERT INTO "tds.rowversions" SELECT 2000 WHERE NOT EXISTS (SELECT * FROM "tds.rowversions");
    CREATE TABLE IF NOT EXISTS "tds.tracking" (last INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS "tds.tracked" (object_id INTEGER PRIMARY KEY, oldest INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS "sys.schemas" (schema_id INTEGER PRIMARY KEY, name TEXT UNIQUE COLLATE NOCASE);
    INSERT INTO "sys.schemas" VALUES (1, 'dbo'), (4, 'sys') ON CONFLICT DO NOTHING;
    CREATE TABLE IF NOT EXISTS "sys.objects" (
      object_id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT COLLATE NOCASE, schema_id INTEGER, type TEXT COLLATE RTRIM,
      type_desc TEXT);
    CREATE TABLE IF NOT EXISTS "sys.types" (
      name TEXT, system_type_id INTEGER, user_type_id INTEGER PRIMARY KEY, schema_id INTEGER DEFAULT 4);
    CREATE TABLE IF NOT EXISTS "sys.columns" (
      object_id INTEGER, name TEXT COLLATE NOCASE, column_id INTEGER, system_type_id INTEGER, user_type_id INTEGER,
      max_length INTEGER, precision INTEGER, scale INTEGER, is_nullable INTEGER, is_identity INTEGER,
      is_computed INTEGER, collation_name TEXT, tds_type TEXT, PRIMARY KEY (object_id, column_id));
    CREATE TABLE IF NOT EXISTS "sys.indexes" (
      object_id INTEGER, name TEXT, index_id INTEGER, type INTEGER, type_desc TEXT, is_unique INTEGER,
      is_primary_key INTEGER, is_disabled INTEGER, has_filter INTEGER, is_hypothetical INTEGER DEFAULT 0, PRIMARY KEY (object_id, index_id));
    CREATE TABLE IF NOT EXISTS "sys.index_columns" (
      object_id INTEGER, index_id INTEGER, index_column_id INTEGER, column_id INTEGER, key_ordinal INTEGER,
      is_descending_key INTEGER, is_included_column INTEGER, PRIMARY KEY (object_id, index_id, index_column_id));
    CREATE TABLE IF NOT EXISTS "sys.databases" (
      name TEXT PRIMARY KEY, snapshot_isolation_state INTEGER, is_read_committed_snapshot_on INTEGER);
    CREATE VIEW IF NOT EXISTS "sys.tables" AS SELECT * FROM "sys.objects" WHERE type = 'U ';
    CREATE VIEW IF NOT EXISTS "sys.views" AS SELECT * FROM "sys.objects" WHERE type = 'V ';
    CREATE VIEW IF NOT EXISTS "sys.partitions" AS
      SELECT object_id, 1 AS index_id, 1 AS partition_number, tds_row_count(object_id) AS rows FROM "sys.tables";
    CREATE VIEW IF NOT EXISTS "sys.dm_db_partition_stats" AS
      SELECT object_id, index_id, partition_number, rows AS row_count FROM "sys.partitions";
    CREATE VIEW IF NOT EXISTS "information_schema.TABLES" AS
      SELECT db_name() AS TABLE_CATALOG, s.name AS TABLE_SCHEMA, t.name AS TABLE_NAME, 'BASE TABLE' AS TABLE_TYPE
      FROM "sys.tables" t JOIN "sys.schemas" s ON s.schema_id = t.schema_id;
    CREATE VIEW IF NOT EXISTS "information_schema.COLUMNS" AS
      SELECT s.name AS TABLE_SCHEMA, t.name AS TABLE_NAME, c.name AS COLUMN_NAME, c.column_id AS ORDINAL_POSITION,
        iif(c.is_nullable, 'YES', 'NO') AS IS_NULLABLE, y.name AS DATA_TYPE
      FROM "sys.columns" c JOIN "sys.tables" t ON t.object_id = c.object_id
        JOIN "sys.schemas" s ON s.schema_id = t.schema_id JOIN "sys.types" y ON y.user_type_id = c.user_type_id;`);
  const types = database.prepare('INSERT INTO "sys.types" VALUES (?, ?, ?, 4) ON CONFLICT DO NOTHING');
  for (const [type, id] of Object.entries(systemTypeIds)) {
    // It goes by its old name there.
    if (type !== 'rowversion') types.run(type, id, id);
  }
  database.prepare('INSERT INTO "sys.databases" VALUES (?, 1, 1) ON CONFLICT DO NOTHING').run(name);
}
