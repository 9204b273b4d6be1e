import type { ColumnKind } from './dialect.ts';
import { backFrom, beforeFold, type TimeZone } from './localTime.ts';

const time = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(\.\d+)?)?(?:Z|\+00(?::00)?)?$/;

/** A cursor's text taken apart: whole seconds as milliseconds of a UTC day, and the digits below, as they were. */
interface Written {
  readonly seconds: number;
  readonly fraction: string;
}

function read(text: string): Written | undefined {
  const match = time.exec(text);
  if (match === null) return undefined;
  const [, date = '', clock = '00:00:00', fraction = ''] = match;
  const seconds = Date.parse(`${date}T${clock}Z`);
  return Number.isNaN(seconds) ? undefined : { seconds, fraction };
}

/** Undefined before the year 1: no database compares with that. */
function write(kind: ColumnKind, { seconds, fraction }: Written): string | undefined {
  if (!(seconds >= firstSecond)) return undefined;
  const text = new Date(seconds).toISOString();
  if (kind === 'date') return text.slice(0, 10);
  return `${text.slice(0, 19)}${fraction}${kind === 'zoned' ? 'Z' : ''}`;
}

const firstSecond = Date.parse('0001-01-01T00:00:00Z');

/** The database's clock (UTC, `YYYY-MM-DDTHH:MM:SS.f…Z`), as a column of that kind would hold it in the source's zone. */
export function clockAs(kind: ColumnKind, clock: string, zone: TimeZone): string {
  const now = read(clock);
  if (now === undefined || kind === 'zoned') return clock;
  return write(kind, { ...now, seconds: zone.toLocal(now.seconds) }) ?? clock;
}

/** The first moment from which rows are read again: `backMs` (rounded up to seconds) before the cursor. */
export interface TimeBound {
  readonly kind: ColumnKind;
  readonly value: string;
  readonly backMs: number;
  readonly zone: TimeZone;
}

/**
 * The lower bound of a read that goes on from a time. Undefined: from the beginning, as for `-infinity`.
 *
 * Local times repeat when clocks go back. A cursor within the repeated hour doesn't say which of its two passes it comes
 * from, and rows of the second pass may be dated as low as the hour's beginning: there it goes on from that beginning. A
 * cursor beyond the hour was reached after the second pass, one before it lies below whatever the hour brings. Where
 * clocks went forward, what was dated shortly before a cursor lies further down by the hour that they skipped.
 */
export function timesFrom({ kind, value, backMs, zone }: TimeBound): string | undefined {
  const cursor = read(value);
  if (cursor === undefined) return undefined;
  const milliseconds = cursor.seconds + Math.ceil(Number(`0${cursor.fraction}`) * 1_000);
  const begins = kind === 'zoned' ? milliseconds : beforeFold(zone, milliseconds);
  const from = begins === milliseconds ? cursor : { seconds: begins, fraction: '' };
  const back = Math.ceil(backMs / 1_000) * 1_000;
  return write(kind, { ...from, seconds: kind === 'zoned' ? from.seconds - back : backFrom(zone, from.seconds, back) });
}

/** The lower bound of a read that goes on from a number; undefined where it can't be counted back from. */
export function numbersFrom(value: string, overlap: number): string | undefined {
  const match = /^(-?\d+)(\.\d+)?$/.exec(value);
  if (match === null) return undefined;
  return String(
    BigInt(match[1] ?? '0') - BigInt(overlap) - (value.startsWith('-') && match[2] !== undefined ? 1n : 0n),
  );
}

/** True where `value` is beyond `reached`, or `reached` says nothing that can be counted from; false where `value` doesn't. */
export function isBeyond(kind: ColumnKind, value: string, reached: string): boolean {
  if (kind === 'number') return isGreater(value, reached);
  const [a, b] = [read(value), read(reached)];
  if (a === undefined || b === undefined) return a !== undefined;
  const digits = Math.max(a.fraction.length, b.fraction.length);
  return a.seconds > b.seconds || (a.seconds === b.seconds && padded(a, digits) > padded(b, digits));
}

function padded({ fraction }: Written, digits: number): string {
  return (fraction || '.').padEnd(digits, '0');
}

/** Exact, for decimals of any length. */
function isGreater(a: string, b: string): boolean {
  const [x, y] = [decimal.exec(a), decimal.exec(b)];
  if (x === null || y === null) return x !== null;
  const scale = Math.max(x[3]?.length ?? 0, y[3]?.length ?? 0);
  const scaled = ([, sign, whole, fraction = '']: RegExpExecArray) =>
    BigInt(`${sign}${whole}${fraction.padEnd(scale, '0')}`);
  return scaled(x) > scaled(y);
}

const decimal = /^(-?)(\d+)(?:\.(\d+))?$/;
