import type { Dialect } from '../dialect.ts';
import { describe, quote } from './catalogue.ts';
import { changeTrackingCursor } from './changeTracking.ts';
import { check } from './check.ts';
import { toMssqlError } from './failures.ts';
import { rowversionCursor } from './rowversion.ts';
import { exactSql, parseSql, readerOf, selectSql, textSql } from './types.ts';

/** SQL Server's words: 2016 and later, and Azure SQL. */
export const mssqlDialect: Dialect = {
  name: 'mssql',
  quote,
  placeholder: (index) => `@p${index}`,
  select: selectSql,
  toValue: readerOf,
  text: ({ type }, sql) => textSql(type, sql),
  parse: ({ type }, placeholder) => parseSql(type, placeholder),
  exactly: ({ type }, sql) => exactSql(type, sql),
  page({ select, from, where, order, limit }) {
    const parts = [`SELECT TOP (${limit}) ${select.join(', ')}`, `FROM ${from}`];
    if (where.length > 0) parts.push(`WHERE ${where.join(' AND ')}`);
    if (order.length > 0) parts.push(`ORDER BY ${order.join(', ')}`);
    return parts.join('\n');
  },
  clock: { sql: "SELECT CONVERT(varchar(33), SYSUTCDATETIME(), 126) + 'Z'", values: [] },
  describe,
  check,
  failure: (error) => toMssqlError(error),
  ownCursors: { rowversion: rowversionCursor, change_tracking: changeTrackingCursor },
};
