import { unsupported } from '../sqlError.ts';

const names = [
  ...['tinyint', 'smallint', 'int', 'bigint', 'bit', 'real', 'float', 'decimal', 'numeric', 'money', 'smallmoney'],
  ...['char', 'varchar', 'nchar', 'nvarchar', 'text', 'ntext', 'xml', 'uniqueidentifier'],
  ...['binary', 'varbinary', 'image', 'rowversion', 'timestamp'],
  ...['date', 'time', 'datetime', 'smalldatetime', 'datetime2', 'datetimeoffset'],
] as const;

export type SqlTypeName = (typeof names)[number];

export interface SqlType {
  readonly name: SqlTypeName;
  /** Characters or bytes. */
  readonly length?: number | 'max';
  /** Digits, all of them. */
  readonly precision?: number;
  /** Digits behind the point; of a time's seconds. */
  readonly scale?: number;
}

/** @param args what stands in parentheses behind the name */
export function sqlType(written: string, args: readonly string[] = []): SqlType {
  const name = names.find((known) => known === written.toLowerCase());
  if (name === undefined) throw unsupported(`the type ${written}`);
  const [first, second] = args;
  switch (name) {
    case 'decimal':
    case 'numeric':
      return { name, precision: Number(first ?? 18), scale: Number(second ?? 0) };
    case 'money':
    case 'smallmoney':
      return { name, scale: 4 };
    case 'time':
    case 'datetime2':
    case 'datetimeoffset':
      return { name, scale: Number(first ?? 7) };
    case 'datetime':
      return { name, scale: 3 };
    case 'smalldatetime':
      return { name, scale: 0 };
    case 'char':
    case 'varchar':
    case 'nchar':
    case 'nvarchar':
    case 'binary':
    case 'varbinary':
      return { name, length: first?.toLowerCase() === 'max' ? 'max' : Number(first ?? 1) };
    case 'text':
    case 'ntext':
    case 'xml':
    case 'image':
      return { name, length: 'max' };
    default:
      return { name };
  }
}

/** `decimal(18,4)` */
export function typeText({ name, length, precision, scale }: SqlType): string {
  if (length !== undefined) return `${name}(${length})`;
  if (precision !== undefined) return `${name}(${precision},${scale ?? 0})`;
  return ['time', 'datetime2', 'datetimeoffset'].includes(name) ? `${name}(${scale})` : name;
}

/** Functions are told their types with each row. */
const parsed = new Map<string, SqlType>();

/** Of what `typeText` wrote. */
export function parseTypeText(text: string): SqlType {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const [, name = '', args] = /^(\w+)(?:\((.*)\))?$/.exec(text) ?? [];
  const type = sqlType(name, args === undefined || args === '' ? [] : args.split(','));
  parsed.set(text, type);
  return type;
}

export type TypeFamily =
  | 'integer'
  | 'bit'
  | 'float'
  | 'exact'
  | 'text'
  | 'guid'
  | 'binary'
  | 'instant'
  | 'day'
  | 'clock';

const families: Readonly<Record<SqlTypeName, TypeFamily>> = {
  tinyint: 'integer',
  smallint: 'integer',
  int: 'integer',
  bigint: 'integer',
  bit: 'bit',
  real: 'float',
  float: 'float',
  decimal: 'exact',
  numeric: 'exact',
  money: 'exact',
  smallmoney: 'exact',
  char: 'text',
  varchar: 'text',
  nchar: 'text',
  nvarchar: 'text',
  text: 'text',
  ntext: 'text',
  xml: 'text',
  uniqueidentifier: 'guid',
  binary: 'binary',
  varbinary: 'binary',
  image: 'binary',
  rowversion: 'binary',
  timestamp: 'binary',
  date: 'day',
  time: 'clock',
  datetime: 'instant',
  smalldatetime: 'instant',
  datetime2: 'instant',
  datetimeoffset: 'instant',
};

/** Exact numbers that SQLite can hold as numbers: whole ones that fit into 64 bits. */
export function isCountable({ precision = 38, scale }: SqlType): boolean {
  return scale === 0 && precision <= 18;
}

export function familyOf({ name }: SqlType): TypeFamily {
  return families[name];
}
