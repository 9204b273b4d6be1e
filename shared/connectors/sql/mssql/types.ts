import { AdpError } from '../../../errors.ts';
import type { Column, ColumnKind } from '../dialect.ts';
import { jsonValue } from '../jsonValue.ts';
import type { Cell } from '../session.ts';
import { shortestFloat } from '../shortestFloat.ts';

/** What `sys.columns` and `sys.types` say of a column; alias types are shown by what they stand for. */
export interface ColumnFacts {
  /** `varchar`, `datetime2`, or `clr` for types that are written in .NET. */
  readonly base: string;
  /** In bytes; -1: max. */
  readonly maxLength: number;
  readonly precision: number;
  readonly scale: number;
  readonly collation: string | undefined;
}

/** A column's type as its text says it: see `typeText`. */
interface MssqlType {
  readonly base: string;
  /** What a parameter is converted to: `varchar(20)`, without the collation. */
  readonly declared: string;
  /** Of texts and bytes; infinite: max. */
  readonly length: number;
  readonly scale: number;
  readonly collation: string | undefined;
}

const kinds: Readonly<Record<string, ColumnKind>> = {
  tinyint: 'number',
  smallint: 'number',
  int: 'number',
  bigint: 'number',
  decimal: 'number',
  numeric: 'number',
  money: 'number',
  smallmoney: 'number',
  datetimeoffset: 'zoned',
  datetime2: 'local',
  datetime: 'local',
  smalldatetime: 'local',
  date: 'date',
  // Their texts are in the form of no number.
  float: 'ordered',
  real: 'ordered',
  bit: 'ordered',
  time: 'ordered',
  uniqueidentifier: 'ordered',
  char: 'ordered',
  varchar: 'ordered',
  nchar: 'ordered',
  nvarchar: 'ordered',
  binary: 'ordered',
  varbinary: 'ordered',
  rowversion: 'ordered',
};

/** `decimal(10,2)`, `nvarchar(max)`, `varchar(20) COLLATE Latin1_General_CI_AS`. */
export function typeText({ base, maxLength, precision, scale, collation }: ColumnFacts): string {
  const collate = collation === undefined || !/^\w+$/.test(collation) ? '' : ` COLLATE ${collation}`;
  switch (base) {
    case 'decimal':
    case 'numeric':
      return `${base}(${precision},${scale})`;
    case 'datetime2':
    case 'datetimeoffset':
    case 'time':
      return `${base}(${scale})`;
    case 'binary':
    case 'varbinary':
      return `${base}(${maxLength === -1 ? 'max' : maxLength})`;
    case 'char':
    case 'varchar':
      return `${base}(${maxLength === -1 ? 'max' : maxLength})${collate}`;
    case 'nchar':
    case 'nvarchar':
      return `${base}(${maxLength === -1 ? 'max' : maxLength / 2})${collate}`;
    // Its other name means something else in the standard.
    case 'timestamp':
      return 'rowversion';
    default:
      return base;
  }
}

export function kindOf(type: string): ColumnKind {
  return kinds[read(type).base] ?? 'opaque';
}

/**
 * Texts are compared by their collation and never by the spaces behind them, bytes never by the zeros behind them:
 * https://learn.microsoft.com/sql/t-sql/language-elements/string-comparison-assignment
 */
export function isLoose(type: string): boolean {
  return /^n?(var)?char$|^(var)?binary$/.test(read(type).base);
}

/** As `Dialect.select` says. The driver itself is exact for what is left as it is. */
export function selectSql({ name, type, kind }: Column, sql: string): string {
  const { base } = read(type);
  switch (base) {
    case 'char':
    case 'varchar':
    case 'decimal':
    case 'numeric':
    case 'money':
    case 'smallmoney':
    case 'time':
      return textSql(type, sql);
    case 'clr':
      return `${sql}.ToString()`;
    case 'json':
    case 'vector':
      return `CONVERT(nvarchar(max), ${sql})`;
    case 'sql_variant':
      throw new AdpError(
        'MAPPING_ERROR',
        `The column ${name} is a sql_variant, which can't be read without loss: convert it in a view, or name the columns that are wanted in "columns".`,
      );
    default:
      return kind === 'zoned' || kind === 'local' || kind === 'date' ? textSql(type, sql) : sql;
  }
}

/** As `Dialect.toValue` says. */
export function readerOf({ type }: Column): (cell: Exclude<Cell, null>) => unknown {
  switch (read(type).base) {
    case 'real':
      return (cell) => (typeof cell === 'number' ? shortestFloat(cell) : cell);
    case 'json':
      return (cell) => jsonValue(String(cell));
    default:
      return (cell) => cell;
  }
}

/**
 * As `Dialect.text` says. Texts are nvarchar, unless they are long: the driver looks the code page of each varchar up anew,
 * which takes four times as long as to read one. What it reads exactly stays as it is.
 * https://learn.microsoft.com/sql/t-sql/functions/cast-and-convert-transact-sql
 */
export function textSql(type: string, sql: string): string {
  const { base, length, scale } = read(type);
  switch (base) {
    case 'money':
    case 'smallmoney':
      return `CONVERT(nvarchar(22), ${sql}, 2)`;
    case 'float':
    case 'real':
      return `CONVERT(nvarchar(32), ${sql}, 3)`;
    case 'datetimeoffset':
      return `CONVERT(nvarchar(33), CONVERT(datetime2(${scale}), SWITCHOFFSET(${sql}, '+00:00')), 126) + N'Z'`;
    case 'datetime2':
    case 'datetime':
    case 'smalldatetime':
      return `CONVERT(nvarchar(33), ${sql}, 126)`;
    case 'date':
      return `CONVERT(nvarchar(10), ${sql}, 23)`;
    case 'time':
      return `CONVERT(nvarchar(16), ${sql}, 121)`;
    case 'binary':
    case 'varbinary':
      return `CONVERT(nvarchar(${length < longestNvarchar / 2 ? 2 + 2 * length : 'max'}), ${sql}, 1)`;
    case 'rowversion':
      return `CONVERT(nvarchar(18), ${sql}, 1)`;
    case 'char':
    case 'varchar':
      return length <= longestNvarchar ? `CONVERT(nvarchar(${length}), ${sql})` : sql;
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
    case 'uniqueidentifier':
    case 'nchar':
    case 'nvarchar':
      return sql;
    default:
      return `CONVERT(nvarchar(41), ${sql})`;
  }
}

/** Longer ones are `max`. */
const longestNvarchar = 4_000;

/**
 * As `Dialect.parse` says. What is finer than the column is cut off, never rounded up: a bound must not pass what it
 * stands for. Texts are converted under the column's own collation, whose code page may differ from the database's.
 */
export function parseSql(type: string, placeholder: string): string {
  const { base, declared, scale, collation } = read(type);
  const digits = scale === 0 ? 19 : 20 + scale;
  switch (base) {
    case 'datetimeoffset': {
      const utc = `CONVERT(datetime2(${scale}), LEFT(REPLACE(${placeholder}, 'Z', ''), ${digits}), 126)`;
      return `TODATETIMEOFFSET(${utc}, '+00:00')`;
    }
    case 'datetime2':
      return `CONVERT(${declared}, LEFT(${placeholder}, ${digits}), 126)`;
    case 'datetime':
      return `CONVERT(datetime, LEFT(${placeholder}, 23), 126)`;
    case 'smalldatetime':
      return `CONVERT(smalldatetime, LEFT(${placeholder}, 16) + ':00', 126)`;
    case 'date':
      return `CONVERT(date, LEFT(${placeholder}, 10), 23)`;
    case 'time':
      return `CONVERT(${declared}, ${placeholder}, 121)`;
    case 'binary':
    case 'varbinary':
      return `CONVERT(${declared}, ${placeholder}, 1)`;
    case 'rowversion':
      return `CONVERT(binary(8), ${placeholder}, 1)`;
    default:
      return `CONVERT(${declared}, ${placeholder}${collation === undefined ? '' : ` COLLATE ${collation}`})`;
  }
}

/** Hex digits are equal only where all bytes are. */
export function exactSql(type: string, sql: string): string {
  const bytes = /char$/.test(read(type).base) ? `CONVERT(varbinary(max), ${sql})` : sql;
  return `CONVERT(varchar(max), ${bytes}, 1)`;
}

function read(type: string): MssqlType {
  const [, declared = '', base = '', args = '', collation] =
    /^((\w+)(?:\(([^)]*)\))?)(?: COLLATE (\w+))?$/.exec(type) ?? [];
  const length = args === 'max' ? Number.POSITIVE_INFINITY : Number(args.split(',')[0]);
  return { base, declared, length, scale: Number(args.split(',').at(-1)) || 0, collation };
}
