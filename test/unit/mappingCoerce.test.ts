import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { coercionTo } from '../../shared/mapping/coerce.ts';
import { compileMapper, type Mapper } from '../../shared/mapping/compile.ts';
import { Problems } from '../../shared/mapping/problems.ts';
import type { FieldMapping } from '../../shared/mapping/schema.ts';
import { utcZone } from '../../shared/mapping/zone.ts';
import { type EntityName, entities } from '../../shared/model/entities.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';
import { validatorOf } from '../../shared/model/validate.ts';

const keys: Partial<Record<EntityName, Record<string, string>>> = {
  part: { part_number: 'X' },
  part_stock: { part_number: 'X' },
  customer: { customer_id: 'X' },
  unit: { unit_id: 'X' },
  sales_order: { number: 'X' },
};

/** What a canonical row's field becomes; of a refused one, the errors. */
function coerced(entity: EntityName, field: string, value: unknown, zone = 'America/Chicago'): unknown {
  const result = compileMapper({ entity, keepUnmapped: false, zone }).upsert({ ...keys[entity], [field]: value });
  if (result.ok) return result.data[field];
  return result.errors.map((error) => `${error.field} ${error.detail}`);
}

const refused = [expect.any(String)];

test.each<[EntityName, string, unknown, unknown]>([
  ['part_stock', 'on_hand', '12', 12],
  ['part_stock', 'on_hand', ' 12.50 ', 12.5],
  ['part_stock', 'on_hand', '-.5', -0.5],
  ['part_stock', 'on_hand', '1e3', 1000],
  ['part_stock', 'on_hand', new NumberLiteral('1e3'), 1000],
  ['part_stock', 'on_hand', 5n, 5],
  ['part_stock', 'on_hand', -0, 0],
  ['part_stock', 'on_hand', '', undefined],
  ['part_stock', 'on_hand', null, undefined],
  ['part_stock', 'on_hand', ' ', undefined],
  ['part_stock', 'on_hand', '12,5', refused],
  ['part_stock', 'on_hand', '12 pcs', refused],
  ['part_stock', 'on_hand', '0x1f', refused],
  ['part_stock', 'on_hand', true, refused],
  ['part_stock', 'on_hand', Number.NaN, refused],
  ['part_stock', 'on_hand', Number.POSITIVE_INFINITY, refused],
  ['part_stock', 'on_hand', [], refused],
  [
    'part_stock',
    'on_hand',
    new NumberLiteral('12345678901234567890'),
    ['on_hand has more digits than a number can hold'],
  ],
  ['unit', 'year', '2025', 2025],
  ['unit', 'year', 2025.5, ['year must be a whole number, got a number with a fraction']],
  ['customer', 'active', 'TRUE', true],
  ['customer', 'active', '0', false],
  ['customer', 'active', 1, true],
  ['customer', 'active', 'Y', refused],
  ['customer', 'active', 2, refused],
  ['part', 'description', 12.5, '12.5'],
  ['part', 'description', new NumberLiteral('10.50'), '10.50'],
  ['part', 'description', true, 'true'],
  ['part', 'description', '  kept  ', '  kept  '],
  ['part', 'description', 'nul \0', 'nul \0'],
  ['part', 'description', '', undefined],
  ['part', 'description', {}, ['description must be text, got an object']],
  ['part', 'description', '\ud800', ['description must be well-formed Unicode, has a lone surrogate']],
  ['part', 'description', 'x'.repeat(1_048_577), ['description must not be longer than 1048576 characters']],
  ['part', 'standard_cost', 12.5, '12.5'],
  ['part', 'standard_cost', new NumberLiteral('12.50'), '12.50'],
  ['part', 'standard_cost', new NumberLiteral('1e3'), '1000'],
  ['part', 'standard_cost', 1e21, '1000000000000000000000'],
  ['part', 'standard_cost', '0012.50', '12.50'],
  ['part', 'standard_cost', '1.234,50', refused],
  ['part', 'standard_cost', '1e999', refused],
  ['part', 'standard_cost', true, refused],
  ['part_stock', 'last_sold_date', '2025-05-13', '2025-05-13'],
  ['part_stock', 'last_sold_date', '2025-05-13 00:00:00.0000000', '2025-05-13'],
  ['part_stock', 'last_sold_date', '2025-05-13T00:00:00-05:00', '2025-05-13'],
  ['part_stock', 'last_sold_date', new Date('2025-05-13T00:00:00Z'), '2025-05-13'],
  ['part_stock', 'last_sold_date', new Date('2025-05-13T05:00:00Z'), '2025-05-13'],
  ['part_stock', 'last_sold_date', new Date('2025-05-13T06:00:00Z'), refused],
  ['part_stock', 'last_sold_date', '2025-05-13T12:00:00Z', refused],
  ['part_stock', 'last_sold_date', '2025-02-29', refused],
  ['part_stock', 'last_sold_date', '13.05.2025', refused],
  ['part_stock', 'as_of', '2025-05-13T12:00:00Z', '2025-05-13T12:00:00Z'],
  ['part_stock', 'as_of', '2025-05-13T12:00:00.120000000Z', '2025-05-13T12:00:00.12Z'],
  ['part_stock', 'as_of', '2025-05-13t12:00:00z', '2025-05-13T12:00:00Z'],
  ['part_stock', 'as_of', '2025-05-13T12:00:00.123456789+02:00', '2025-05-13T10:00:00.123456789Z'],
  ['part_stock', 'as_of', '2025-05-13 12:00:00.1234567 +02:00', '2025-05-13T10:00:00.1234567Z'],
  ['part_stock', 'as_of', '2025-05-13 12:00', '2025-05-13T17:00:00Z'],
  ['part_stock', 'as_of', '2025-05-13', '2025-05-13T05:00:00Z'],
  ['part_stock', 'as_of', new Date(5), '1970-01-01T00:00:00.005Z'],
  ['part_stock', 'as_of', new Date(Number.NaN), refused],
  ['part_stock', 'as_of', '2025-05-13T12:00:00.1234567891Z', refused],
  ['part_stock', 'as_of', '2025-05-13T24:00:00Z', refused],
  ['part_stock', 'as_of', '2025-05-13T12:00:60Z', refused],
  ['part_stock', 'as_of', '2025-05-13T12:00:00+99:00', refused],
  ['part_stock', 'as_of', '0001-01-01T00:00:00+12:00', refused],
  ['part_stock', 'as_of', '0050-06-01T00:00:00+01:00', '0050-05-31T23:00:00Z'],
  ['part_stock', 'as_of', 1747137605, refused],
  ['sales_order', 'currency', 'usd', ['currency must match ^[A-Z]{3}$, got text of 3 characters']],
])('%s.%s from %p', (entity, field, value, expected) => {
  expect(coerced(entity, field, value)).toEqual(expected);
});

describe('nested fields', () => {
  test('are brought to their types, also where they come as JSON in a text', () => {
    const lines = [{ part_number: 5, quantity: '2', amount: new NumberLiteral('10.50'), uom: null }];
    const expected = [{ part_number: '5', quantity: 2, amount: '10.50' }];
    expect(coerced('sales_order', 'lines', lines)).toEqual(expected);
    expect(coerced('sales_order', 'lines', '[{"part_number":5,"quantity":"2","amount":10.50,"uom":null}]')).toEqual(
      expected,
    );
  });

  test('are named by their path where they are refused', () => {
    const lines = [{ quantity: 1 }, { quantity: 'many', colour: 'red' }, 5, null];
    expect(coerced('sales_order', 'lines', lines)).toEqual([
      'lines[1].quantity must be a number, got text of 4 characters',
      'lines[1].colour is not a known field',
      'lines[2] must be an object, got a number',
      'lines[3] must not be empty',
    ]);
    expect(coerced('sales_order', 'lines', 'no JSON')).toEqual(['lines must be an array, got text of 7 characters']);
  });

  test('give no more than twenty errors, however many lines are wrong', () => {
    expect(
      coerced(
        'sales_order',
        'lines',
        Array.from({ length: 10_000 }, () => ({ quantity: 'x' })),
      ),
    ).toHaveLength(20);
  });
});

test('an element of a list is never left empty', () => {
  const item = { type: 'string', format: 'decimal', description: 'An amount.' } as const;
  const problems = new Problems();
  coercionTo({ type: 'array', description: 'Amounts.', items: item }, utcZone)(['1', '', null, ' '], problems);
  expect(problems.errors.map(({ field, detail }) => `${field} ${detail}`)).toEqual(
    [1, 2, 3].map((index) => `[${index}] must not be empty`),
  );
});

describe('extensions', () => {
  test('keep any JSON, and as text what a number would change', () => {
    const value = {
      a: [1, null, 'x', { b: true }],
      big: new NumberLiteral('12345678901234567890'),
      cents: new NumberLiteral('10.50'),
    };
    expect(coerced('part', 'extensions', value)).toEqual({
      a: [1, null, 'x', { b: true }],
      big: '12345678901234567890',
      cents: 10.5,
    });
    expect(coerced('part', 'extensions', { at: new Date(0), raw: new Uint8Array([1, 2]), id: 2n ** 64n })).toEqual({
      at: '1970-01-01T00:00:00Z',
      raw: 'AQI=',
      id: '18446744073709551616',
    });
  });

  test('are no deeper than 32', () => {
    const nested = (depth: number): unknown => JSON.parse(`${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`);
    expect(coerced('part', 'extensions', nested(32))).toEqual(nested(32));
    expect(coerced('part', 'extensions', nested(33))).toEqual([expect.stringContaining('nested deeper than 32')]);
    expect(coerced('part', 'extensions', '[]')).toEqual(['extensions must be an object, got text of 2 characters']);
    expect(coerced('part', 'extensions', nested(5000))).toHaveLength(1);
    expect(coerced('part', 'extensions', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`)).toHaveLength(1);
  });
});

test('no error tells the value', () => {
  const secret = fc.constantFrom('geheim', 'geheim@example.com', 'geheim 12');
  const value = fc.oneof(
    secret,
    fc.array(secret),
    fc.dictionary(fc.constantFrom('a', 'lines', 'quantity'), secret),
    fc.array(fc.dictionary(fc.constantFrom('quantity', 'amount'), secret), { minLength: 1 }),
  );
  const fields = fc.constantFrom('ordered_at', 'total', 'currency', 'lines', 'extensions');
  fc.assert(
    fc.property(fields, value, (field, one) => {
      const result = compileMapper({ entity: 'sales_order', keepUnmapped: false, zone: 'UTC', modified: 'modified' });
      const mapped = result.upsert({ number: 'X', [field]: one, modified: 'geheim' });
      expect(mapped.ok).toBe(false);
      if (!mapped.ok) expect(JSON.stringify(mapped.errors)).not.toContain('geheim');
    }),
  );
});

test('a decimal that is too long once it is written out is refused, as one that came so', () => {
  expect(coerced('part', 'standard_cost', `.${'1'.repeat(398)}`)).toBe(`0.${'1'.repeat(398)}`);
  for (const text of [`.${'1'.repeat(399)}`, '1'.repeat(401)]) {
    expect(coerced('part', 'standard_cost', text)).toEqual([
      'standard_cost must be a decimal number such as 12.50, got text of 401 characters',
    ]);
  }
});

const numeral = fc.constantFrom(-0, 0.5, Number.NaN, 12n, '.5', '1e3', '-0.0', `.${'1'.repeat(399)}`, '10000', ' 7 ');
const time = fc.constantFrom('2025-05-13', '2025-05-13 00:00', '2025-02-30', '2025-05-13T12:00:00.120Z', new Date(0));
const text = fc.constantFrom('', ' ', 'USD', 'usd', 'true', '\ud800', '{"city":"x"}', '[{"quantity":1.50}]');
const single = fc.oneof(numeral, time, text, fc.string(), fc.boolean(), fc.constant(null));
const names = fc.constantFrom('city', 'quantity', 'amount', 'extensions', 'wrong');
const value = fc.oneof(single, fc.array(fc.oneof(fc.dictionary(names, single), single)), fc.dictionary(names, single));

test('whatever comes, a row that is taken is valid by its whole schema', () => {
  const entity = fc.constantFrom(...Object.values(entities));
  const row = entity.chain(({ name, key, schema }) => {
    const columns = Object.fromEntries(Object.keys(schema.properties).map((field) => [field, value]));
    const keys = Object.fromEntries(key.map((field) => [field, fc.constantFrom('A', '2025-05-13')]));
    const values = fc.record({ ...columns, ...keys }, { requiredKeys: [...key] });
    // Few rows with many columns are good ones.
    const few = fc.tuple(values, fc.nat(3)).map(([all, count]) => {
      const others = Object.keys(all).filter((field) => !key.includes(field));
      return Object.fromEntries([...key, ...others.slice(0, count)].map((field) => [field, all[field]]));
    });
    return few.map((values) => ({ name, values }));
  });
  let taken = 0;
  fc.assert(
    fc.property(row, ({ name, values }) => {
      const mapped = compileMapper({ entity: name, keepUnmapped: false, zone: 'UTC' }).upsert(values);
      if (!mapped.ok) return;
      taken++;
      expect(validatorOf(name)(mapped.data)).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
  expect(taken).toBeGreaterThan(200);
});

test('whatever a mapping makes of it, a row that is taken is valid by the whole schema', () => {
  const rule: fc.Arbitrary<FieldMapping> = fc.oneof(
    fc.constantFrom<FieldMapping>('a', 'b', 'c[0].quantity', { from: ['a', 'b'] }, { coalesce: ['a', 'b'] }),
    fc.record({ from: fc.constant('a'), default: fc.constantFrom('USD', 7, '2025-05-13') }),
    fc.record({ const: fc.constantFrom('USD', 7, true, '7.50', '2025-05-13', ['x'], { city: 'x' }) }),
    fc.constantFrom<FieldMapping>({ from: 'a', transform: ['trim'] }, { from: 'a', transform: ['upper'] }),
  );
  const lines = fc.oneof(
    fc.dictionary(fc.constantFrom('lines[0].quantity', 'lines[1].quantity', 'lines[1].amount', 'lines[2]'), rule),
    fc
      .dictionary(fc.constantFrom('quantity', 'amount', 'part_number'), rule)
      .map((each) => ({ lines: { from: 'c', each } })),
    rule.map((whole) => ({ lines: whole })),
  );
  const others = fc.dictionary(
    fc.constantFrom('branch_code', 'currency', 'ordered_at', 'total', 'status', 'extensions', 'extensions.a[0]'),
    rule,
    { maxKeys: 3 },
  );
  const mapping = fc.tuple(others, fc.option(lines, { nil: {} }));
  const row = fc.record({ no: fc.constantFrom('1', ''), a: value, b: single, c: value }, { requiredKeys: ['no'] });
  const validate = validatorOf('sales_order');
  const seen = { upsert: 0, remove: 0, refused: 0 };
  fc.assert(
    fc.property(mapping, fc.boolean(), row, ([some, more], keepUnmapped, values) => {
      const all: Record<string, FieldMapping> = { number: 'no', ...some, ...more };
      const mapper = mapperOf(() => compileMapper({ entity: 'sales_order', mapping: all, keepUnmapped, zone: 'UTC' }));
      for (const what of ['upsert', 'remove'] as const) {
        const mapped = mapper?.[what](values);
        if (mapped === undefined) continue;
        if (mapped.ok) {
          seen[what]++;
          expect(validate(mapped.data)).toEqual([]);
        } else {
          seen.refused++;
          expect(mapped.errors).not.toEqual([]);
        }
      }
    }),
    { numRuns: 3_000 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(200);
});

/** Nothing for a mapping that is refused. */
function mapperOf(compile: () => Mapper): Mapper | undefined {
  try {
    return compile();
  } catch (error) {
    expect(error).toMatchObject({ code: 'CONFIG_ERROR' });
    return undefined;
  }
}
