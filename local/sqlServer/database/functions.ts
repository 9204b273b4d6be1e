import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { unsupported } from '../sqlError.ts';
import { quoted } from '../tsql/tokenReader.ts';
import { tokenize } from '../tsql/tokens.ts';
import {
  addTicks,
  instantText,
  offsetMinutes,
  readInstant,
  shift,
  shownInstant,
  ticksPerSecond,
  withZone,
} from '../types/dateTime.ts';
import { toScaled } from '../types/exact.ts';
import { familyOf, parseTypeText } from '../types/sqlType.ts';
import { type Stored, toStored } from '../types/stored.ts';
import type { SessionFacts } from './session.ts';

/** Functions of SQL Server, and those that translated statements call (`tds_…`). */
export function registerFunctions(database: DatabaseSync, facts: SessionFacts): void {
  const register = (name: string, work: (...args: Stored[]) => Stored) => {
    const options = { useBigIntArguments: true, varargs: true };
    database.function(name, options, (...args: SQLOutputValue[]) => work(...args));
  };

  register('sysutcdatetime', () => nowText(facts));
  register('sysdatetimeoffset', () => `${nowText(facts)}Z+00:00`);
  register('dateadd', (part, count, time) => dateAdd(String(part), count, time));
  register('datediff', (part, from, to) => dateDiff(String(part), from, to));
  register('datediff_big', (part, from, to) => dateDiff(String(part), from, to));

  register('tds_switch_offset', (time, offset) =>
    time === null ? null : withZone(readInstant(String(time)), String(offset)),
  );
  register('tds_with_offset', (time, offset) => withOffset(time, String(offset)));
  register('tds_left', (text, count) => (text === null ? null : String(text).slice(0, Number(count))));
  register('tds_sortable', (value, type) => sortable(value, String(type)));

  register('tds_convert', (value, type, from) => convert(value, String(type), from));
  register('tds_time_text', (value, type, style) => timeText(value, String(type), style));
  register('tds_float_text', (value) => (value === null ? null : Number(value).toExponential(16)));
  register('tds_bytes', (value, style) => toBytes(value, style));
  register('tds_text_bytes', (value, type) => textBytes(value, String(type)));
  register('tds_rowversion', (count) => rowversion(count));

  register('tds_version', () => 'Microsoft SQL Server 2022 - 16.0.1000.6 (a local stand-in on SQLite)');
  register('tds_session', () => BigInt(facts.sessionId));
  register('tds_transactions', () => (database.isTransaction ? 1n : 0n));
  register('serverproperty', (name) => serverProperty(String(name)));
  register('databasepropertyex', (_name, property) => databaseProperty(String(property)));
  register('db_name', () => facts.database);
  for (const name of ['suser_sname', 'original_login', 'user_name']) register(name, () => facts.user);
  register('has_perms_by_name', (_name, _kind, permission) =>
    facts.mayWrite || ['SELECT', 'VIEW DEFINITION'].includes(String(permission).toUpperCase()) ? 1n : 0n,
  );
  for (const name of ['is_member', 'is_rolemember', 'is_srvrolemember'])
    register(name, () => (facts.mayWrite ? 1n : 0n));

  const objects = 'SELECT s.name AS "schema", o.name FROM "sys.objects" o JOIN "sys.schemas" s USING (schema_id)';
  register('object_id', (name) => {
    const [table = '', schema = 'dbo'] = nameParts(String(name)).reverse();
    const sql = `SELECT o.object_id FROM "sys.objects" o JOIN "sys.schemas" s USING (schema_id)
      WHERE o.name = ? AND s.name = ?`;
    const id = database.prepare(sql).get(table, schema)?.object_id;
    return id === undefined ? null : BigInt(Number(id));
  });
  register('object_name', (id) => textOf(database.prepare(`${objects} WHERE object_id = ?`).get(id ?? null)?.name));
  register('schema_name', (id) => {
    const row = database.prepare('SELECT name FROM "sys.schemas" WHERE schema_id = ?').get(id ?? null);
    return textOf(row?.name);
  });
  register('type_name', (id) => {
    const row = database.prepare('SELECT name FROM "sys.types" WHERE user_type_id = ?').get(id ?? null);
    return textOf(row?.name);
  });
  register('tds_row_count', (id) => {
    const row = database.prepare(`${objects} WHERE object_id = ?`).get(id ?? null);
    const table = quoted(`${String(row?.schema)}.${String(row?.name)}`);
    return BigInt(Number(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows));
  });
}

function textOf(value: SQLOutputValue | undefined): string | null {
  return value === undefined || value === null ? null : String(value);
}

function nowText({ clock }: SessionFacts): string {
  return `${new Date(clock()).toISOString().slice(0, 23)}0000`;
}

/** @param from the type of the value, where it is known */
function convert(value: Stored = null, type: string, from: Stored = null): Stored {
  const target = parseTypeText(type);
  const fromInstant = typeof from === 'string' && familyOf(parseTypeText(from)) === 'instant';
  // A datetimeoffset is held in UTC, and is converted as people read it.
  const shown = fromInstant && typeof value === 'string' ? shownInstant(value, 7, 'T') : value;
  if (familyOf(target) === 'clock' && fromInstant && typeof shown === 'string')
    return toStored(shown.slice(11, 27), target);
  return toStored(shown, target);
}

function timeText(value: Stored = null, type: string, style: Stored = null): Stored {
  if (value === null) return null;
  const { name, scale = 7 } = parseTypeText(type);
  if (name === 'time') return String(value).slice(0, scale === 0 ? 8 : 9 + scale);
  const text = shownInstant(String(value), scale, style === 121n ? ' ' : 'T');
  // SQL Server leaves out the fraction of an old datetime where there is none.
  return name === 'datetime' && style !== 121n ? text.replace(/\.000$/, '') : text;
}

function toBytes(value: Stored = null, style: Stored = null): Stored {
  if (value === null || value instanceof Uint8Array) return value;
  if (typeof value === 'bigint') return rowversion(value);
  const hex = style === 1n ? /^0x([0-9a-f]*)$/i.exec(String(value))?.[1] : style === 2n ? String(value) : undefined;
  if (hex === undefined || hex.length % 2 === 1)
    throw unsupported(`bytes of '${String(value)}' in style ${String(style)}`);
  return Buffer.from(hex, 'hex');
}

function rowversion(count: Stored = null): Stored {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(String(count)));
  return bytes;
}

const ticksPer: Readonly<Record<string, number>> = Object.fromEntries(
  (
    [
      [['nanosecond', 'ns'], 0.01],
      [['microsecond', 'mcs'], 10],
      [['millisecond', 'ms'], 10_000],
      [['second', 'ss', 's'], ticksPerSecond],
      [['minute', 'mi', 'n'], 60 * ticksPerSecond],
      [['hour', 'hh'], 3_600 * ticksPerSecond],
      [['day', 'dd', 'd'], 86_400 * ticksPerSecond],
    ] as const
  ).flatMap(([names, ticks]) => names.map((name) => [name, ticks])),
);

function ticksOfPart(part: string): number {
  const ticks = ticksPer[part];
  if (ticks === undefined) throw unsupported(`the date part ${part}`);
  return ticks;
}

function dateAdd(part: string, count: Stored = null, time: Stored = null): Stored {
  if (count === null || time === null) return null;
  const held = String(convert(time, 'datetime2(7)'));
  return instantText(addTicks(readInstant(held), Math.round(Number(count) * ticksOfPart(part))));
}

/** How many boundaries of the part are between two times. */
function dateDiff(part: string, from: Stored = null, to: Stored = null): Stored {
  if (from === null || to === null) return null;
  const each = ticksOfPart(part);
  const boundary = (time: Stored) => {
    const { days, ticks } = readInstant(String(convert(time, 'datetime2(7)')));
    return BigInt(days) * BigInt(Math.round((86_400 * ticksPerSecond) / each)) + BigInt(Math.floor(ticks / each));
  };
  return boundary(to) - boundary(from);
}

/** A local time, as it is at that offset. */
function withOffset(time: Stored = null, offset: string): Stored {
  if (time === null) return null;
  const local = readInstant(String(convert(time, 'datetime2(7)')));
  return withZone(shift(local, -offsetMinutes(offset)), offset);
}

/** Text that sorts as values do whose own texts don't: exact numbers, times with an offset. */
function sortable(value: Stored = null, type: string): Stored {
  if (value === null) return null;
  const { name, scale = 0 } = parseTypeText(type);
  if (name === 'datetimeoffset') return String(value).slice(0, 28);
  return String(toScaled(String(value), scale) + 10n ** 39n).padStart(40, '0');
}

function textBytes(value: Stored = null, type: string): Stored {
  if (value === null) return null;
  return Buffer.from(String(value), parseTypeText(type).name.startsWith('n') ? 'utf16le' : 'latin1');
}

/** Of `[dbo].[Stock]`, `dbo.Stock` or `Stock`. */
function nameParts(name: string): string[] {
  return tokenize(name).flatMap(({ kind, text }) => (kind === 'symbol' ? [] : text));
}

function databaseProperty(name: string): string {
  if (name.toLowerCase() !== 'updateability') throw unsupported(`DATABASEPROPERTYEX of ${name}`);
  return 'READ_WRITE';
}

function serverProperty(name: string): string {
  const known: Readonly<Record<string, string>> = {
    productversion: '16.0.1000.6',
    productlevel: 'RTM',
    edition: 'Local stand-in',
    engineedition: '3',
  };
  const value = known[name.toLowerCase()];
  if (value === undefined) throw unsupported(`SERVERPROPERTY('${name}')`);
  return value;
}
