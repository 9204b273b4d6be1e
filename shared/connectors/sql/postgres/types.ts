import { AdpError } from '../../../errors.ts';
import type { Column, ColumnKind } from '../dialect.ts';
import { jsonValue } from '../jsonValue.ts';
import type { Cell } from '../session.ts';

type ToValue = (cell: Exclude<Cell, null>) => unknown;

/** What a type of PostgreSQL is to us; `cast`: to what its cursors and keys are compared as. */
interface PostgresType {
  readonly kind: ColumnKind;
  readonly toValue: ToValue;
  readonly cast?: string;
  /** Different texts may be equal, as 1.0 and 1.00. */
  readonly isLoose?: true;
  /** What is selected instead of the column. */
  readonly select?: (sql: string) => string;
}

const asIs: ToValue = (cell) => cell;
/** NaN and the infinities have no number in JSON: they stay text. */
const toNumber: ToValue = (cell) => {
  const number = Number(cell);
  return Number.isFinite(number) ? number : cell;
};

const ordered: PostgresType = { kind: 'ordered', toValue: asIs };
const number: PostgresType = { kind: 'number', toValue: toNumber, cast: 'int8' };
const float: PostgresType = { kind: 'ordered', toValue: toNumber, cast: 'float8', isLoose: true };
const json: PostgresType = { kind: 'opaque', toValue: (cell) => jsonValue(String(cell)) };
/** Arrays, records and what else is made of parts: numbers in it keep their digits, times are RFC 3339. */
const parts: PostgresType = { ...json, select: (sql) => `to_json(${sql})` };
const opaque: PostgresType = { kind: 'opaque', toValue: asIs };

/** By the name in pg_type; of domains, that of what they are based on. */
const types: Readonly<Record<string, PostgresType>> = {
  int2: number,
  int4: number,
  int8: { ...number, toValue: asIs },
  oid: { kind: 'ordered', toValue: toNumber, cast: 'oid' },
  numeric: { kind: 'number', toValue: asIs, cast: 'numeric', isLoose: true },
  money: { kind: 'opaque', toValue: asIs, select: (sql) => `${sql}::numeric` },
  // A wider one is another number: 0.1 would come after itself.
  float4: { ...float, cast: 'float4' },
  float8: float,
  bool: { kind: 'ordered', toValue: (cell) => cell === 't', cast: 'bool' },
  timestamptz: { kind: 'zoned', toValue: toMoment, cast: 'timestamptz' },
  timestamp: { kind: 'local', toValue: toLocal, cast: 'timestamp' },
  date: { kind: 'date', toValue: asIs, cast: 'date' },
  time: { ...ordered, cast: 'time' },
  timetz: { ...ordered, cast: 'timetz', isLoose: true },
  interval: { ...ordered, cast: 'interval', isLoose: true },
  text: { ...ordered, cast: 'text' },
  varchar: { ...ordered, cast: 'text' },
  bpchar: { ...ordered, cast: 'bpchar', isLoose: true },
  name: { ...ordered, cast: 'text' },
  uuid: { ...ordered, cast: 'uuid' },
  bytea: { ...ordered, toValue: toBase64, cast: 'bytea' },
  json,
  jsonb: json,
};

/** A column's type as the catalogue tells it. */
export interface CatalogueType {
  /** `numeric(10,2)`, for messages. */
  readonly label: string;
  /** Its own name in pg_type, or that of the domain's base. */
  readonly name: string;
  /** As it is written in SQL, in quotes where it needs them. */
  readonly sql: string;
  /** `pg_type.typcategory`: E enum, A array, C composite … */
  readonly category: string;
  /** False for a collation that calls different texts equal. */
  readonly isDeterministic: boolean;
}

/** What a column that `toColumn` made is to the dialect. */
const typeOfColumn = new WeakMap<Column, PostgresType & { readonly cast: string }>();

export function toColumn(name: string, type: CatalogueType, isNullable: boolean): Column {
  const own = typeOf(type);
  const isLoose = own.isLoose === true || !type.isDeterministic;
  const column = { name, type: type.label, kind: own.kind, isNullable, isLoose };
  typeOfColumn.set(column, { ...own, cast: own.cast ?? type.sql });
  return column;
}

/** @throws AdpError INTERNAL for a column that `toColumn` did not make */
export function postgresTypeOf(column: Column): PostgresType & { readonly cast: string } {
  const type = typeOfColumn.get(column);
  if (type === undefined) throw new AdpError('INTERNAL', `The column ${column.name} is not from the catalogue.`);
  return type;
}

function typeOf({ name, category }: CatalogueType): PostgresType {
  const known = Object.hasOwn(types, name) ? types[name] : undefined;
  if (known !== undefined) return known;
  if (name === 'citext') return { ...ordered, isLoose: true };
  if (category === 'E') return ordered;
  return category === 'A' || category === 'C' ? parts : opaque;
}

/** `2024-05-06 07:08:09.123456+00` in RFC 3339; what RFC 3339 can't say (infinity, BC, later years) as it is. */
function toMoment(cell: Exclude<Cell, null>): unknown {
  const text = String(cell);
  return text.length >= 22 && text.endsWith('+00') && text[10] === ' '
    ? `${text.slice(0, 10)}T${text.slice(11, -3)}Z`
    : text;
}

function toLocal(cell: Exclude<Cell, null>): unknown {
  const text = String(cell);
  return text.length >= 19 && text[10] === ' ' && !text.endsWith('BC')
    ? `${text.slice(0, 10)}T${text.slice(11)}`
    : text;
}

/** From `\x…`. */
function toBase64(cell: Exclude<Cell, null>): unknown {
  return Buffer.from(String(cell).slice(2), 'hex').toString('base64');
}
