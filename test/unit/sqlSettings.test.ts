import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { guarded } from '../../shared/connectors/sql/guard.ts';
import { jsonValue } from '../../shared/connectors/sql/jsonValue.ts';
import { readPostgresUrl } from '../../shared/connectors/sql/postgres/address.ts';
import { readEntitySettings } from '../../shared/connectors/sql/settings.ts';
import { shortestFloat } from '../../shared/connectors/sql/shortestFloat.ts';
import { deletedBy } from '../../shared/connectors/sql/softDelete.ts';
import { queryFaults, targetFaults, targetOf } from '../../shared/connectors/sql/target.ts';
import { AdpError } from '../../shared/errors.ts';
import { NumberLiteral } from '../../shared/model/literal.ts';

describe('a table', () => {
  const target = (table: string, schema?: string) =>
    targetOf(readEntitySettings({ table, key: ['id'] }), { schema, queries: {} });

  test.each([
    ['parts', undefined, 'parts'],
    ['dbo.Parts', 'dbo', 'Parts'],
    ['"my.schema"."a ""name"""', 'my.schema', 'a "name"'],
    ['[dbo].[a]]b]', 'dbo', 'a]b'],
    ['`shop`.`o``dd`', 'shop', 'o`dd'],
    ['dbo.Order Details', 'dbo', 'Order Details'],
    ['ünï.größe', 'ünï', 'größe'],
  ])('is named by %s', (text, schema, name) => {
    expect(target(text)).toEqual({ kind: 'table', schema, name });
  });

  test('without a schema is in the one that the source names', () => {
    expect(target('parts', 'shop')).toEqual({ kind: 'table', schema: 'shop', name: 'parts' });
    expect(target('dbo.parts', 'shop')).toEqual({ kind: 'table', schema: 'dbo', name: 'parts' });
  });

  test.each(['', '.', 'a.', '.a', 'a.b.c', '"a', 'a"b', 'a..b', '""', 'a."b"c'])('is not named by %p', (text) => {
    expect(targetFaults(readEntitySettings({ table: text, key: ['id'] }), { queries: {} })).toHaveLength(1);
    expect(() => target(text)).toThrow(AdpError);
  });
});

describe('a query', () => {
  test.each([
    'SELECT 1 AS a',
    'select a from b\n',
    'WITH x AS (SELECT 1 AS a) SELECT * FROM x',
    '  SELECT a FROM b ;  ',
  ])('may be %p', (sql) => {
    expect(queryFaults('q', sql)).toEqual([]);
  });

  test.each(['', 'DELETE FROM a', 'selection', 'SELECT 1; DELETE FROM a', '-- x\nDROP TABLE a', 'EXEC p'])(
    'is not %p',
    (sql) => {
      expect(queryFaults('q', sql)).toHaveLength(1);
    },
  );

  test('is one of those that the source has, and no property that every object has', () => {
    for (const query of ['other', 'constructor', '__proto__']) {
      expect(targetFaults(readEntitySettings({ query, key: ['id'] }), { queries: { some: 'SELECT 1' } })).toEqual([
        expect.stringContaining('it has some'),
      ]);
    }
  });
});

test('a row says that it is deleted by whatever is set there, or by what is named', () => {
  const isDeleted = (gone: unknown, values?: string[]) => deletedBy({ column: 'gone', values })({ gone });
  expect([null, false, 0, '', '0'].map((gone) => isDeleted(gone))).toEqual([false, false, false, false, false]);
  expect([true, 1, 'D', '2026-05-01'].map((gone) => isDeleted(gone))).toEqual([true, true, true, true]);
  expect(['D', 'A', null, 1].map((gone) => isDeleted(gone, ['D', '1']))).toEqual([true, false, false, true]);
});

test('a flag that is not set is told from one that is, whatever its column is', () => {
  const isDeleted = (gone: unknown, values?: string[]) => deletedBy({ column: 'gone', values })({ gone });
  for (const gone of [' ', '   ', '0 ', '0.00', '000', 'N', 'n ', 'no', 'false', 'F', undefined]) {
    expect([gone, isDeleted(gone)]).toEqual([gone, false]);
  }
  for (const gone of ['Y', 'D ', '1.00', '0.01', 'note', '-1', {}])
    expect([gone, isDeleted(gone)]).toEqual([gone, true]);
  // CHAR(3); a bit, which is true or 1 by the driver, and is named as either.
  expect(['D  ', 'DD ', null, undefined].map((gone) => isDeleted(gone, ['D']))).toEqual([true, false, false, false]);
  for (const values of [['1'], ['true']]) {
    expect([true, 1, '1', false, 0].map((gone) => isDeleted(gone, values))).toEqual([true, true, true, false, false]);
  }
  expect([null, false, 0, true].map((gone) => isDeleted(gone, ['0']))).toEqual([false, true, true, false]);
});

test('a flag in a column of JSON is told by its text, whatever members an object in it has', () => {
  const isDeleted = (json: string, values?: string[]) =>
    deletedBy({ column: 'gone', values })({ gone: jsonValue(json) });
  expect(['0.0', '0.5', 'null', '{"toString":1,"valueOf":2}', '[]'].map((json) => isDeleted(json))).toEqual([
    false,
    true,
    false,
    true,
    true,
  ]);
  expect(['1.50', '{"toString":1,"valueOf":2}', '["1.50"]'].map((json) => isDeleted(json, ['1.50']))).toEqual([
    true,
    false,
    false,
  ]);
});

test('JSON keeps the digits of its numbers', () => {
  expect(jsonValue('{"a":[1,10.50,12345678901234567890]}')).toEqual({
    a: [1, new NumberLiteral('10.50'), new NumberLiteral('12345678901234567890')],
  });
  expect(jsonValue('no json')).toBe('no json');
});

test.each([0.1, 16_777_216, 3.4028234663852886e38, 1.00000012, 8.589973e9, 0.000123456786, Number.POSITIVE_INFINITY])(
  'a 32-bit float is told by as few digits as tell it from all others: %p',
  (told) => {
    const widened = Math.fround(told);
    const value = shortestFloat(widened);
    expect(Math.fround(value)).toBe(widened);
    expect(value).toBe(Number(value.toPrecision(9)));
  },
);

test('an error of a driver is told in our words, and keeps nothing of the driver but its words', async () => {
  const thrown = Object.assign(new Error('login with hunter2 failed'), { code: 'X1', config: { password: 'hunter2' } });
  const session = {
    query: () => Promise.reject(thrown),
    close: () => Promise.resolve(),
  };
  const failure = (error: unknown) => new AdpError('AUTH_FAILED', `refused: ${error}`, { cause: error });
  const error: unknown = await guarded(session, { failure }, ['hunter2'])
    .query({ sql: '', values: [] }, new AbortController().signal)
    .catch((refused) => refused);
  expect(error).toMatchObject({ code: 'AUTH_FAILED', message: 'refused: Error: login with *** failed' });
  expect(error).toHaveProperty('cause.message', 'X1: login with *** failed');
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2');
});

describe('a connection string of PostgreSQL', () => {
  const base = { host: 'db.dealer.example', port: 5432, user: 'reader', password: 's3cret', database: 'dms' };

  test('says who asks, where, and how it is encrypted', () => {
    expect(readPostgresUrl('postgres://reader:s3cret@db.dealer.example/dms')).toEqual({ ...base, tls: 'verify-full' });
    expect(readPostgresUrl('postgresql://reader:s3cret@db.dealer.example:6543/dms?sslmode=require\n')).toEqual({
      ...base,
      port: 6543,
      tls: 'verify-full',
    });
    expect(readPostgresUrl('postgres://re%40der:p%2Fw%25@[::1]/d%20b?sslmode=disable')).toEqual({
      host: '::1',
      port: 5432,
      user: 're@der',
      password: 'p/w%',
      database: 'd b',
      tls: 'disable',
    });
  });

  test.each([
    ['host=/var/run user=x'],
    ['postgres://reader:s3cret@/dms'],
    ['postgres://reader:s3cret@%2Fvar%2Frun/dms'],
    ['postgres://reader@host/dms'],
    ['postgres://:s3cret@host/dms'],
    ['postgres://reader:s3cret@host'],
    ['postgres://reader:s3cret@host/dms?sslmode=prefer'],
    ['postgres://reader:s3cret@host/dms?sslmode=no-verify'],
    ['postgres://reader:s3cret@host/dms?options=-c%20search_path%3Dx'],
    ['postgres://reader:s3cret@host/dms?sslrootcert=/etc/passwd'],
    ['postgres://reader:s3cret@host/dms?host=/var/run'],
    ['postgres://reader:s3cret#x@host/dms'],
    ['postgres://reader:s3cret%zz@host/dms'],
    ['mysql://reader:s3cret@host/dms'],
  ])('is not %s, and the refusal does not repeat it', (text) => {
    const read = () => readPostgresUrl(text);
    expect(read).toThrow(expect.objectContaining({ code: 'CONFIG_ERROR', disposition: 'park' }));
    expect(read).not.toThrow(/s3cret|passwd/);
  });

  test('names an option that is not taken', () => {
    expect(() => readPostgresUrl('postgres://reader:s3cret@host/dms?sslcert=/a')).toThrow(/"sslcert"/);
  });
});
