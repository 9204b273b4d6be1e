import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readConnectionString } from '../../shared/connectors/sql/mssql/connectionString.ts';
import { AdpError } from '../../shared/errors.ts';

const needed = 'Server=db.example;User Id=u;Password=p';

function failureOf(text: string): AdpError {
  try {
    readConnectionString(text);
  } catch (error) {
    if (error instanceof AdpError) return error;
    throw error;
  }
  throw new Error('It was taken.');
}

describe("a SQL Server's connection string", () => {
  test('has TLS with a verified certificate unless it says otherwise', () => {
    expect(readConnectionString(needed)).toEqual({
      server: 'db.example',
      port: undefined,
      instance: undefined,
      database: undefined,
      user: 'u',
      password: 'p',
      encrypt: true,
      trustsAnyCertificate: false,
      certificateHost: undefined,
      isReadOnly: false,
      isMultiSubnet: false,
    });
  });

  test.each([
    ['Encrypt=true', true],
    ['encrypt = Mandatory', true],
    ['Encrypt=yes', true],
    ['Encrypt=strict', 'strict'],
    ['Encrypt=Optional', false],
    ['Encrypt=False', false],
  ])('%s', (option, encrypt) => {
    expect(readConnectionString(`${needed};${option}`).encrypt).toBe(encrypt);
  });

  test.each([
    ['tcp:db.example,1433', { server: 'db.example', port: 1433, instance: undefined }],
    ['db.example, 1533', { server: 'db.example', port: 1533, instance: undefined }],
    ['db\\SQL2019', { server: 'db', port: undefined, instance: 'SQL2019' }],
    ['db\\SQL2019,1500', { server: 'db', port: 1500, instance: undefined }],
    ['.', { server: 'localhost' }],
    ['[::1],1433', { server: '::1', port: 1433 }],
  ])('the server %s', (server, target) => {
    expect(readConnectionString(`Data Source=${server};UID=u;PWD=p`)).toMatchObject(target);
  });

  test('as portals write it', () => {
    const text = `Server=tcp:dms.database.windows.net,1433;Initial Catalog=dms;Persist Security Info=False;User ID=reader;
      Password={p};MultipleActiveResultSets=False;Encrypt=True;TrustServerCertificate=False;Connection Timeout=30;
      ApplicationIntent=ReadOnly;MultiSubnetFailover=Yes;HostNameInCertificate=*.example;`;
    expect(readConnectionString(text)).toMatchObject({
      database: 'dms',
      user: 'reader',
      password: '{p}',
      isReadOnly: true,
      isMultiSubnet: true,
      certificateHost: '*.example',
    });
  });

  test('takes any value in quotes', () => {
    const quoted = fc.tuple(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom('"', "'"));
    fc.assert(
      fc.property(quoted, ([password, quote]) => {
        const value = `${quote}${password.replaceAll(quote, quote + quote)}${quote}`;
        expect(readConnectionString(`Password = ${value} ;User=u;Server=s`).password).toBe(password);
      }),
    );
  });

  test.each([
    ['an option that is not known', `${needed};Encrypt=true;Colour=red`, /"Colour"/],
    ['a file', `${needed};AttachDbFilename=/etc/passwd`, /"AttachDbFilename"/],
    ['a certificate file', `${needed};Encrypt=true;ServerCertificate=/tmp/x.pem`, /"ServerCertificate"/],
    ['a failover partner', `${needed};Encrypt=true;Failover Partner=other`, /"Failover Partner"/],
    ['a pipe', 'Server=np:\\\\.\\pipe\\sql;User Id=u;Password=p', /only TCP/],
    ['a local database', 'Server=(localdb)\\MSSQLLocalDB;User Id=u;Password=p', /only TCP/],
    ['a Windows login', 'Server=s;Integrated Security=SSPI', /User Id and Password/],
    ['another authentication', `${needed};Authentication=Active Directory Default`, /SqlPassword/],
    ['a truth that is none', `${needed};Encrypt=maybe`, /Encrypt must be/],
    ['no server', 'User Id=u;Password=p', /Server is missing/],
    ['no user', 'Server=s;Password=p', /User Id is missing/],
    ['no password', 'Server=s;User Id=u', /Password is missing/],
    ['nothing', '', /Server is missing/],
  ])('refuses %s, and says so', (_, text, message) => {
    const error = failureOf(text);
    expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(error.message).toMatch(message);
  });

  test.each([
    'secret',
    'c2VjcmV0==',
    'mssql://u:secret@s/db?encrypt=true',
    '{"password":"secret=1"}',
    'secret;Server=s',
  ])('says what it must look like where it is none, and repeats nothing of it: %s', (text) => {
    expect(failureOf(text).message).toBe(
      "The connection string of the SQL Server can't be used: it must look like Server=…;Database=…;User Id=…;Password=…;Encrypt=true.",
    );
  });

  test.each(['pa;ss', 'pa;ss=word', 'pa"ss;word', '"pa"ss', 'pa;;ss=x;word=y'])(
    'never repeats a piece of the password %s that lacks its quotes',
    (password) => {
      const error = failureOf(`Server=s;User Id=u;Password=${password}`);
      expect(error.message).toMatch(/double quotes/);
      expect(error.message).not.toMatch(/ss|word/);
    },
  );
});
