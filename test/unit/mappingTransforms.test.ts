import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileMapper } from '../../shared/mapping/compile.ts';
import type { FieldMapping } from '../../shared/mapping/schema.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';

type Transforms = NonNullable<Exclude<FieldMapping, string>['transform']>;

/** What a chain of transforms makes of a value; of a refused one, the error's detail after "! ". */
function apply(transform: Transforms, value: unknown, zone = 'Europe/Berlin'): unknown {
  const mapper = compileMapper({
    entity: 'part',
    mapping: { part_number: { const: 'X' }, 'extensions.value': { from: 'v', transform } },
    keepUnmapped: false,
    zone,
  });
  const result = mapper.upsert({ v: value });
  if (!result.ok) return `! ${result.errors.map((error) => error.detail).join('; ')}`;
  const extensions: unknown = result.data.extensions;
  return typeof extensions === 'object' && extensions !== null && 'value' in extensions ? extensions.value : undefined;
}

const refused = expect.stringMatching(/^! must/);

describe('text', () => {
  test.each<[Transforms, unknown, unknown]>([
    [['trim'], '  a b\t', 'a b'],
    [['trim'], '   ', undefined],
    [['upper'], 'straße', 'STRASSE'],
    [['lower'], 'ÄB', 'äb'],
    [['trim', 'upper'], ' a ', 'A'],
    [['trim'], 12.5, '12.5'],
    [['trim'], new NumberLiteral('10.50'), '10.50'],
    [['trim'], { a: 1 }, refused],
    [[{ replace: { find: '.', with: '$&' } }], 'a.b.c', 'a$&b$&c'],
    [[{ prefix: { text: 'AR-' } }], 5381, 'AR-5381'],
    [[{ suffix: { text: '-R' } }], 'AR', 'AR-R'],
    [[{ substring: { start: 1, length: 2 } }], 'a😀bc', '😀b'],
    [[{ substring: { start: 2 } }], 'abcd', 'cd'],
    [[{ substring: { start: 9 } }], 'abcd', undefined],
    [[{ pad: { length: 5, with: '0' } }], 42, '00042'],
    [[{ pad: { length: 5, with: ' ', side: 'end' } }], 'ab', 'ab   '],
    [[{ pad: { length: 2, with: '0' } }], '12345', '12345'],
  ])('%j of %j is %j', (transform, value, expected) => {
    expect(apply(transform, value)).toEqual(expected);
  });
});

describe('numbers', () => {
  const german = { decimal: ',', thousands: '.' };
  test.each<[Transforms, unknown, unknown]>([
    [['number'], '12.50', 12.5],
    [['number'], ' -3 ', -3],
    [['number'], '1e3', 1000],
    [['number'], '1,5', refused],
    [['number'], '0x10', refused],
    [['number'], 'Infinity', refused],
    [['number'], '9007199254740993', '! has more digits than a number can hold'],
    [['number'], new NumberLiteral('10.50'), 10.5],
    [[{ number: { decimal: ',' } }], '1,5', 1.5],
    [[{ number: { decimal: ',' } }], '1.5', refused],
    [[{ number: { decimal: ',' } }], 1.5, 1.5],
    [[{ number: german }], '1.234.567,89', 1234567.89],
    [[{ number: german }], '1.23,4', refused],
    [[{ number: german }], '1.5', refused],
    [[{ number: { decimal: ',', thousands: ' ' } }], '1.5', refused],
    [[{ number: german }], '12345,6', 12345.6],
    [[{ number: german }], '1,234.5', refused],
    [[{ number: { thousands: ' ', decimal: ',' } }], '1\u202f234,5', 1234.5],
    [[{ number: { thousands: "'" } }], "1'234.5", 1234.5],
    [[{ number: { thousands: ',' } }], '12,34,567', 1234567],
    [['integer'], '12.00', 12],
    [['integer'], '12.5', '! must be a whole number, got a number with a fraction'],
    [[{ integer: { decimal: ',', thousands: '.' } }], '1.000', 1000],
    [['decimal'], '12345678901234567890.10', '12345678901234567890.10'],
    [[{ decimal: german }], '1.234,50', '1234.50'],
    [['decimal'], new NumberLiteral('10.50'), '10.50'],
    [['decimal'], 'abc', refused],
  ])('%j of %j is %j', (transform, value, expected) => {
    expect(apply(transform, value)).toEqual(expected);
  });

  test('a decimal written the German way keeps every digit', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(digits, digits, fc.boolean(), (whole, fraction, grouped) => {
        const plain = whole.replace(/^0+(?=\d)/, '');
        const shown = grouped ? plain.replace(/\B(?=(\d{3})+$)/g, '.') : plain;
        expect(apply([{ decimal: german }], `${shown},${fraction}`)).toBe(`${plain}.${fraction}`);
      }),
    );
  });
});

describe('words and codes', () => {
  const table = { A: 'active', O: 'obsolete', N: null, constructor: 5 };
  test.each<[Transforms, unknown, unknown]>([
    [['boolean'], 'Yes', true],
    [['boolean'], ' n ', false],
    [['boolean'], 1, true],
    [['boolean'], false, false],
    [['boolean'], 'ja', refused],
    [[{ boolean: { true: ['Ja', 'J'], false: ['Nein'] } }], 'JA', true],
    [[{ boolean: { true: ['Ja'], false: ['Nein'] } }], 'yes', refused],
    [[{ lookup: { table } }], 'A', 'active'],
    [[{ lookup: { table } }], 'a', `! is not in the lookup's table, got text of 1 character`],
    [[{ lookup: { table } }], 'N', undefined],
    [[{ lookup: { table } }], 'constructor', 5],
    [[{ lookup: { table } }], 'toString', expect.stringMatching(/^! is not in/)],
    [[{ lookup: { table, default: 'other' } }], 'x', 'other'],
    [[{ lookup: { table: { 1: true } } }], 1, true],
  ])('%j of %j is %j', (transform, value, expected) => {
    expect(apply(transform, value)).toEqual(expected);
  });
});

describe('lists', () => {
  test.each<[Transforms, unknown, unknown]>([
    [[{ split: { separator: ', ' } }], 'a, b', ['a', 'b']],
    [[{ split: { separator: ',', index: 1 } }], 'a,b', 'b'],
    [[{ split: { separator: ',', index: 2 } }], 'a,b', undefined],
    [[{ split: { separator: ',' } }, { join: { separator: '-' } }], 'a,,b', 'a-b'],
    [[{ join: { separator: ' ' } }], ['a', null, 5], 'a 5'],
    [[{ join: { separator: ' ' } }], [{ a: 1 }], refused],
  ])('%j of %j is %j', (transform, value, expected) => {
    expect(apply(transform, value)).toEqual(expected);
  });
});

describe('times', () => {
  const datetime = (format: string, zone?: string): Transforms => [
    { datetime: zone === undefined ? { format } : { format, zone } },
  ];
  test.each<[Transforms, unknown, unknown]>([
    [datetime('dd.MM.yyyy HH:mm:ss'), '13.05.2025 14:00:05', '2025-05-13T12:00:05Z'],
    [datetime('dd.MM.yyyy HH:mm:ss', 'America/Chicago'), '13.05.2025 14:00:05', '2025-05-13T19:00:05Z'],
    [datetime('yyyyMMddHHmmssSSS', 'UTC'), '20250513140005120', '2025-05-13T14:00:05.12Z'],
    [datetime('M/d/yy h:mm a', 'UTC'), '5/3/25 12:07 AM', '2025-05-03T00:07:00Z'],
    [datetime('M/d/yy h:mm a', 'UTC'), '5/3/69 1:07 pm', '1969-05-03T13:07:00Z'],
    [datetime('M/d/yy h:mm a', 'UTC'), '5/3/25 13:07 PM', refused],
    [datetime('dd-MMM-yyyy', 'UTC'), '03-may-2025', '2025-05-03T00:00:00Z'],
    [datetime('dd-MMM-yyyy', 'UTC'), '03-mai-2025', refused],
    [datetime("yyyy-MM-dd'T'HH:mm:ssX"), '2025-05-13T14:00:05-0500', '2025-05-13T19:00:05Z'],
    [datetime('dd.MM.yyyy'), '13.05.2025', '2025-05-12T22:00:00Z'],
    [datetime('dd.MM.yyyy'), '31.02.2025', refused],
    [datetime('dd.MM.yyyy'), '1.2.2025', refused],
    [datetime('dd.MM.yyyy'), ' ', undefined],
    [datetime('epoch_seconds'), 1747137605, '2025-05-13T12:00:05Z'],
    [datetime('epoch_seconds'), '-1.5', '1969-12-31T23:59:58.5Z'],
    [datetime('epoch_seconds'), '1747137605.123456789', '2025-05-13T12:00:05.123456789Z'],
    [datetime('epoch_milliseconds'), '1747137605001', '2025-05-13T12:00:05.001Z'],
    [datetime('epoch_milliseconds'), '99999999999999999', refused],
    [['datetime'], '2025-05-13 14:00:05.1234567', '2025-05-13T12:00:05.1234567Z'],
    [['datetime'], new Date(0), '1970-01-01T00:00:00Z'],
    [[{ date: { format: 'dd.MM.yyyy HH:mm' } }], '13.05.2025 14:00', '2025-05-13'],
    [['date'], '2025-05-13 23:59:59', '2025-05-13'],
    [['date'], '2025-05-13T23:59:59Z', '2025-05-14'],
    [[{ date: { zone: 'America/Chicago' } }], new Date('2025-05-14T03:00:00Z'), '2025-05-13'],
    [[{ date: { format: 'yyyyMMdd' } }], 20250513, '2025-05-13'],
    [[{ date: { format: 'yyyyMMdd' } }], '00000000', refused],
  ])('%j of %j is %j', (transform, value, expected) => {
    expect(apply(transform, value)).toEqual(expected);
  });

  test('a date and a time in two columns become one time', () => {
    const mapper = compileMapper({
      entity: 'invoice',
      mapping: {
        number: 'No',
        invoiced_at: {
          from: ['Date', 'Time'],
          transform: [{ join: { separator: ' ' } }, ...datetime('yyyyMMdd HHmmss')],
        },
      },
      keepUnmapped: false,
      zone: 'America/Chicago',
    });
    expect(mapper.upsert({ No: '1', Date: '20250513', Time: '070000' })).toMatchObject({
      data: { invoiced_at: '2025-05-13T12:00:00Z' },
    });
  });
});

describe('a transform that is not understood', () => {
  test.each<[Transforms, string]>([
    [['trimm'], 'value.transform[0]: there is no transform "trimm"'],
    [['__proto__'], 'value.transform[0]: there is no transform "__proto__"'],
    [['trim', { trim: { all: true } }], 'value.transform[1].trim: has no argument "all"'],
    [['lookup'], 'value.transform[0].lookup: needs the argument "table"'],
    [[{ number: { decimal: ';' } }], 'value.transform[0].number: decimal must be equal to one of the allowed values'],
    [[{ boolean: { true: ['x'], false: ['X'] } }], 'value.transform[0].boolean: takes "X" for true and for false'],
    [[{ number: { thousands: '.' } }], 'value.transform[0].number: takes one mark for the fraction and for groups'],
    [datetimeOf({ format: 'dd.MM.jjjj' }), 'datetime: format has no field "jjjj"'],
    [datetimeOf({ format: 'HH:mm' }), 'datetime: format must have a year, a month and a day'],
    [datetimeOf({ format: 'yyyy-MM-dd hh:mm' }), 'datetime: format must have hours as "HH", or as "hh" with "a"'],
    [datetimeOf({ format: 'yyyy-MM-dd MM' }), 'datetime: format has a field twice'],
    [datetimeOf({ zone: 'Mars/Base' }), 'datetime: there is no time zone "Mars/Base"'],
  ])('%j is refused by its path', (transform, message) => {
    expect(() => apply(transform, 'x')).toThrow(expect.objectContaining({ code: 'CONFIG_ERROR', disposition: 'park' }));
    expect(() => apply(transform, 'x')).toThrow(message);
  });

  function datetimeOf(args: Record<string, unknown>): Transforms {
    return [{ datetime: args }];
  }
});
