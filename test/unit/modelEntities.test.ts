import { describe, expect, test } from '@jest/globals';
import { type DataOf, type EntityName, entities, isEntityName } from '../../shared/model/entities.ts';
import { validatorOf } from '../../shared/model/validate.ts';

const names = Object.keys(entities).filter(isEntityName);

describe.each(names)('the schema of %s', (name: EntityName) => {
  const { schema, key } = entities[name];

  test('requires its key fields and nothing else', () => {
    const withoutDefault = key.filter((field) => schema.properties[field]?.default === undefined);
    expect(schema.required).toEqual(withoutDefault);
    for (const field of key) expect(schema.properties[field]?.type).toBe('string');
  });

  test('accepts a key alone, and refuses a record without it', () => {
    const validate = validatorOf(name);
    const data = Object.fromEntries(key.map((field) => [field, field === 'effective_from' ? '2025-05-13' : 'x']));
    expect(validate(data)).toEqual([]);
    expect(validate({}).map((error) => [error.field, error.detail])).toEqual(
      schema.required.map((field) => [field, 'is missing']),
    );
  });

  test('describes every field and has a place for extensions', () => {
    for (const field of Object.values(schema.properties)) expect(field.description.length).toBeGreaterThan(5);
    expect(schema.properties.extensions?.type).toBe('object');
    expect(Object.keys(schema.properties).every((field) => /^[a-z][a-z0-9_]*$/.test(field))).toBe(true);
  });
});

test('the type of a record follows from its schema', () => {
  const stock: DataOf<'part_stock'> = { part_number: 'X', branch_code: '', bin: '', on_hand: 5 };
  // @ts-expect-error quantities are numbers
  const wrong: DataOf<'part_stock'> = { part_number: 'X', branch_code: '', bin: '', on_hand: '5' };
  expect([stock, wrong].map((data) => validatorOf('part_stock')(data).length)).toEqual([0, 1]);
});

describe('a validator', () => {
  const validate = validatorOf('sales_order');

  test('names the field and the shape of what came, never the value', () => {
    const errors = validate({
      number: '',
      currency: 'secret',
      ordered_at: 'secret',
      lines: [{ quantity: 'secret' }, { amount: '1e3', note: 'secret' }],
      colour: 'secret',
    });
    expect(new Set(errors.map((error) => error.field))).toEqual(
      new Set(['number', 'currency', 'ordered_at', 'lines[0].quantity', 'lines[1].amount', 'lines[1].note', 'colour']),
    );
    expect(JSON.stringify(errors)).not.toContain('secret');
    expect(errors.find((error) => error.field === 'lines[0].quantity')?.detail).toBe(
      'must be a number, got text of 6 characters',
    );
  });

  test('takes times in the canonical form alone', () => {
    for (const ordered_at of ['2025-05-13T12:00:00Z', '2025-05-13T12:00:00.000000001Z', '2024-02-29T00:00:00Z']) {
      expect(validate({ number: '1', ordered_at })).toEqual([]);
    }
    for (const ordered_at of [
      '2025-05-13',
      '2025-05-13T12:00:00',
      '2025-05-13T12:00:00+00:00',
      '2025-05-13T12:00:00.10Z',
      '2025-02-29T12:00:00Z',
    ]) {
      expect(validate({ number: '1', ordered_at })).toHaveLength(1);
    }
  });

  test('gives no more than twenty errors', () => {
    expect(validate({ number: '1', lines: Array.from({ length: 1000 }, () => 5) })).toHaveLength(20);
  });
});

test('names from outside are entities only if they are', () => {
  expect(isEntityName('part_stock')).toBe(true);
  for (const text of ['parts', '__proto__', 'constructor', 'toString', '']) expect(isEntityName(text)).toBe(false);
});
