import type { Dialect } from '../dialect.ts';
import { describe, quote } from './catalogue.ts';
import { check } from './check.ts';
import { postgresFailure } from './failures.ts';
import { postgresTypeOf } from './types.ts';

/** How PostgreSQL speaks. Every cell is the server's own text. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  quote,
  placeholder: (index) => `$${index}`,
  select: (column, sql) => postgresTypeOf(column).select?.(sql) ?? sql,
  toValue: (column) => postgresTypeOf(column).toValue,
  // The server's text of a value reads as the same value, in a session that writes ISO dates in UTC and all digits.
  text: (_column, sql) => sql,
  parse: (column, placeholder) => `${placeholder}::${postgresTypeOf(column).cast}`,
  exactly: (_column, sql) => `(${sql})::text COLLATE "C"`,
  after: (terms) => `(${terms.map(({ sql }) => sql).join(', ')}) > (${terms.map(({ value }) => value).join(', ')})`,
  page: ({ select, from, where, order, limit }) =>
    [
      `SELECT ${select.join(', ')} FROM ${from}`,
      ...(where.length === 0 ? [] : [`WHERE ${where.join(' AND ')}`]),
      ...(order.length === 0 ? [] : [`ORDER BY ${order.join(', ')}`]),
      `LIMIT ${limit}`,
    ].join(' '),
  clock: {
    sql: `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
    values: [],
  },
  describe,
  check,
  failure: postgresFailure,
};
