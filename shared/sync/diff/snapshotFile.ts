import type { FormatName, ReadOptions } from '../../formats/format.ts';
import type { OpenedFile } from '../../formats/openFile.ts';
import type { Mapper, MapResult } from '../../mapping/compile.ts';
import type { SourceRow } from '../../mapping/path.ts';
import type { RecordId } from '../../model/recordId.ts';
import type { ByteSource } from '../../snapshot/bytes.ts';
import type { TextFile } from '../../snapshot/diffTexts.ts';
import type { BrokenRow, SnapshotRow } from '../../snapshot/snapshot.ts';
import type { InputRow, Rejection } from '../ingest.ts';

/** A full snapshot that can be compared, and the way back from what was compared to the file's own rows. */
export type ComparedFile = SnapshotFile | TextsFile;

/** As the kernel reads it: CSV in UTF-8. */
export interface SnapshotFile extends RowsBack {
  readonly source: ByteSource;
  readonly key: readonly string[];
  readonly delimiter: string | undefined;
  readonly quote: string | undefined;
  readonly encoding: string;
  /** How rows were laid out: a baseline that was made otherwise is void. */
  readonly layout: 'csv' | 'rows';
}

/** With rows that are known by their texts. */
export interface TextsFile extends RowsBack, TextFile {
  readonly encoding: string;
  /** Of rows that were polled: as `toStagedLine` writes them. */
  readonly layout: `texts of ${FormatName | 'rows'}`;
}

interface RowsBack {
  /** The file's row that the kernel's was made of. */
  rowOf(row: SnapshotRow): { readonly row: number; readonly values: SourceRow };
  /** What is wrong with a row that the kernel found broken. */
  rejectionOf(broken: BrokenRow): Rejection;
  /** The id of a record by the key that the kernel kept; null where none can be made of it. */
  idOf(key: readonly string[]): RecordId | null;
}

/** What a file is read by. */
export interface Reading {
  readonly file: OpenedFile;
  readonly mapper: Mapper;
  readonly options: ReadOptions;
}

/** A row's place: the version's position, so that a replay has the same. */
export function inputOf(row: number, values: SourceRow): InputRow & { readonly values: Record<string, unknown> } {
  return { index: row, row, values };
}

/** A row that was read, and of which no record can be made, or no key. */
export function unmapped(mapped: MapResult, row: number, values: SourceRow): Rejection {
  return { input: inputOf(row, values), errors: mapped.ok ? [] : mapped.errors.map((error) => ({ row, ...error })) };
}

export function unreadable(row: number, error: string, raw: string): Rejection {
  return { input: { index: row, row, error, raw }, errors: [{ row, code: 'DATA_ERROR', detail: error }] };
}
