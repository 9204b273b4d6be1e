import type { DatabaseSync } from 'node:sqlite';
import { SqlError } from '../sqlError.ts';
import { changesTable } from '../tsql/tableFunctions.ts';
import { literal, quoted } from '../tsql/tokenReader.ts';

/**
 * Which rows were changed since it was enabled, written by triggers into a table beside each tracked one. Unlike SQL
 * Server's, a version is of a row's change, not of a transaction; and every change but a delete is told as an update.
 */
export class ChangeTracking {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  setDatabase(isOn: boolean): void {
    this.#database.exec('DELETE FROM "tds.tracking"');
    if (isOn) this.#database.exec('INSERT INTO "tds.tracking" VALUES (0)');
  }

  /** To disable and enable it again forgets what was tracked, as it does in SQL Server. */
  setTable(table: string, id: number, isOn: boolean): void {
    this.forget(table, id);
    if (!isOn) return;
    const version = this.#database.prepare('SELECT last FROM "tds.tracking"').get()?.last;
    if (version === undefined) {
      throw new SqlError(4988, 'Change tracking is disabled on the database: enable it there first.');
    }
    const keys = this.#keyOf(id);
    if (keys.length === 0)
      throw new SqlError(4997, `Cannot enable change tracking on table '${table}': it has no key.`);
    const changes = quoted(changesTable(table));
    const list = keys.map(quoted).join(', ');
    this.#database.exec(`CREATE TABLE ${changes}
      (SYS_CHANGE_VERSION INTEGER, SYS_CHANGE_OPERATION TEXT, ${list}, PRIMARY KEY (${list}))`);
    this.#database.prepare('INSERT INTO "tds.tracked" VALUES (?, ?)').run(id, version);
    const record = (row: 'NEW' | 'OLD', operation: 'U' | 'D', condition: string) =>
      `INSERT OR REPLACE INTO ${changes} SELECT last, ${literal(operation)}, ${keys
        .map((key) => `${row}.${quoted(key)}`)
        .join(', ')} FROM "tds.tracking" ${condition};`;
    const isMoved = keys.map((key) => `OLD.${quoted(key)} IS NOT NEW.${quoted(key)}`).join(' OR ');
    const bodies = {
      INSERT: record('NEW', 'U', ''),
      UPDATE: `${record('OLD', 'D', `WHERE ${isMoved}`)} ${record('NEW', 'U', '')}`,
      DELETE: record('OLD', 'D', ''),
    };
    for (const [event, body] of Object.entries(bodies)) {
      this.#database.exec(`CREATE TRIGGER ${triggerOf(table, event)} AFTER ${event} ON ${quoted(table)}
        BEGIN UPDATE "tds.tracking" SET last = last + 1; ${body} END`);
    }
  }

  forget(table: string, id: number): void {
    for (const event of ['INSERT', 'UPDATE', 'DELETE']) {
      this.#database.exec(`DROP TRIGGER IF EXISTS ${triggerOf(table, event)}`);
    }
    this.#database.exec(`DROP TABLE IF EXISTS ${quoted(changesTable(table))}`);
    this.#database.prepare('DELETE FROM "tds.tracked" WHERE object_id = ?').run(id);
  }

  #keyOf(id: number): string[] {
    const sql = `SELECT c.name FROM "sys.indexes" i JOIN "sys.index_columns" ic USING (object_id, index_id)
      JOIN "sys.columns" c USING (object_id, column_id)
      WHERE i.object_id = ? AND i.is_primary_key = 1 ORDER BY ic.key_ordinal`;
    return this.#database
      .prepare(sql)
      .all(id)
      .map(({ name }) => String(name));
  }
}

function triggerOf(table: string, event: string): string {
  return quoted(`tds.track ${table} ${event}`);
}
