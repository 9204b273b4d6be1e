import { describe, expect, test } from '@jest/globals';
import { readMysqlUrl } from '../../shared/connectors/sql/mysql/address.ts';
import { AdpError } from '../../shared/errors.ts';

describe('a connection string of a MySQL server', () => {
  test('says where, who and how; TLS is verified unless it says otherwise', () => {
    expect(readMysqlUrl('mysql://reader:p%40ss%2F@db.example.com:3307/dms')).toEqual({
      host: 'db.example.com',
      port: 3307,
      user: 'reader',
      password: 'p@ss/',
      database: 'dms',
      tls: 'verify_identity',
      mayFetchKey: false,
    });
    expect(readMysqlUrl(' mariadb://r:p@[::1]\n')).toMatchObject({ host: '::1', port: 3306, database: undefined });
  });

  test.each([
    ['ssl-mode=DISABLED', 'disabled'],
    ['sslMode=verify-ca', 'verify_ca'],
    ['ssl_mode=required', 'required'],
    ['ssl-mode=VERIFY_IDENTITY', 'verify_identity'],
  ])('%s', (option, tls) => {
    expect(readMysqlUrl(`mysql://r:p@h/d?${option}`)).toMatchObject({ tls });
  });

  test.each([
    'ssl-mode=PREFERRED',
    'ssl-mode=',
    'ssl={"rejectUnauthorized":false}',
    'socketPath=/tmp/mysql.sock',
    'multipleStatements=true',
    'flags=LOCAL_FILES',
    'charset=gbk',
    'debug=true',
    'allowPublicKeyRetrieval=yes',
  ])('%s is refused, and named', (option) => {
    const error = failureOf(`mysql://r:p4ssw0rd@h/d?${option}`);
    expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(error.message).toContain(option.split('=')[0]);
    expect(error.message).not.toContain('p4ssw0rd');
  });

  test.each([
    '',
    'hunter2',
    'postgres://r:hunter2@h/d',
    'mysql://r@h/d',
    'mysql://:hunter2@h/d',
    'mysql:///d',
    'mysql://r:hunter2@%2Frun%2Fmysqld.sock/d',
    'mysql://r:hunter2@h/d/e',
    'mysql://r:hunter2%@h/d',
    // Characters that end the URL early must not have what follows them repeated.
    'mysql://r:9?hunter2=@h/d',
    'mysql://r:9#hunter2@h/d',
    'mysql://r:hunter2/hunter2@h/d',
    'mysql://r:9/hunter2@h?hunter2',
    'mysql://r:x@h/d#hunter2',
  ])('%s is refused, and not repeated', (text) => {
    const error = failureOf(text);
    expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(error.message).not.toContain('hunter2');
  });
});

function failureOf(text: string): AdpError {
  try {
    readMysqlUrl(text);
  } catch (error) {
    if (error instanceof AdpError) return error;
    throw error;
  }
  throw new Error('It was taken.');
}
