import type { Column, ColumnKind } from '../dialect.ts';
import { jsonValue } from '../jsonValue.ts';
import type { Cell } from '../session.ts';
import { shortestFloat } from '../shortestFloat.ts';

type Value = (cell: Exclude<Cell, null>) => unknown;

/** What a column's type does to reading and comparing it. */
interface Family {
  readonly kind: ColumnKind;
  /** What is selected for a row's value; default: the column. */
  readonly select?: (sql: string) => string;
  /** A row's value, of what was selected; default: that. */
  readonly toValue?: Value;
  /** Default: the column, which is a text. */
  readonly text?: (sql: string) => string;
  /** Default: the placeholder, which takes the collation of the column that it is compared with. */
  readonly parse?: (placeholder: string) => string;
}

/** Sort keys that are longer can't be an index's, and would be compared by their beginnings alone. */
const longestKey = 3_072;

const plain: Family = { kind: 'ordered' };
const opaque: Family = { kind: 'opaque' };

const asText = (sql: string) => `CAST(${sql} AS CHAR)`;
const castTo = (type: string) => (placeholder: string) => `CAST(${placeholder} AS ${type})`;
const whole = (sql: string) => `(${sql} + 0)`;
const wholeText = (sql: string) => asText(whole(sql));
/** An overlap may reach below zero, which an unsigned type would take for its greatest number. */
const toUnsigned = (placeholder: string) => `CAST(GREATEST(CAST(${placeholder} AS DECIMAL(65, 0)), 0) AS UNSIGNED)`;

/** The server fills ZEROFILL columns up. */
const withoutZeros: Value = (cell) => String(cell).replace(/^(-?)0+(?=\d)/, '$1');

const smallInteger: Family = { kind: 'number', text: wholeText, parse: castTo('SIGNED') };
const bigInteger: Family = { ...smallInteger, toValue: withoutZeros };
/** Sorted and compared by number: an enum's is its place in the declaration, a set's and a bit's its bits. */
const numbered: Family = { kind: 'ordered', text: wholeText, parse: toUnsigned };
/** Not of the driver: it adds digits up by itself, and the server writes six of a FLOAT. */
const float: Family = { ...opaque, select: (sql) => asText(`(${sql} + 0e0)`) };
const bytes: Family = {
  kind: 'ordered',
  text: (sql) => `HEX(${sql})`,
  parse: (placeholder) => `UNHEX(${placeholder})`,
};
/** Types of MariaDB, whose order is not that of their texts. */
const own = (type: string): Family => ({ kind: 'ordered', select: asText, text: asText, parse: castTo(type) });

const families: Readonly<Record<string, Family>> = {
  tinyint: smallInteger,
  smallint: smallInteger,
  mediumint: smallInteger,
  int: smallInteger,
  bigint: bigInteger,
  year: smallInteger,
  decimal: { kind: 'number', toValue: withoutZeros, text: asText },
  float: { ...float, toValue: (cell) => shortestFloat(Number(cell)) },
  double: { ...float, toValue: Number },
  bit: { ...numbered, select: whole },
  date: { kind: 'date', toValue: (cell) => unlessZero(String(cell)), text: asText, parse: castTo('DATE') },
  datetime: {
    kind: 'local',
    toValue: (cell) => unlessZero(String(cell))?.replace(' ', 'T') ?? null,
    text: (sql) => `DATE_FORMAT(${sql}, '%Y-%m-%dT%H:%i:%s.%f')`,
    parse: castTo('DATETIME(6)'),
  },
  // The session's zone is UTC.
  timestamp: {
    kind: 'zoned',
    toValue: (cell) => {
      const text = unlessZero(String(cell));
      return text === null ? null : `${text.replace(' ', 'T')}Z`;
    },
    text: (sql) => `DATE_FORMAT(${sql}, '%Y-%m-%dT%H:%i:%s.%fZ')`,
    parse: (placeholder) => `CAST(TRIM(TRAILING 'Z' FROM ${placeholder}) AS DATETIME(6))`,
  },
  time: { kind: 'ordered', text: asText, parse: castTo('TIME(6)') },
  char: plain,
  varchar: plain,
  tinytext: plain,
  binary: bytes,
  varbinary: bytes,
  tinyblob: bytes,
  enum: numbered,
  set: numbered,
  uuid: own('UUID'),
  inet4: own('INET4'),
  inet6: own('INET6'),
  json: { ...opaque, toValue: (cell) => jsonValue(String(cell)) },
  // As the server keeps it: four bytes of SRID, then WKB.
  geometry: { ...opaque, select: (sql) => `CAST(${sql} AS BINARY)` },
};

const geometries = /^(point|linestring|polygon|multipoint|multilinestring|multipolygon|geom(etry)?collection)$/;

/** @param octets how long its values may be, where it says so */
export function kindOf(type: string, octets: number | undefined): ColumnKind {
  const { kind } = familyOf(type);
  return kind === 'ordered' && octets !== undefined && octets > longestKey ? 'opaque' : kind;
}

/** As `Dialect.select` says. */
export function selectSql({ type }: Column, sql: string): string {
  return familyOf(type).select?.(sql) ?? sql;
}

/**
 * As `Dialect.toValue` says. A date that is nothing but zeros, which MySQL has instead of NULL, is null. TINYINT(1) is a
 * number, since it may hold 2; BIT(1) is a boolean; longer bits are the number that they make, as text.
 */
export function readerOf({ type }: Column): Value {
  if (type === 'bit(1)') return (cell) => String(cell) === '1';
  return familyOf(type).toValue ?? ((cell) => cell);
}

/** As `Dialect.text` says. */
export function textSql({ type }: Column, sql: string): string {
  return familyOf(type).text?.(sql) ?? sql;
}

/** As `Dialect.parse` says. */
export function parseSql({ type }: Column, placeholder: string): string {
  const scale = /^decimal\(\d+,(\d+)\)/.exec(type)?.[1];
  if (scale !== undefined) return `CAST(${placeholder} AS DECIMAL(65, ${scale}))`;
  if (/^\w*int\b.* unsigned/.test(type)) return toUnsigned(placeholder);
  return familyOf(type).parse?.(placeholder) ?? placeholder;
}

export function isText(type: string): boolean {
  return /^((var)?char|\w*text)\b/.test(type);
}

function familyOf(type: string): Family {
  const base = /^[a-z0-9]+/.exec(type)?.[0] ?? '';
  if (Object.hasOwn(families, base)) return families[base] ?? opaque;
  return geometries.test(base) ? (families.geometry ?? opaque) : opaque;
}

function unlessZero(text: string): string | null {
  return text.startsWith('0000-00-00') ? null : text;
}
