import type { FieldPacket } from 'mysql2';
import type { Column } from '../dialect.ts';
import type { Field } from '../session.ts';
import { isText, kindOf } from './columns.ts';

/** https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
const names: Readonly<Record<number, string>> = {
  0: 'decimal',
  1: 'tinyint',
  2: 'smallint',
  3: 'int',
  4: 'float',
  5: 'double',
  7: 'timestamp',
  8: 'bigint',
  9: 'mediumint',
  10: 'date',
  11: 'time',
  12: 'datetime',
  13: 'year',
  14: 'date',
  16: 'bit',
  242: 'vector',
  245: 'json',
  246: 'decimal',
  247: 'enum',
  248: 'set',
  255: 'geometry',
};

/** Of a field's flags: https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__column__definition__flags.html */
const flags = { notNull: 1, unsigned: 32, enum: 256, set: 2_048 } as const;
/** The character set of what is no text. */
const binary = 63;

/** A column of a result, of a type as `information_schema` would write it: `decimal(65,2) NOT NULL`, `bigint unsigned`. */
export function toField(packet: FieldPacket): Field {
  return { name: packet.name, type: `${typeOf(packet)}${has(packet, flags.notNull) ? notNull : ''}` };
}

const notNull = ' NOT NULL';

/** The column of a query that such a field describes. Its collation isn't told. */
export function toColumn(field: Field): Column {
  const isNullable = !field.type.endsWith(notNull);
  const type = isNullable ? field.type : field.type.slice(0, -notNull.length);
  const octets = /^var(?:char|binary)\((\d+)\)/.exec(type)?.[1];
  const kind = kindOf(type, octets === undefined ? undefined : Number(octets));
  return { name: field.name, type, kind, isNullable, isLoose: isText(type) };
}

/** Texts and bytes have their length in bytes. */
function typeOf(packet: FieldPacket): string {
  if (packet.extendedFormat === 'json') return 'json';
  if (packet.extendedTypeName !== undefined) return packet.extendedTypeName;
  if (has(packet, flags.enum)) return 'enum';
  if (has(packet, flags.set)) return 'set';
  const { columnLength, decimals } = packet;
  const name = names[packet.columnType ?? packet.type ?? 253];
  if (name === undefined) return `${packet.characterSet === binary ? 'varbinary' : 'varchar'}(${columnLength})`;
  if (name === 'bit') return `bit(${columnLength})`;
  if (name === 'decimal') return `decimal(65,${decimals})`;
  // Times and years have the flag too.
  return name.endsWith('int') && has(packet, flags.unsigned) ? `${name} unsigned` : name;
}

function has({ flags: set }: FieldPacket, flag: number): boolean {
  return typeof set === 'number' && (set & flag) !== 0;
}
