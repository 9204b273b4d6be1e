import { Field, makeData, RecordBatch, Schema, Struct, Table, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { parquetWriteBuffer } from 'hyparquet-writer';

type TextRows = readonly Readonly<Record<string, string>>[];

/** Parquet with columns of text. */
export function parquetOf(rows: TextRows): Buffer {
  const columnData = namesOf(rows).map((name) => ({ name, data: columnOf(rows, name), type: 'STRING' as const }));
  return Buffer.from(parquetWriteBuffer({ columnData }));
}

/** Arrow with columns of text. */
export function arrowOf(rows: TextRows, kind: 'stream' | 'file' = 'stream'): Buffer {
  const names = namesOf(rows);
  const schema = new Schema(names.map((name) => new Field(name, new Utf8(), true)));
  const children = names.flatMap((name) => vectorFromArray(columnOf(rows, name), new Utf8()).data);
  const data = makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children });
  return arrowBytes(new Table(schema, [new RecordBatch(schema, data)]), kind);
}

/** The library's own files lack the schema at their start; what is in the footer is for those who read at any place. */
export function arrowBytes(table: Table, kind: 'stream' | 'file'): Buffer {
  const stream = Buffer.from(tableToIPC(table, 'stream'));
  return kind === 'stream' ? stream : Buffer.concat([Buffer.from('ARROW1\0\0'), stream, Buffer.from('footerARROW1')]);
}

function namesOf(rows: TextRows): string[] {
  return Object.keys(rows[0] ?? {});
}

function columnOf(rows: TextRows, name: string): string[] {
  return rows.map((row) => row[name] ?? '');
}
