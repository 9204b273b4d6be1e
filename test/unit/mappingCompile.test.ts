import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { compileMapper, type MapperOptions, type MapResult } from '../../shared/mapping/compile.ts';
import { extendMapping } from '../../shared/mapping/extend.ts';
import { type EntityMapping, entityMappingSchema } from '../../shared/mapping/schema.ts';
import { contentHash } from '../../shared/model/contentHash.ts';

const stock: MapperOptions = {
  entity: 'part_stock',
  mapping: {
    part_number: 'ProductNumber',
    branch_code: { const: '01' },
    on_hand: { from: 'Quantity', transform: ['integer'] },
    'extensions.shelf': 'Shelf',
  },
  keepUnmapped: false,
  modified: 'ModifiedDate',
  zone: 'America/Chicago',
};

const row = { ProductNumber: 'AR-5381', Quantity: '1000', Shelf: 'A', ModifiedDate: '2014-08-08 00:00:00' };

function dataOf(result: MapResult): unknown {
  return result.ok ? result.data : result.errors.map((error) => `${error.code} ${error.field} ${error.detail}`);
}

function map(mapping: EntityMapping, source: Record<string, unknown>, more: Partial<MapperOptions> = {}): unknown {
  return dataOf(
    compileMapper({ entity: 'sales_order', keepUnmapped: false, zone: 'UTC', ...more, mapping }).upsert(source),
  );
}

describe('a mapper', () => {
  test('makes a canonical record of a row: id, data, modification time', () => {
    expect(compileMapper(stock).upsert(row)).toEqual({
      ok: true,
      id: 'AR-5381:01:',
      data: { part_number: 'AR-5381', branch_code: '01', bin: '', on_hand: 1000, extensions: { shelf: 'A' } },
      modified: '2014-08-08T05:00:00.000000000Z',
    });
  });

  test('reads for a deletion the key and the modification time alone', () => {
    const mapper = compileMapper(stock);
    expect(mapper.remove({ ProductNumber: 'AR-5381', Quantity: 'garbage', _op: 'delete' })).toEqual({
      ok: true,
      id: 'AR-5381:01:',
      data: { part_number: 'AR-5381', branch_code: '01', bin: '' },
      modified: null,
    });
    expect(mapper.remove({ Quantity: '5' })).toMatchObject({ ok: false, id: null, errors: [{ field: 'part_number' }] });
  });

  test('names the columns that it reads', () => {
    expect([...compileMapper(stock).columns].sort()).toEqual(['ModifiedDate', 'ProductNumber', 'Quantity', 'Shelf']);
  });

  test('still knows the key of a row that it refuses', () => {
    expect(compileMapper(stock).upsert({ ...row, Quantity: 'many' })).toEqual({
      ok: false,
      id: 'AR-5381:01:',
      errors: [
        { field: 'on_hand', code: 'MAPPING_ERROR', detail: 'must be a number (decimal "."), got text of 4 characters' },
      ],
    });
  });

  test('knows no key where a key field is missing, empty or refused', () => {
    const refusals = [
      [{ ...row, ProductNumber: undefined }, 'is missing'],
      [{ ...row, ProductNumber: '' }, 'must not be empty'],
      [{ ...row, ProductNumber: ['a'] }, 'must be text, got an array of 1'],
    ] as const;
    for (const [source, detail] of refusals) {
      expect(compileMapper(stock).upsert(source)).toEqual({
        ok: false,
        id: null,
        errors: [{ field: 'part_number', code: 'DATA_ERROR', detail }],
      });
    }
    // A default is for a field that is missing, not for one that can't be read.
    const bin = { ...stock, mapping: { ...stock.mapping, bin: 'Bin' } };
    expect(compileMapper(bin).upsert({ ...row, Bin: { a: 1 } })).toMatchObject({ ok: false, id: null });
  });

  test('keeps keys byte for byte', () => {
    expect(compileMapper(stock).upsert({ ...row, ProductNumber: ' ar-5381 ' })).toMatchObject({
      id: '=20ar-5381=20:01:',
    });
  });

  test('refuses a row whose modification time it cannot read, and takes one without', () => {
    expect(dataOf(compileMapper(stock).upsert({ ...row, ModifiedDate: 'yesterday' }))).toEqual([
      'DATA_ERROR ModifiedDate must be a time, got text of 9 characters',
    ]);
    expect(compileMapper(stock).upsert({ ...row, ModifiedDate: null })).toMatchObject({ ok: true, modified: null });
  });

  test('reads a modification time by a rule, too', () => {
    const modified = { from: 'ModifiedDate', transform: [{ datetime: { format: 'dd.MM.yyyy HH:mm' } }] };
    expect(compileMapper({ ...stock, modified }).upsert({ ...row, ModifiedDate: '08.08.2014 00:00' })).toMatchObject({
      modified: '2014-08-08T05:00:00.000000000Z',
    });
  });

  test('gives the same hash whether a value is missing, null or empty', () => {
    const mapper = compileMapper({ entity: 'customer', keepUnmapped: false, zone: 'UTC' });
    const rows = [
      { customer_id: '1' },
      { customer_id: '1', name: null },
      { customer_id: '1', name: '', phone: undefined },
    ];
    const hashes = rows.map((one) => {
      const result = mapper.upsert(one);
      return result.ok ? contentHash(result.data) : '';
    });
    expect(new Set(hashes).size).toBe(1);
  });
});

describe('rows that are canonical already', () => {
  const options: MapperOptions = { entity: 'part_stock', keepUnmapped: false, zone: 'UTC' };

  test('are taken as they are, without _op', () => {
    const result = compileMapper(options).upsert({ part_number: 'X', on_hand: 5, bin: 'A', _op: 'upsert' });
    expect(dataOf(result)).toEqual({ part_number: 'X', branch_code: '', bin: 'A', on_hand: 5 });
  });

  test('are refused for an unknown field: a typo must not vanish', () => {
    const mapper = compileMapper(options);
    expect(mapper.upsert({ part_number: 'X', onhand: 5 })).toEqual({
      ok: false,
      id: 'X::',
      errors: [{ field: 'onhand', code: 'DATA_ERROR', detail: 'is not a known field' }],
    });
    expect(mapper.upsert({ part_number: 'X' })).toMatchObject({ ok: true });
    for (const source of ['{"part_number":"X","__proto__":{"a":1}}', '{"part_number":"X","constructor":1}']) {
      expect(mapper.upsert(JSON.parse(source)).ok).toBe(false);
    }
  });

  test('keep it in extensions where the source says so', () => {
    const result = compileMapper({ ...options, keepUnmapped: true }).upsert({
      part_number: 'X',
      onhand: 5,
      extensions: { a: 1 },
    });
    expect(dataOf(result)).toMatchObject({ extensions: { a: 1, onhand: 5 } });
  });

  test('may carry a modification time that is no field', () => {
    const result = compileMapper({ ...options, modified: 'changed' }).upsert({
      part_number: 'X',
      changed: '2025-05-13',
    });
    expect(result).toMatchObject({ ok: true, modified: '2025-05-13T00:00:00.000000000Z' });
  });
});

describe('what no field reads', () => {
  const keeping = { ...stock, keepUnmapped: true };

  test('is dropped, or kept in extensions under its own name', () => {
    const source = { ...row, Color: 'red', Empty: '', Nothing: null, Nested: { a: [1] } };
    expect(dataOf(compileMapper(stock).upsert(source))).toMatchObject({ extensions: { shelf: 'A' } });
    const kept = dataOf(compileMapper(keeping).upsert(source));
    expect(kept).toMatchObject({ extensions: { shelf: 'A', Color: 'red', Nested: { a: [1] } } });
    expect(JSON.stringify(kept)).not.toMatch(/Empty|Nothing|ModifiedDate|ProductNumber/);
  });

  test('is told row by row: columns come and go and change places', () => {
    const mapper = compileMapper(keeping);
    const sources = [{ Color: 'red' }, { Size: 1, Color: 'blue' }, { Color: 'grey', Size: 2 }, {}, { Size: 3 }];
    for (const source of [...sources, ...sources]) {
      expect(dataOf(mapper.upsert({ ...row, ...source }))).toMatchObject({ extensions: { shelf: 'A', ...source } });
      const alone = mapper.upsert({ ...source, ...row });
      expect(alone.ok && Object.keys(alone.data.extensions ?? {})).toEqual(['shelf', ...Object.keys(source)]);
    }
  });

  test('does not replace what the mapping put there', () => {
    const mapping = { ...stock.mapping, 'extensions.Color': 'Colour' };
    const result = compileMapper({ ...keeping, mapping }).upsert({ ...row, Colour: 'red', Color: 'blue' });
    expect(dataOf(result)).toMatchObject({ extensions: { Color: 'red' } });
  });

  test('never changes a prototype', () => {
    const source: Record<string, unknown> = JSON.parse(
      '{"ProductNumber":"X","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"N":{"__proto__":{"polluted":1}}}',
    );
    const result = compileMapper(keeping).upsert(source);
    expect(result.ok && JSON.stringify(result.data.extensions)).toBe(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"N":{"__proto__":{"polluted":1}}}',
    );
    expect('polluted' in {}).toBe(false);
    expect(result.ok && Object.getPrototypeOf(result.data.extensions)).toBe(Object.prototype);
  });

  test('is refused where it can not be kept', () => {
    expect(dataOf(compileMapper(keeping).upsert({ ...row, Bad: { a: ['\udc00'] } }))).toEqual([
      'DATA_ERROR extensions.Bad.a[0] must be well-formed Unicode, has a lone surrogate',
    ]);
    expect(dataOf(compileMapper(keeping).upsert({ ...row, Bad: () => 1 }))).toEqual([
      expect.stringContaining("DATA_ERROR extensions.Bad can't be kept"),
    ]);
  });
});

describe('sources', () => {
  test('are paths into nested rows; a column of exactly that name wins', () => {
    const mapping: EntityMapping = {
      number: 'order.ids[1].no',
      type: 'Item No.',
      status: 'Price [EUR]',
      customer_id: 'a.b',
    };
    const source = {
      order: { ids: [{ no: '1' }, { no: '2' }] },
      'Item No.': 't',
      'Price [EUR]': 's',
      'a.b': 'c',
      a: { b: 'x' },
    };
    expect(map(mapping, source)).toEqual({ branch_code: '', number: '2', type: 't', status: 's', customer_id: 'c' });
    expect(map({ number: 'a[0].b' }, { a: { b: 'an element alone' } })).toMatchObject({ number: 'an element alone' });
    expect(map({ number: 'No', type: 'a.b.c' }, { No: '1', a: 5 })).toEqual({ branch_code: '', number: '1' });
  });

  test('are own members alone', () => {
    const mapping: EntityMapping = {
      number: 'No',
      type: 'constructor',
      status: 'a.constructor.name',
      customer_id: 'toString',
    };
    expect(map(mapping, { No: '1', a: {} })).toEqual({ branch_code: '', number: '1' });
    expect(map(mapping, { No: '1', constructor: 'c' })).toMatchObject({ type: 'c' });
  });

  test('may be the first of several, with a default', () => {
    const mapping: EntityMapping = {
      number: 'No',
      type: { coalesce: ['A', { from: 'B', transform: ['upper'] }, { const: 'z' }] },
      status: { from: 'S', transform: ['trim'], default: 'open' },
    };
    expect(map(mapping, { No: '1', A: '', B: 'b', S: '  ' })).toMatchObject({ type: 'B', status: 'open' });
    expect(map(mapping, { No: '1', A: 'a', S: 'x' })).toMatchObject({ type: 'a', status: 'x' });
    expect(map(mapping, { No: '1', A: null })).toMatchObject({ type: 'z' });
  });

  test('that fail refuse the row, whatever the default', () => {
    const mapping: EntityMapping = { number: 'No', total: { from: 'T', transform: ['decimal'], default: '0' } };
    expect(map(mapping, { No: '1', T: 'x' })).toEqual([
      expect.stringContaining('MAPPING_ERROR total must be a number'),
    ]);
  });
});

describe('targets', () => {
  test('may be lines of an array', () => {
    const mapping: EntityMapping = {
      number: 'No',
      lines: {
        from: 'Items.Item',
        each: {
          part_number: 'Part',
          quantity: { from: 'Qty', transform: [{ number: { decimal: ',' } }] },
          'extensions.bin': 'B',
        },
      },
    };
    const items = [{ Part: 5, Qty: '1,5', B: 'x' }, { Part: 'y' }];
    const expected = [{ part_number: '5', quantity: 1.5, extensions: { bin: 'x' } }, { part_number: 'y' }];
    expect(map(mapping, { No: '1', Items: { Item: items } })).toMatchObject({ lines: expected });
    expect(map(mapping, { No: '1', Items: { Item: items[1] } })).toMatchObject({ lines: [{ part_number: 'y' }] });
    expect(map(mapping, { No: '1', Items: { Item: JSON.stringify(items) } })).toMatchObject({ lines: expected });
    expect(map(mapping, { No: '1' })).toEqual({ branch_code: '', number: '1' });
    expect(map(mapping, { No: '1', Items: { Item: [items[1], { Qty: '1.5' }, 7] } })).toEqual([
      expect.stringContaining('MAPPING_ERROR lines[1].quantity must be a number'),
      'MAPPING_ERROR lines[2] must be an object, got a number',
    ]);
  });

  test('may be paths: one object of several columns', () => {
    const mapping: EntityMapping = {
      customer_id: 'Id',
      'addresses[0].line1': 'Street',
      'addresses[0].city': 'City',
      'addresses[1].city': 'ShipCity',
      'extensions.crm.rank': { from: 'Rank', transform: ['integer'] },
    };
    const more = { entity: 'customer' } as const;
    expect(map(mapping, { Id: 1, Street: 'S', City: 'C', ShipCity: 'D', Rank: '3' }, more)).toEqual({
      customer_id: '1',
      addresses: [{ line1: 'S', city: 'C' }, { city: 'D' }],
      extensions: { crm: { rank: 3 } },
    });
    expect(map(mapping, { Id: 1, ShipCity: 'D' }, more)).toEqual({ customer_id: '1', addresses: [{ city: 'D' }] });
    expect(map(mapping, { Id: 1, City: [] }, more)).toEqual([
      'DATA_ERROR addresses[0].city must be text, got an array of 0',
    ]);
  });
});

describe('a mapping that can not work', () => {
  test.each<[EntityMapping, string]>([
    [{ number: 'No', colour: 'C' }, 'colour: is not a canonical field'],
    [{ number: 'No', __proto__x: 'C', constructor: 'C' }, 'constructor: is not a canonical field'],
    [{ type: 'T' }, 'number: is a key field and must be mapped'],
    [{ number: { from: 'No', const: '1' } }, 'number: must have exactly one of from, coalesce, const'],
    [{ number: {} }, 'number: must have exactly one of from, coalesce, const'],
    [{ number: 'No', 'lines[0].colour': 'C' }, 'lines[0].colour: is not a canonical field'],
    [{ number: 'No', 'total.x': 'C' }, 'total.x: is not a canonical field'],
    [{ number: 'No', lines: 'L', 'lines[0].amount': 'A' }, 'lines[0].amount: is mapped twice, as a whole and in part'],
    [{ number: 'No', 'lines.amount': 'A' }, 'lines.amount: is not a canonical field'],
    [{ number: 'No', 'a..b': 'A' }, 'a..b: is no path to a field'],
    [{ number: 'No', lines: { from: 'L', each: { colour: 'C' } } }, 'lines.each.colour: is not a canonical field'],
    [
      { number: 'No', lines: { from: 'L', each: { amount: { from: 'A', transform: ['x'] } } } },
      'lines.each.amount.transform[0]',
    ],
    [{ number: 'No', total: { from: 'L', each: { amount: 'A' } } }, 'total: is no list of lines'],
    [{ number: 'No', total: { const: 'x' } }, 'total.const: must be a decimal number'],
    [{ number: 'No', total: { from: 'T', default: 'x' } }, 'total.default: must be a decimal number'],
    [{ number: 'No', type: { coalesce: ['A', { from: 'B', transform: ['x'] }] } }, 'type.coalesce[1].transform[0]'],
  ])('%j is refused by its path', (mapping, message) => {
    expect(() => map(mapping, {})).toThrow(message);
  });

  test('is told all that is wrong at once', () => {
    const mapping: EntityMapping = { colour: 'C', total: { from: 'T', transform: ['x', 'y'] } };
    const compile = (): unknown =>
      compileMapper({ entity: 'sales_order', mapping, keepUnmapped: false, zone: 'Mars/Base' });
    expect(compile).toThrow(expect.objectContaining({ code: 'CONFIG_ERROR', disposition: 'park' }));
    for (const part of ['time_zone:', 'colour:', 'total.transform[0]:', 'total.transform[1]:', 'number:']) {
      expect(compile).toThrow(part);
    }
  });
});

describe('the form of a mapping', () => {
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(entityMappingSchema);

  test('is that of the contract', () => {
    expect(validate(stock.mapping)).toBe(true);
    expect(validate({ a: { coalesce: ['x', { const: null }] }, b: { from: ['x', 'y'], each: { c: 'd' } } })).toBe(true);
    for (const bad of [
      [],
      { a: 5 },
      { a: '' },
      { a: null },
      { a: { form: 'x' } },
      { a: { from: 'x', transform: 'trim' } },
    ]) {
      expect(validate(bad)).toBe(false);
    }
  });
});

describe('a pack', () => {
  test('gives the fields that a dealer does not map differently; null takes one away', () => {
    const pack: EntityMapping = { number: 'No', total: { from: 'Total', transform: ['decimal'] }, status: 'State' };
    const merged = extendMapping(pack, { total: 'Sum', status: null, type: { const: 'counter' } });
    expect(merged).toEqual({ number: 'No', total: 'Sum', type: { const: 'counter' } });
    expect(pack).toEqual({ number: 'No', total: { from: 'Total', transform: ['decimal'] }, status: 'State' });
  });

  test('is merged by own names alone', () => {
    const merged = extendMapping({}, JSON.parse('{"__proto__":"x"}'));
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(Object.keys(merged)).toEqual(['__proto__']);
  });
});

describe('the columns of the key', () => {
  const keyOf = (mapping: EntityMapping | undefined, entity: MapperOptions['entity'] = 'part_stock') => {
    const { keyColumns, isKeyVerbatim } = compileMapper({ entity, mapping, keepUnmapped: true, zone: 'UTC' });
    return { keyColumns: [...keyColumns].sort(), isKeyVerbatim };
  };

  test('are those that the key fields read', () => {
    expect(keyOf({ part_number: 'Number', branch_code: { const: '1' }, on_hand: 'Quantity' })).toEqual({
      keyColumns: ['Number'],
      isKeyVerbatim: true,
    });
    expect(keyOf(undefined)).toEqual({ keyColumns: ['bin', 'branch_code', 'part_number'], isKeyVerbatim: true });
  });

  test('are not the key itself where two texts can make one id', () => {
    const verbatim = (rule: EntityMapping[string]) => keyOf({ part_number: rule }).isKeyVerbatim;
    expect(verbatim({ from: 'Number' })).toBe(true);
    expect(verbatim('Item No.')).toBe(true);
    expect(verbatim({ from: 'Number', transform: ['upper'] })).toBe(false);
    expect(verbatim({ from: 'Number', default: 'none' })).toBe(false);
    expect(verbatim({ from: ['A', 'B'] })).toBe(false);
    expect(verbatim({ coalesce: ['A', 'B'] })).toBe(false);
    expect(verbatim('item.number')).toBe(false);
    expect(keyOf(undefined, 'part_price').isKeyVerbatim).toBe(false);
  });
});
