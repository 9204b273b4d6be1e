import { describe, expect, test } from '@jest/globals';
import { toMysqlError } from '../../shared/connectors/sql/mysql/failures.ts';
import { AdpError } from '../../shared/errors.ts';

const server = (errno: number, message: string, sqlState = 'HY000') =>
  Object.assign(new Error(message), { errno, sqlState, code: `ER_${errno}`, sql: 'SELECT secret' });
const driver = (code: string, message = code) => Object.assign(new Error(message), { code, errno: -111 });

describe('an error of a MySQL server', () => {
  test.each([
    [1045, 'AUTH_FAILED', 'park'],
    [1130, 'AUTH_FAILED', 'park'],
    [1044, 'AUTH_FAILED', 'park'],
    [1142, 'AUTH_FAILED', 'park'],
    [1143, 'AUTH_FAILED', 'park'],
    [1049, 'CONFIG_ERROR', 'park'],
    [1054, 'MAPPING_ERROR', 'park'],
    [1146, 'MAPPING_ERROR', 'park'],
    [1356, 'MAPPING_ERROR', 'park'],
    [1205, 'NETWORK_ERROR', 'retry'],
    [1213, 'NETWORK_ERROR', 'retry'],
    [1969, 'NETWORK_ERROR', 'retry'],
    [3024, 'NETWORK_ERROR', 'retry'],
    [1412, 'NETWORK_ERROR', 'retry'],
    [1026, 'NETWORK_ERROR', 'retry'],
    [1028, 'NETWORK_ERROR', 'retry'],
    [1030, 'NETWORK_ERROR', 'retry'],
    [1040, 'NETWORK_ERROR', 'retry'],
    [1203, 'NETWORK_ERROR', 'retry'],
    [1226, 'NETWORK_ERROR', 'retry'],
    [1053, 'NETWORK_ERROR', 'retry'],
    [1317, 'NETWORK_ERROR', 'retry'],
    [1927, 'NETWORK_ERROR', 'retry'],
    [2013, 'NETWORK_ERROR', 'retry'],
    [1194, 'DATA_ERROR', 'park'],
  ])('%d: %s, %s', (errno, code, disposition) => {
    const error = toMysqlError(server(errno, `About number_${errno}.`));
    expect(error).toMatchObject({ code, disposition });
    expect(error.message).toContain(`number_${errno}`);
    expect(JSON.stringify([error.message, String(error.cause)])).not.toContain('secret');
  });

  test('about the statement parks: only other settings help', () => {
    expect(toMysqlError(server(1064, 'You have an error in your SQL syntax', '42000'))).toMatchObject({
      code: 'CONFIG_ERROR',
    });
  });
});

describe('an error on the way to it', () => {
  test.each(['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'ECONNRESET', 'EPIPE', 'PROTOCOL_CONNECTION_LOST'])(
    '%s is tried again',
    (code) => {
      expect(toMysqlError(driver(code))).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    },
  );

  test('of a closed line that has no code is tried again', () => {
    const error = new Error("Can't add new command when connection is in closed state");
    expect(toMysqlError(error)).toMatchObject({ code: 'NETWORK_ERROR' });
  });

  test('of a certificate parks, of a line that broke while it was shown does not', () => {
    const selfSigned = driver('HANDSHAKE_SSL_ERROR', 'self-signed certificate');
    expect(toMysqlError(selfSigned)).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    const broken = driver(
      'HANDSHAKE_SSL_ERROR',
      'Client network socket disconnected before secure TLS connection was established',
    );
    expect(toMysqlError(broken)).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
  });

  test('of a way to log in that is not taken parks', () => {
    expect(toMysqlError(driver('AUTH_SWITCH_PLUGIN_ERROR'))).toMatchObject({ code: 'AUTH_FAILED' });
  });

  test('that is ours stays as it is', () => {
    const ours = new AdpError('CONFIG_ERROR', 'Ours.');
    expect(toMysqlError(ours)).toBe(ours);
  });
});
