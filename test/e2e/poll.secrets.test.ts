// Dealers' credentials, after polls of every outcome: in Key Vault and in the driver's call, and nowhere else.

import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { takeOnVault } from '../../cli/vault.ts';
import { secretsOf } from '../../shared/app.ts';
import { type ClosedPort, closedPort } from '../helpers/closedPort.ts';
import { type Hub, startHub } from '../helpers/hub.ts';
import { hasMariadb, mariadbAdvice, startMariadb, type TestMariadb } from '../helpers/mariadb.ts';
import { connectionString } from '../helpers/mssqlSource.ts';
import { mysqlUrl } from '../helpers/mysqlSource.ts';
import { addPolled, runsOf, statusOf, trigger } from '../helpers/pollHub.ts';
import { hasPostgres, postgresAdvice, startPostgres, type TestPostgres } from '../helpers/postgres.ts';
import { type Asked, type RestApi, startRestApi } from '../helpers/restApi.ts';
import { passwords, startTestSqlServer, type TestSqlServer } from '../helpers/sqlServer.ts';

/** One dealer, whose source is asked once. */
interface Case {
  readonly dealer: string;
  readonly secret: string;
  readonly source: object;
  /** What becomes of the poll: `succeeded`, or why it failed. */
  readonly outcome: string;
  /** The words of the secret that must not be anywhere. */
  readonly words: readonly string[];
}

let hub: Hub;
let api: RestApi;
let sqlServer: TestSqlServer;
let postgres: TestPostgres | undefined;
let mariadb: TestMariadb | undefined;
/** Where nobody listens. */
let nobody: ClosedPort;
const cases: Case[] = [];
/** All that the hub answered about them. */
const answers: string[] = [];

for (const advice of [...(hasPostgres ? [] : [postgresAdvice]), ...(hasMariadb ? [] : [mariadbAdvice])]) {
  console.warn(advice);
  test.skip(advice, () => undefined);
}

beforeAll(async () => {
  [hub, api, sqlServer, nobody, postgres, mariadb] = await Promise.all([
    startHub(),
    startRestApi(),
    startTestSqlServer(),
    closedPort(),
    hasPostgres ? startPostgres() : undefined,
    hasMariadb ? startMariadb() : undefined,
  ]);
  api.answer = answerRest;
  cases.push(...restCases(`http://127.0.0.1:${nobody.port}`), ...(await mssqlCases(sqlServer)));
  if (postgres !== undefined) cases.push(...(await postgresCases(postgres)));
  if (mariadb !== undefined) cases.push(...(await mariadbCases(mariadb)));
  // As `adp secrets set` does it, but for all in one process.
  const vault = secretsOf((await takeOnVault(hub.settings)) ?? {}, Date.now);
  await Promise.all(
    cases.map(async ({ dealer, secret, source }) => {
      await vault.set(dealer, secret);
      await addPolled(hub, dealer, source);
    }),
  );
});
afterAll(async () => {
  await hub?.end();
  await Promise.all([api?.close(), sqlServer?.stop(), nobody?.release(), postgres?.stop(), mariadb?.stop()]);
});

/** A password with what connection strings, URLs and JSON write otherwise; and the word in it that none of them touches. */
function password(): { readonly word: string; readonly text: string } {
  const word = randomBytes(16).toString('hex');
  return { word, text: `p/w"${word}{é` };
}

const part = (settings: object) => ({ part: { mapping: { part_number: 'id' }, cursor: { kind: 'full' }, settings } });

/** An API that repeats in its answers all that it was shown. */
function answerRest({ url, headers }: Asked) {
  const echo = `${url.href} ${headers.authorization} ${headers['x-key']}`;
  const shown = { 'x-echo': echo.replace(/[^\x20-\x7e]/g, '') };
  const path = url.pathname;
  if (path === '/fine') return { body: [{ id: 'a' }] };
  if (path === '/moved') return { status: 302, headers: { location: `http://169.254.169.254/?was=${url.href}` } };
  if (path === '/html') return { headers: { 'content-type': 'text/html' }, body: `<html>${echo}</html>` };
  if (path === '/broken') return { headers: shown, body: `[{"id": "${echo}` };
  if (path === '/other') return { headers: { ...shown, 'content-type': 'application/json' }, body: { error: echo } };
  return { status: Number(path.slice(1)), headers: shown, body: { error: echo, echo: [{ id: echo }] } };
}

function restCases(closed: string): Case[] {
  const made: Case[] = [];
  const add = (path: string, outcome: string, secretOf: (text: string) => object | string, base_url = api.url) => {
    const { word, text } = password();
    const secret = secretOf(text);
    const settings = { base_url, allow_http: true, networks: ['127.0.0.0/8'] };
    const name = `rest-${made.length}`;
    made.push({
      dealer: name,
      secret: typeof secret === 'string' ? secret : JSON.stringify(secret),
      source: { connector: 'rest', credential: name, settings, entities: part({ path }) },
      outcome,
      words: [word],
    });
  };
  const plain = (text: string) => text.replace(/[^\x21-\x7e]/g, '');
  const basic = (text: string) => ({ kind: 'basic', username: 'hub', password: text });
  const bearer = (text: string) => ({ kind: 'bearer', token: plain(text) });
  const inQuery = (text: string) => ({ kind: 'api_key', query: 'key', value: plain(text) });
  const inHeader = (text: string) => ({ kind: 'api_key', header: 'x-key', value: plain(text) });
  for (const kind of [basic, bearer, inQuery, inHeader]) add('/fine', 'succeeded', kind);
  for (const kind of [basic, inQuery]) {
    add('/401', 'AUTH_FAILED', kind);
    add('/500', 'NETWORK_ERROR', kind);
    add('/404', 'CONFIG_ERROR', kind);
    add('/html', 'DATA_ERROR', kind);
    add('/broken', 'NETWORK_ERROR', kind);
    add('/other', 'DATA_ERROR', kind);
    add('/moved', 'CONFIG_ERROR', kind);
    add('/fine', 'NETWORK_ERROR', kind, closed);
  }
  add('/403', 'AUTH_FAILED', inHeader);
  add('/fine', 'CONFIG_ERROR', (text) => `{"kind": "basic", "username": "hub", "password": "${text}`);
  add('/fine', 'CONFIG_ERROR', (text) => ({ kind: text, password: text, [text]: text }));
  return made;
}

const table = 'CREATE TABLE stock (id varchar(30) PRIMARY KEY)';

/** Logins of one server, each with a password of its own. */
interface Logins {
  readonly connector: string;
  /** Makes the login, and its connection string. */
  make(name: string, text: string): Promise<string>;
  readonly settings: object;
  readonly table: string;
}

async function sqlCases(
  { connector, make, settings, table: held }: Logins,
  wanted: readonly (readonly [outcome: string, change: (secret: string, text: string) => string, more?: object])[],
): Promise<Case[]> {
  const made: Case[] = [];
  for (const [outcome, change, more = {}] of wanted) {
    const { word, text } = password();
    const name = `${connector}-${made.length}`;
    const secret = change(await make(name.replace('-', '_'), text), text);
    const { settings: own = {}, entity = { table: held } }: { settings?: object; entity?: object } = more;
    const source = {
      connector,
      credential: name,
      settings: { ...settings, ...own },
      entities: part({ key: ['id'], ...entity }),
    };
    made.push({ dealer: name, secret, source, outcome, words: [word] });
  }
  return made;
}

const asIs = (secret: string) => secret;
const otherPassword = (secret: string, text: string) =>
  secret.replace(encodeURIComponent(text), encodeURIComponent(`${text}x`));
const malformed = (_: string, text: string) => `Server=;Pass word="${text}`;
const slowly = { queries: { q: "SELECT 'a' AS id, pg_sleep(20)::text AS slept" }, statement_timeout_ms: 200 };

async function postgresCases(server: TestPostgres): Promise<Case[]> {
  const database = await server.createDatabase();
  const admin = await server.connect(database);
  await admin.query(`${table}; INSERT INTO stock VALUES ('a'); CREATE TABLE hidden (id varchar(30) PRIMARY KEY)`);
  const address = new URL(server.url);
  const logins: Logins = {
    connector: 'postgres',
    settings: server.ca === undefined ? {} : { tls: { ca: server.ca } },
    table: 'public.stock',
    async make(name, text) {
      await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD '${text}'; GRANT SELECT ON stock TO ${name}`);
      const url = `postgres://${name}:${encodeURIComponent(text)}@127.0.0.1:${address.port}/${database}`;
      return server.ca === undefined ? `${url}?sslmode=disable` : url;
    },
  };
  return await sqlCases(logins, [
    ['succeeded', asIs],
    ['AUTH_FAILED', otherPassword],
    ['CONFIG_ERROR', malformed],
    ['NETWORK_ERROR', (secret) => secret.replace(`:${address.port}/`, `:${nobody.port}/`)],
    ['CONFIG_ERROR', (secret) => secret.replace(database, 'nowhere')],
    ['MAPPING_ERROR', asIs, { entity: { table: 'public.none' } }],
    ['AUTH_FAILED', asIs, { entity: { table: 'public.hidden' } }],
    ['NETWORK_ERROR', asIs, { entity: { query: 'q' }, settings: slowly }],
    ['CONFIG_ERROR', asIs, { entity: { query: 'q' }, settings: { queries: { q: "SELECT 'a' AS id, nothing()" } } }],
    ...(server.ca === undefined ? [] : [['CONFIG_ERROR', asIs, { settings: { tls: {} } }] as const]),
  ]);
}

async function mariadbCases(server: TestMariadb): Promise<Case[]> {
  const database = await server.createDatabase();
  const admin = await server.connect(database);
  await admin.query(`${table}; INSERT INTO stock VALUES ('a')`);
  const logins: Logins = {
    connector: 'mysql',
    settings: server.ca === undefined ? {} : { tls: { ca: server.ca } },
    table: `${database}.stock`,
    async make(name, text) {
      await admin.query(`CREATE USER ${name} IDENTIFIED BY '${text}'; GRANT SELECT ON stock TO ${name}`);
      return mysqlUrl(server, { user: name, password: text, database });
    },
  };
  return await sqlCases(logins, [
    ['succeeded', asIs],
    ['AUTH_FAILED', otherPassword],
    ['CONFIG_ERROR', malformed],
    ['MAPPING_ERROR', asIs, { entity: { table: `${database}.none` } }],
    ...(server.ca === undefined ? [] : [['CONFIG_ERROR', asIs, { settings: { tls: {} } }] as const]),
  ]);
}

async function mssqlCases(server: TestSqlServer): Promise<Case[]> {
  const owner = await server.connect({ user: 'owner', password: passwords.owner });
  await owner
    .request()
    .batch("CREATE TABLE dbo.Stock (id nvarchar(30) PRIMARY KEY); INSERT INTO dbo.Stock VALUES (N'a')");
  const logins: Logins = {
    connector: 'mssql',
    settings: { tls: { ca: server.authority.certificate } },
    table: 'dbo.Stock',
    async make(_, text) {
      const quoted = text.replaceAll('"', '""');
      return `Server=localhost,${server.port};Database=dms;User Id=reader;Password="${quoted}";Encrypt=true`;
    },
  };
  const refused = await sqlCases(logins, [
    ['AUTH_FAILED', asIs],
    ['CONFIG_ERROR', malformed],
    ['CONFIG_ERROR', asIs, { settings: { tls: {} } }],
  ]);
  const { settings, table: held } = logins;
  const fine = {
    dealer: 'mssql-fine',
    secret: connectionString(server),
    source: { connector: 'mssql', credential: 'mssql-fine', settings, entities: part({ key: ['id'], table: held }) },
    outcome: 'succeeded',
    words: [passwords.reader.replace(/^[^;]+/, '')],
  };
  return [...refused, fine];
}

test('every source is polled once, as it is meant to go', async () => {
  const outcomes = await Promise.all(
    cases.map(async ({ dealer, outcome }) => {
      const [run = ''] = (await trigger(hub, dealer)) ?? [];
      const { status, errors } = await hub.closed(run, 240_000);
      const check = await hub.call('POST', `admin/dealers/${dealer}/sources/dms/check`);
      const known = [check.body, await statusOf(hub, dealer), await runsOf(hub, dealer)];
      answers.push(...known.map((body) => JSON.stringify(body)));
      return [dealer, outcome, status === 'succeeded' ? status : errors[0]?.code, errors[0]?.detail];
    }),
  );
  expect(outcomes.filter(([, meant, is]) => meant !== is)).toEqual([]);
});

test('what the hub answers about them holds no credential', () => {
  expect(answers.length).toBe(3 * cases.length);
  expect(cases.filter(({ words }) => words.some((word) => isIn(answers.join('\n'), word)))).toEqual([]);
});

test('credentials are in Key Vault, and in no log, table, blob, document, message or history', async () => {
  await hub.stop();
  const words = cases.flatMap((each) => each.words);
  const files = (await readdir(hub.dataDir, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
  const found: string[] = [];
  const inVault = new Set<string>();
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const text = (await readFile(path)).toString('latin1');
    for (const word of words.filter((each) => isIn(text, each))) {
      if (path.startsWith(join(hub.dataDir, 'keyVault'))) inVault.add(word);
      else found.push(`${path.slice(hub.dataDir.length)}: ${excerpt(text, word)}`);
    }
  }
  expect(found).toEqual([]);
  expect(inVault.size).toBe(words.length);
  // They are where an operator would look for them: what was searched is what there is.
  const searched = files.map((file) => join(file.parentPath, file.name).slice(hub.dataDir.length + 1));
  for (const part of ['logs/host.log', 'host/durable/', 'cosmos/', 'serviceBus/', 'storage/__azurite_db_table__']) {
    expect([part, searched.some((path) => path.startsWith(part))]).toEqual([part, true]);
  }
});

test.each([
  ['as it is', (word: Buffer) => word],
  ['in base64', (word: Buffer) => Buffer.from(Buffer.concat([Buffer.from('hub:'), word]).toString('base64'))],
  ['in base64, elsewhere', (word: Buffer) => Buffer.from(Buffer.concat([Buffer.from('p'), word]).toString('base64'))],
  ['in hex', (word: Buffer) => Buffer.from(word.toString('hex'))],
  ['in UTF-16', (word: Buffer) => Buffer.from(word.toString(), 'utf16le')],
])('a word is found %s', (_, toForm) => {
  const { word, text } = password();
  expect(isIn(`before ${toForm(Buffer.from(text)).toString('latin1')} after`, word)).toBe(true);
  expect(isIn(`before ${toForm(Buffer.from(password().text)).toString('latin1')} after`, word)).toBe(false);
});

/** Whether a text (bytes as latin1) holds the word in any form: as it is, in base64 at any place, in hex, in UTF-16. */
function isIn(text: string, word: string): boolean {
  return formsOf(word).some((form) => text.includes(form));
}

function excerpt(text: string, word: string): string {
  const form = formsOf(word).find((each) => text.includes(each)) ?? '';
  const at = text.indexOf(form);
  return text.slice(Math.max(0, at - 200), at + form.length + 50);
}

function formsOf(word: string): string[] {
  const bytes = Buffer.from(word);
  const aligned = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The first characters hold bits of what is before, the last one bits of what is behind.
    return text.slice(before === 0 ? 0 : before + 1, -2);
  });
  return [word, ...aligned, bytes.toString('hex'), Buffer.from(word, 'utf16le').toString('latin1')];
}
