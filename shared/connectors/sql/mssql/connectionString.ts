import { AdpError } from '../../../errors.ts';
import type { Line } from '../line.ts';

/** Where a SQL Server is, who asks, and how the line is guarded. */
export interface MssqlTarget {
  readonly server: string;
  /** Undefined: 1433, or where the instance says. */
  readonly port: number | undefined;
  /** A named instance, which the SQL Server Browser (UDP 1434) is asked for. */
  readonly instance: string | undefined;
  /** Undefined: the login's own. */
  readonly database: string | undefined;
  readonly user: string;
  readonly password: string;
  /** `strict` is TDS 8: TLS before everything else. */
  readonly encrypt: boolean | 'strict';
  readonly trustsAnyCertificate: boolean;
  /** The name in the certificate, where it is not the server's. */
  readonly certificateHost: string | undefined;
  readonly isReadOnly: boolean;
  readonly isMultiSubnet: boolean;
}

type Option =
  | 'server'
  | 'database'
  | 'user'
  | 'password'
  | 'encrypt'
  | 'trust'
  | 'certificateHost'
  | 'intent'
  | 'multiSubnet'
  | 'integrated'
  | 'authentication'
  | 'ignored';

/**
 * Keywords without their spaces:
 * https://learn.microsoft.com/dotnet/api/microsoft.data.sqlclient.sqlconnection.connectionstring
 */
const options: Readonly<Record<string, Option>> = {
  server: 'server',
  datasource: 'server',
  addr: 'server',
  address: 'server',
  networkaddress: 'server',
  database: 'database',
  initialcatalog: 'database',
  userid: 'user',
  uid: 'user',
  user: 'user',
  password: 'password',
  pwd: 'password',
  encrypt: 'encrypt',
  trustservercertificate: 'trust',
  hostnameincertificate: 'certificateHost',
  applicationintent: 'intent',
  multisubnetfailover: 'multiSubnet',
  integratedsecurity: 'integrated',
  trustedconnection: 'integrated',
  trusted_connection: 'integrated',
  authentication: 'authentication',
  // What portals and tools write into every string; pools and times are the source's settings here.
  persistsecurityinfo: 'ignored',
  multipleactiveresultsets: 'ignored',
  pooling: 'ignored',
  minpoolsize: 'ignored',
  maxpoolsize: 'ignored',
  connectiontimeout: 'ignored',
  connecttimeout: 'ignored',
  timeout: 'ignored',
  commandtimeout: 'ignored',
  connectretrycount: 'ignored',
  connectretryinterval: 'ignored',
  applicationname: 'ignored',
  app: 'ignored',
  workstationid: 'ignored',
  packetsize: 'ignored',
};

/** Keywords of ADO.NET and ODBC that reach for files, other servers or other logins. */
const notTaken: ReadonlySet<string> = new Set([
  ...['attachdbfilename', 'extendedproperties', 'initialfilename', 'servercertificate', 'failoverpartner', 'driver'],
  ...['networklibrary', 'net', 'contextconnection', 'userinstance', 'columnencryptionsetting', 'enclaveattestationurl'],
  ...['attestationprotocol', 'currentlanguage', 'language', 'enlist', 'replication', 'typesystemversion', 'serverspn'],
  ...['accesstoken', 'provider', 'dsn', 'filedsn', 'failoverpartnerspn', 'ipaddresspreference', 'poolblockingperiod'],
]);

/** `key=value` up to the next semicolon; a value in quotes may hold one, and doubles the quote that it holds. */
const pair = /\s*([^=;]*?)\s*=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|((?!["'])[^;]*?))\s*(?:;|$)/y;
const blank = /[\s;]*/y;

const form = 'Server=…;Database=…;User Id=…;Password=…;Encrypt=true';

/**
 * Reads a connection string in ADO.NET's form. TLS is on and the certificate verified unless the string says otherwise.
 * @throws AdpError CONFIG_ERROR (park) for options that are unknown, not taken or missing; it never holds a value
 */
export function readConnectionString(text: string): MssqlTarget {
  const given = readPairs(text);
  const { server, port, instance } = readServer(given.get('server') ?? missing('Server'));
  if (isTrue(given.get('integrated'), 'Integrated Security')) {
    throw refused('Integrated Security is not possible from here: give a SQL login by User Id and Password');
  }
  const authentication = given.get('authentication')?.replaceAll(' ', '').toLowerCase();
  if (authentication !== undefined && authentication !== 'sqlpassword' && authentication !== 'notspecified') {
    throw refused('Authentication can only be SqlPassword: give a SQL login by User Id and Password');
  }
  return {
    server,
    port,
    instance,
    database: given.get('database'),
    user: given.get('user') ?? missing('User Id'),
    password: given.get('password') ?? missing('Password'),
    encrypt: readEncrypt(given.get('encrypt')),
    trustsAnyCertificate: isTrue(given.get('trust'), 'TrustServerCertificate'),
    certificateHost: given.get('certificateHost'),
    isReadOnly: readIntent(given.get('intent')),
    isMultiSubnet: isTrue(given.get('multiSubnet'), 'MultiSubnetFailover'),
  };
}

/** What guards the line there. */
export function lineOf({ encrypt, trustsAnyCertificate }: MssqlTarget): Line {
  if (encrypt === false) return { kind: 'plain', option: 'Encrypt=false' };
  return trustsAnyCertificate ? { kind: 'unverified', option: 'TrustServerCertificate=true' } : { kind: 'verified' };
}

/** As in ADO.NET the last one of an option counts. */
function readPairs(text: string): ReadonlyMap<Option, string> {
  const given = new Map<Option, string>();
  let last: Option | undefined;
  let count = 0;
  for (let at = skipBlank(text, 0); at < text.length; at = skipBlank(text, at)) {
    pair.lastIndex = at;
    const found = pair.exec(text);
    const key = found?.[1] ?? '';
    const name = key.toLowerCase().replaceAll(' ', '');
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (found === null || option === undefined) throw unknown(key, last, count);
    const [, , double, single, plain = ''] = found;
    given.set(option, double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? plain);
    at += found[0].length;
    last = option;
    count += 1;
  }
  return given;
}

function skipBlank(text: string, at: number): number {
  blank.lastIndex = at;
  return at + (blank.exec(text)?.[0].length ?? 0);
}

/**
 * What is no option may be a piece of a password, or a password itself or a URL where a connection string should be: it is
 * repeated only where it can be nothing but an option.
 */
function unknown(key: string, last: Option | undefined, count: number): AdpError {
  const isKeyword = notTaken.has(key.toLowerCase().replaceAll(' ', ''));
  if (!isKeyword && last === undefined) return refused(`it must look like ${form}`);
  if (!isKeyword && (last === 'password' || key === '' || key.length > 40)) {
    return refused(
      `what follows its option ${count} is none: a value that holds a semicolon or a quote must stand in double quotes`,
    );
  }
  return refused(`it has the option "${key}", which is not known or not taken here: leave it out`);
}

/** `tcp:host,1433`, `host\instance`, `host`. */
function readServer(text: string): Pick<MssqlTarget, 'server' | 'port' | 'instance'> {
  const [, host = '', instance, port] =
    /^(?:tcp:)?([^\\,:]+|\[[^\]]+\])(?:\\([^\\,]+))?(?:,\s*(\d{1,5}))?$/i.exec(text) ?? [];
  if (host === '' || host.startsWith('(')) {
    throw refused('Server must be host, host,port or host\\instance: only TCP reaches it from here');
  }
  const server = host === '.' ? 'localhost' : host.replace(/^\[(.*)\]$/, '$1');
  // A port that is said is the instance's: the Browser needn't be asked.
  return {
    server,
    port: port === undefined ? undefined : Number(port),
    instance: port === undefined ? instance : undefined,
  };
}

function readEncrypt(value: string | undefined): boolean | 'strict' {
  switch (value?.toLowerCase()) {
    case 'strict':
      return 'strict';
    case 'mandatory':
      return true;
    case 'optional':
      return false;
    default:
      return value === undefined || isTrue(value, 'Encrypt');
  }
}

function readIntent(value: string | undefined): boolean {
  switch (value?.toLowerCase()) {
    case undefined:
    case 'readwrite':
      return false;
    case 'readonly':
      return true;
    default:
      throw refused('ApplicationIntent must be ReadOnly or ReadWrite');
  }
}

function isTrue(value: string | undefined, name: string): boolean {
  switch (value?.toLowerCase()) {
    case undefined:
    case 'false':
    case 'no':
      return false;
    case 'true':
    case 'yes':
    case 'sspi':
      return true;
    default:
      throw refused(`${name} must be true or false`);
  }
}

function missing(name: string): never {
  throw refused(`${name} is missing: ${form}`);
}

function refused(why: string): AdpError {
  return new AdpError('CONFIG_ERROR', `The connection string of the SQL Server can't be used: ${why}.`);
}
