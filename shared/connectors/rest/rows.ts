import { createHash } from 'node:crypto';
import { AdpError } from '../../errors.ts';
import type { JsonValue } from '../../model/json.ts';
import { NumberLiteral } from '../../model/literal.ts';
import type { PulledRow, Query } from '../connector.ts';
import type { RestEntity, Told } from './entity.ts';
import { valueAt } from './member.ts';
import { readTime, type TimeForm } from './times.ts';

/** Rows without a field that is mapped, above which it counts as gone; fewer may all happen to lack it. */
const enoughRows = 50;

/** The rows, with `_op` where a row's own field says that it is deleted. */
export function markDeleted(rows: readonly PulledRow[], { softDelete }: RestEntity): readonly PulledRow[] {
  if (softDelete === undefined) return rows;
  const { field, values } = softDelete;
  return rows.map((row) =>
    'values' in row && meansDeleted(valueAt(row.values, field), values)
      ? { values: { ...row.values, _op: 'delete' } }
      : row,
  );
}

/** The highest time (milliseconds since 1970) or id of the rows, as text; undefined where none says one. */
export function highest(rows: readonly PulledRow[], cursor: Query['cursor'], form: TimeForm): bigint | undefined {
  const { column, kind } = cursor;
  if (column === undefined || (kind !== 'timestamp' && kind !== 'monotonic_id')) return undefined;
  let high: bigint | undefined;
  for (const row of rows) {
    const value = 'values' in row ? valueAt(row.values, column) : undefined;
    const place = kind === 'timestamp' ? timeOf(form, value) : wholeNumber(value);
    if (place !== undefined && (high === undefined || place > high)) high = place;
  }
  return high;
}

/** A whole number as an API writes it, as number or text. */
export function wholeNumber(value: unknown): bigint | undefined {
  const text = value instanceof NumberLiteral ? value.text : typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && /^\s*-?\d{1,40}\s*$/.test(text) ? BigInt(text.trim()) : undefined;
}

/**
 * All fields of the rows, in the order in which they come.
 * @throws AdpError MAPPING_ERROR (park) for a field that is needed and that no row has: of CSV always, since its header
 * says it; of other formats where it is part of the key or the cursor, or where there are many rows. Of rows that are
 * deleted APIs often say no more than their key
 */
export function checkFields(rows: readonly PulledRow[], entity: RestEntity, query: Query): string[] {
  const fields = new Set<string>();
  const values = markDeleted(rows, entity).flatMap((row) =>
    'values' in row && row.values._op !== 'delete' ? [row.values] : [],
  );
  for (const row of values) {
    for (const name in row) fields.add(name);
  }
  const isTold = entity.format === 'csv' || (values.length >= enoughRows && !entity.sparse);
  const cursor = query.cursor.kind === 'full' || query.cursor.column === undefined ? [] : [[query.cursor.column]];
  const keys = entity.sparse ? [] : query.keyColumns.map((name) => [name]);
  const needed = [...keys, ...cursor, ...(isTold ? query.needed : [])];
  const gone = needed.find((names) => !names.some((name) => values.some((row) => valueAt(row, name) !== undefined)));
  if (values.length > 0 && gone !== undefined) {
    const there = fieldList([...fields]);
    const advice = isTold && entity.format !== 'csv' ? ' If the API leaves out empty fields, set sparse.' : '';
    throw new AdpError('MAPPING_ERROR', `No row has ${gone.join(' or ')}; the rows have ${there}.${advice}`);
  }
  return [...fields];
}

/** Names of fields as people are told them: the first ones. */
export function fieldList(fields: readonly string[]): string {
  return fields.slice(0, 50).join(', ').slice(0, 2_000);
}

/** Tells rows apart by all that they hold: one that was changed may have moved, and is another. */
export function hashRow(row: PulledRow): string {
  return hash('values' in row ? row.values : row.raw);
}

/** Tells pages apart, by their first and last rows and their length. */
export function hashPage(rows: readonly PulledRow[]): string {
  return hash([rows.length, rows[0], rows.at(-1)]);
}

export function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16);
}

function timeOf(form: TimeForm, value: unknown): bigint | undefined {
  const ms = readTime(form, value);
  return ms === undefined ? undefined : BigInt(ms);
}

/** Blank, no, or zero as it may be written: a number whose text says more than its value is known by that alone. */
const unset = /^\s*(|-?0+(\.0+)?|f|false|n|no)\s*$/i;

function meansDeleted(value: unknown, values: readonly JsonValue[] | undefined): boolean {
  const plain = value instanceof NumberLiteral ? value.text : value;
  if (values !== undefined) return isScalar(plain) && values.some((one) => String(one) === String(plain));
  if (plain === undefined || plain === null || plain === false || plain === 0) return false;
  return typeof plain !== 'string' || !unset.test(plain);
}

/** An object may have members that keep it from being written as text. */
function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** What the API tells of `told` in the body or the headers, as text; undefined where it tells nothing. */
export function toldText(told: Told | undefined, envelope: unknown, headers: Headers): string | undefined {
  if (told === undefined) return undefined;
  const value = 'header' in told ? headers.get(told.header) : valueAt(envelope, told.path);
  return plainText(value);
}

/** Text or a number as text; nothing else leads to a page or counts. */
export function plainText(value: unknown): string | undefined {
  if (value instanceof NumberLiteral) return value.text;
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
