import type { Dialect } from '../dialect.ts';
import { describe, type Fields, quote } from './catalogue.ts';
import { check } from './check.ts';
import { parseSql, readerOf, selectSql, textSql } from './columns.ts';
import { toMysqlError } from './failures.ts';
import { placeholder } from './placeholder.ts';
import type { MysqlSession } from './session.ts';

/**
 * The words of MySQL and MariaDB.
 * @param raw the session, for what no statement tells
 */
export function mysqlDialect(raw: Pick<MysqlSession, 'fields'>): Dialect {
  const fields: Fields = async (sql, signal) => {
    try {
      return await raw.fields(sql, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw toMysqlError(error);
    }
  };
  return {
    name: 'mysql',
    quote,
    placeholder,
    select: selectSql,
    toValue: readerOf,
    text: textSql,
    parse: parseSql,
    // Of one character set, whatever those of the column and of the value are.
    exactly: (_column, sql) => `HEX(CONVERT(${sql} USING utf8mb4))`,
    page({ select, from, where, order, limit }) {
      const parts = [`SELECT ${select.join(', ')}`, `FROM ${from}`];
      if (where.length > 0) parts.push(`WHERE ${where.join(' AND ')}`);
      if (order.length > 0) parts.push(`ORDER BY ${order.join(', ')}`);
      return [...parts, `LIMIT ${limit}`].join('\n');
    },
    clock: { sql: `SELECT DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%fZ')`, values: [] },
    describe: (session, target, signal) => describe(fields, session, target, signal),
    check: (session, _relations, signal) => check(session, signal),
    failure: toMysqlError,
  };
}
