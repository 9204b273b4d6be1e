import { unsupported } from '../sqlError.ts';
import { familyOf, type SqlType, typeText } from '../types/sqlType.ts';
import { literal } from './tokenReader.ts';

/** A part of a statement in SQLite's words, with its type in SQL Server where that is known. */
export interface Expression {
  readonly sql: string;
  readonly type: SqlType | undefined;
}

export function untyped(sql: string): Expression {
  return { sql, type: undefined };
}

/** https://learn.microsoft.com/sql/t-sql/functions/cast-and-convert-transact-sql */
export function convert({ sql, type }: Expression, target: SqlType, style: number | undefined): Expression {
  const family = familyOf(target);
  if (family === 'text') return { sql: toText(sql, type, target, style), type: target };
  if (family === 'binary') return { sql: toBytes(sql, type, style), type: target };
  const isIso = [undefined, 121, 126, 127].includes(style) || (style === 23 && family === 'day');
  if (!isIso) throw unsupported(`CONVERT's style ${style}`);
  const from = type === undefined ? 'NULL' : literal(typeText(type));
  return { sql: `tds_convert(${sql}, ${literal(typeText(target))}, ${from})`, type: target };
}

function toBytes(sql: string, type: SqlType | undefined, style: number | undefined): string {
  const isText = type !== undefined && familyOf(type) === 'text';
  return isText && style === undefined
    ? `tds_text_bytes(${sql}, ${literal(typeText(type))})`
    : `tds_bytes(${sql}, ${style ?? 0})`;
}

function toText(sql: string, type: SqlType | undefined, target: SqlType, style: number | undefined): string {
  const length = typeof target.length === 'number' && target.length > 1 ? target.length : 1_000_000_000;
  const shown = type === undefined ? `CAST(${sql} AS TEXT)` : shownText(sql, type, style);
  return `substr(${shown}, 1, ${length})`;
}

function shownText(sql: string, type: SqlType, style: number | undefined): string {
  const family = familyOf(type);
  if (family === 'instant' || family === 'clock') {
    if (style !== 126 && style !== 127 && style !== 121) throw unsupported(`a time as text in style ${style ?? 0}`);
    return `tds_time_text(${sql}, ${literal(typeText(type))}, ${style})`;
  }
  if (family === 'float') {
    if (style !== 3) throw unsupported('a float as text in another style than 3, which alone is exact');
    return `tds_float_text(${sql})`;
  }
  if (type.name === 'money' || type.name === 'smallmoney') {
    if (style !== 2) throw unsupported('money as text in another style than 2, which alone has four digits');
    return sql;
  }
  if (family === 'binary') {
    if (style !== 1 && style !== 2) throw unsupported(`bytes as text in style ${style ?? 0}`);
    return `${style === 1 ? "'0x' || " : ''}hex(${sql})`;
  }
  return `CAST(${sql} AS TEXT)`;
}
