import { expect, test } from '@jest/globals';
import { lineFinding } from '../../shared/connectors/sql/line.ts';
import { lineOf as mssqlLine, readConnectionString } from '../../shared/connectors/sql/mssql/connectionString.ts';
import { lineOf as mysqlLine, readMysqlUrl } from '../../shared/connectors/sql/mysql/address.ts';
import { lineOf as postgresLine, readPostgresUrl } from '../../shared/connectors/sql/postgres/address.ts';

const mssql = (more = '') => mssqlLine(readConnectionString(`Server=h;User Id=u;Password=p;${more}`));
const mysql = (more = '') => mysqlLine(readMysqlUrl(`mysql://u:p@h/d${more}`));
const postgres = (more = '') => postgresLine(readPostgresUrl(`postgres://u:p@h/d${more}`));

test.each([
  ['SQL Server', mssql(), mssql('Encrypt=strict')],
  ['MySQL', mysql(), mysql('?ssl-mode=VERIFY_IDENTITY')],
  ['PostgreSQL', postgres(), postgres('?sslmode=require')],
])('a line to %s is guarded unless the connection string says otherwise', (_, ...lines) => {
  for (const line of lines) expect(lineFinding(line)).toMatchObject({ name: 'TLS', level: 'ok' });
});

test.each([
  ['not encrypted', mssql('Encrypt=false;TrustServerCertificate=true'), 'Encrypt=false'],
  ['not encrypted', mysql('?ssl-mode=disabled'), 'ssl-mode=DISABLED'],
  ['not encrypted', postgres('?sslmode=disable'), 'sslmode=disable'],
  ['certificate is not looked at', mssql('TrustServerCertificate=yes'), 'TrustServerCertificate=true'],
  ['certificate is not looked at', mysql('?sslMode=REQUIRED'), 'ssl-mode=REQUIRED'],
  ['not looked at whose', mysql('?ssl-mode=verify-ca'), 'ssl-mode=VERIFY_CA'],
  ['not looked at whose', postgres('?sslmode=verify-ca'), 'sslmode=verify-ca'],
])('a check warns of one that is %s: %j', (what, line, option) => {
  const { level, detail } = lineFinding(line);
  expect(level).toBe('warning');
  expect(detail).toContain(what);
  expect(detail).toContain(`Take ${option} out`);
});
