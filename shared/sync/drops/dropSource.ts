import type { FormatName, ReadOptions } from '../../formats/format.ts';
import type { Mapper } from '../../mapping/compile.ts';
import type { Alternatives } from '../../mapping/neededColumns.ts';
import type { DropName } from './dropName.ts';

/** Whose a file is, and how it is read. */
export interface DropSource {
  readonly name: DropName;
  /** Null where no source covers the entity: rows are canonical. */
  readonly sourceId: string | null;
  readonly mapper: Mapper;
  /** Columns without which the file is parked; empty where rows are canonical. */
  readonly needed: readonly Alternatives[];
  /** IANA. */
  readonly zone: string;
  readonly needsManifest: boolean;
  /** The source's; undefined where it leaves that to the file. */
  readonly encoding: string | undefined;
  readonly format: FormatName | undefined;
  readonly options: ReadOptions;
  readonly maxRejectRatio: number | undefined;
}
