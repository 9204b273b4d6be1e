import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import sql from 'mssql';
import { mssql } from '../../shared/connectors/sql/mssql.ts';
import { type MssqlSource, openMssql, queryOf, valuesOf } from '../helpers/mssqlSource.ts';
import { passwords, startTestSqlServer, type TestSqlServer } from '../helpers/sqlServer.ts';

const { signal } = new AbortController();
let server: TestSqlServer;
let owner: sql.ConnectionPool;
let source: MssqlSource;
let tables = 0;

beforeAll(async () => {
  server = await startTestSqlServer();
  owner = await server.connect({ user: 'owner', password: passwords.owner });
  source = await openMssql(server);
});
afterEach(() => server.setFault(undefined));
afterAll(async () => {
  await source.close();
  await server.stop();
});

const run = (text: string) => owner.request().batch(text);

/** A table of its own, as `dbo.T1`. */
async function create(columns: string): Promise<string> {
  tables += 1;
  await run(`CREATE TABLE dbo.T${tables} (${columns})`);
  return `dbo.T${tables}`;
}

const lastCursor = (pages: readonly { readonly cursor?: string }[]) => pages.at(-1)?.cursor;

test('every type arrives without loss', async () => {
  const table =
    await create(`Id int PRIMARY KEY, Tiny tinyint, Small smallint, Big bigint, Flag bit, Rate float, Ratio real,
    Price decimal(28,8), Cost money, Change smallmoney, Name nvarchar(50), Fixed nchar(4), Notes nvarchar(max),
    Vin varchar(17), Doc xml, Modified datetime2(7), Made datetime2(3), Whole datetime2(0), Old datetime,
    Minute smalldatetime, Zoned datetimeoffset(7), Day date, Clock time(7), Guid uniqueidentifier, Bytes varbinary(max),
    Rv rowversion, [odd ]]name.of it] int`);
  await run(`INSERT INTO ${table} (Id, Tiny, Small, Big, Flag, Rate, Ratio, Price, Cost, Change, Name, Fixed, Notes, Vin,
      Doc, Modified, Made, Whole, Old, Minute, Zoned, Day, Clock, Guid, Bytes, [odd ]]name.of it])
    VALUES (1, 255, -32768, -9223372036854775808, 1, 0.1, 0.1, '-12345678901234567890.12345678', '-922337203685477.5808',
      '214748.3647', N'Žluťoučký 車 🚗', N'ab  ', N'', 'WVWZZZ1JZXW000001', N'<a b="1">ž</a>',
      '9999-12-31T23:59:59.9999999', '2024-05-06 07:08:09.987', '2024-05-06 07:08:09', '2024-05-06 07:08:09.123',
      '2024-05-06 07:08:00', '2024-05-06 00:08:09.1234567 +02:00', '0001-01-01', '23:59:59.9999999',
      '6f9619ff-8b86-d011-b42d-00c04fc964ff', 0xDEADBEEF00, 7)`);
  const [version] = (await run(`SELECT Rv FROM ${table}`)).recordset;
  const { pages } = await source.read(queryOf(table, { kind: 'full' }), 'all');
  expect(valuesOf(pages)).toEqual([
    {
      Id: 1,
      Tiny: 255,
      Small: -32_768,
      Big: '-9223372036854775808',
      Flag: true,
      Rate: 0.1,
      Ratio: 0.1,
      Price: '-12345678901234567890.12345678',
      Cost: '-922337203685477.5808',
      Change: '214748.3647',
      Name: 'Žluťoučký 車 🚗',
      Fixed: 'ab  ',
      Notes: '',
      Vin: 'WVWZZZ1JZXW000001',
      Doc: '<a b="1">ž</a>',
      Modified: '9999-12-31T23:59:59.9999999',
      Made: '2024-05-06T07:08:09.987',
      Whole: '2024-05-06T07:08:09',
      Old: '2024-05-06T07:08:09.123',
      Minute: '2024-05-06T07:08:00',
      Zoned: '2024-05-05T22:08:09.1234567Z',
      Day: '0001-01-01',
      Clock: '23:59:59.9999999',
      Guid: '6F9619FF-8B86-D011-B42D-00C04FC964FF',
      Bytes: '3q2+7wA=',
      Rv: version.Rv.toString('base64'),
      'odd ]name.of it': 7,
    },
  ]);
});

describe('a key of any type leads from page to page', () => {
  test.each([
    ['int', ['-2147483648', '-1', '0', '2147483647']],
    ['bigint', ['-9223372036854775808', '-1', '0', '9007199254740993', '9223372036854775807']],
    ['decimal(28,8)', ['-12345678901234567890.12345678', '-0.00000001', '0.00000001', '9.5', '12345678901234567890']],
    ['money', ['-1.0001', '-1', '0.0001', '922337203685477.5807']],
    ['uniqueidentifier', ['00000000-0000-0000-0000-000000000001', '6f9619ff-8b86-d011-b42d-00c04fc964ff']],
    ['nvarchar(30)', ['', 'a', 'b', "O'Brien", 'Žluťoučký', '車 🚗']],
    ['varchar(30)', ['A-1', 'b;--', 'c', "d'", 'é']],
    ['char(4)', ['abcd', 'abce', 'b']],
    ['date', ['0001-01-01', '2024-02-29', '9999-12-31']],
    ['datetime2(7)', ['2024-05-06T07:08:09.1234566', '2024-05-06T07:08:09.1234567', '2024-05-06T07:08:09.1234568']],
    ['datetime2(0)', ['2024-05-06T07:08:08', '2024-05-06T07:08:09', '2024-05-06T07:08:10']],
    ['datetime', ['2024-05-06T07:08:09.120', '2024-05-06T07:08:09.123', '2024-05-06T07:08:09.127']],
    ['datetimeoffset(7)', ['2024-05-06 09:08:09.1234567 +02:00', '2024-05-06 07:08:09.1234568 +00:00']],
    ['time(3)', ['00:00:00', '00:00:00.001', '23:59:59.999']],
  ])('%s', async (type, keys) => {
    const table = await create(`Code ${type} NOT NULL PRIMARY KEY, Id int`);
    for (const [index, key] of [...keys.entries()].reverse()) {
      await owner
        .request()
        .input('key', key)
        .input('id', index)
        .query(`INSERT INTO ${table} (Code, Id) VALUES (@key, @id)`);
    }
    const query = { ...queryOf(table, { kind: 'full' }, { key: ['Code'] }), columns: ['Id'] };
    const { pages } = await source.read(query, 'all', undefined, 1);
    expect(valuesOf(pages)).toEqual(keys.map((_, Id) => ({ Id })));
  });
});

describe('row versions', () => {
  const columns = 'Id int PRIMARY KEY, Name nvarchar(20), Rv rowversion';

  test('bring what was changed since, in the order of the changes, whatever the size of pages', async () => {
    const table = await create(columns);
    const query = { ...queryOf(table, { kind: 'rowversion' }), columns: ['Id', 'Name'] };
    await run(`INSERT INTO ${table} (Id, Name) VALUES (1, N'a'), (2, N'b'), (3, N'c')`);
    const first = await source.read(query, 'changes', undefined, 2);
    expect(first.read.isBackfill).toBe(true);
    expect(valuesOf(first.pages)).toHaveLength(3);
    await run(`UPDATE ${table} SET Name = N'z' WHERE Id = 2; UPDATE ${table} SET Name = N'y' WHERE Id = 1`);
    const second = await source.read(query, 'changes', lastCursor(first.pages), 1);
    expect(second.read.isBackfill).toBe(false);
    expect(valuesOf(second.pages)).toEqual([
      { Id: 2, Name: 'z' },
      { Id: 1, Name: 'y' },
    ]);
    const third = await source.read(query, 'changes', lastCursor(second.pages));
    expect(valuesOf(third.pages)).toEqual([]);
    expect(lastCursor(third.pages)).toBe(lastCursor(second.pages));
  });

  test('of a transaction that is open are left for the next read, and not skipped by it', async () => {
    const table = await create(columns);
    const query = { ...queryOf(table, { kind: 'rowversion', column: 'Rv' }), columns: ['Id'] };
    const first = await source.read(query, 'changes');
    const transaction = new sql.Transaction(owner);
    await transaction.begin();
    await new sql.Request(transaction).query(`INSERT INTO ${table} (Id) VALUES (1)`);
    const during = await source.read(query, 'changes', lastCursor(first.pages));
    expect(valuesOf(during.pages)).toEqual([]);
    await transaction.commit();
    const after = await source.read(query, 'changes', lastCursor(during.pages));
    expect(valuesOf(after.pages)).toEqual([{ Id: 1 }]);
  });

  test('what changes while pages are read comes with the next read, and nothing twice in one', async () => {
    const table = await create(columns);
    const query = { ...queryOf(table, { kind: 'rowversion' }), columns: ['Id', 'Name'] };
    const mark = lastCursor((await source.read(query, 'changes')).pages);
    await run(`INSERT INTO ${table} (Id, Name) VALUES (1, N'a'), (2, N'b'), (3, N'c')`);
    const read = await source.begin(query, 'changes', mark, signal);
    const page = await source.pull(query, read, undefined, 1, signal);
    await run(`UPDATE ${table} SET Name = N'later' WHERE Id = 2`);
    const rest = await source.pull(query, read, page.next, 5, signal);
    expect(valuesOf([page, rest])).toEqual([
      { Id: 1, Name: 'a' },
      { Id: 3, Name: 'c' },
    ]);
    expect(valuesOf((await source.read(query, 'changes', rest.cursor)).pages)).toEqual([{ Id: 2, Name: 'later' }]);
  });

  test('a read that was left off goes on where its pages reached', async () => {
    const table = await create(columns);
    const query = { ...queryOf(table, { kind: 'rowversion' }), columns: ['Id'] };
    const mark = lastCursor((await source.read(query, 'changes')).pages);
    await run(`INSERT INTO ${table} (Id) VALUES (1), (2), (3), (4)`);
    const read = await source.begin(query, 'changes', mark, signal);
    const page = await source.pull(query, read, undefined, 2, signal);
    expect(valuesOf((await source.read(query, 'changes', page.cursor)).pages)).toEqual([
      { Id: 2 },
      { Id: 3 },
      { Id: 4 },
    ]);
  });

  test('that went back, as after a restore, are read from the start', async () => {
    const table = await create(columns);
    await run(`INSERT INTO ${table} (Id) VALUES (1)`);
    const { read, pages } = await source.read(queryOf(table, { kind: 'rowversion' }), 'changes', '0x7FFFFFFFFFFFFFFF');
    expect(read.isBackfill).toBe(true);
    expect(read.notes?.join()).toMatch(/0x7FFFFFFFFFFFFFFF.*read again/);
    expect(valuesOf(pages)).toHaveLength(1);
    expect(lastCursor(pages)).toMatch(/^0x0{10}/);
  });

  test('need a column of that type', async () => {
    const table = await create('Id int PRIMARY KEY, Modified datetime2(7)');
    const begin = (column: string | undefined) =>
      source.begin(queryOf(table, { kind: 'rowversion', column }), 'changes', undefined, signal);
    await expect(begin(undefined)).rejects.toMatchObject({ code: 'CONFIG_ERROR', message: /has none/ });
    await expect(begin('Modified')).rejects.toMatchObject({ code: 'CONFIG_ERROR', message: /datetime2\(7\)/ });
  });
});

describe('change tracking', () => {
  beforeAll(() => run('ALTER DATABASE dms SET CHANGE_TRACKING = ON'));

  async function tracked(columns = 'Id int PRIMARY KEY, Name nvarchar(20)') {
    const table = await create(columns);
    await run(`ALTER TABLE ${table} ENABLE CHANGE_TRACKING`);
    return { table, query: queryOf(table, { kind: 'change_tracking' }) };
  }

  test('brings each changed row as it is now, and deletes', async () => {
    const { table, query } = await tracked();
    await run(`INSERT INTO ${table} (Id, Name) VALUES (1, N'a'), (2, N'b'), (3, N'c')`);
    const first = await source.read(query, 'changes', undefined, 2);
    expect(first.read.isBackfill).toBe(true);
    expect(valuesOf(first.pages)).toHaveLength(3);
    await run(`UPDATE ${table} SET Name = N'x' WHERE Id = 3; DELETE FROM ${table} WHERE Id = 1;
      UPDATE ${table} SET Id = 4 WHERE Id = 2; UPDATE ${table} SET Name = N'z' WHERE Id = 3`);
    for (const pageRows of [1, 2, 100]) {
      const second = await source.read(query, 'changes', lastCursor(first.pages), pageRows);
      expect(second.read.isBackfill).toBe(false);
      expect(valuesOf(second.pages)).toEqual([
        { Id: 1, _op: 'delete' },
        { Id: 2, _op: 'delete' },
        { Id: 4, Name: 'b' },
        { Id: 3, Name: 'z' },
      ]);
      expect(valuesOf((await source.read(query, 'changes', lastCursor(second.pages))).pages)).toEqual([]);
    }
  });

  test('what changes while everything is read for the first time comes with the next read', async () => {
    const { table, query } = await tracked();
    await run(`INSERT INTO ${table} (Id, Name) VALUES (1, N'a'), (2, N'b'), (3, N'c')`);
    const read = await source.begin(query, 'changes', undefined, signal);
    const page = await source.pull(query, read, undefined, 2, signal);
    await run(`UPDATE ${table} SET Name = N'later' WHERE Id = 1; DELETE FROM ${table} WHERE Id = 3`);
    const rest = await source.pull(query, read, page.next, 2, signal);
    expect(valuesOf((await source.read(query, 'changes', rest.cursor)).pages)).toEqual([
      { Id: 1, Name: 'later' },
      { Id: 3, _op: 'delete' },
    ]);
  });

  test('what changes while changes are read comes with the next read', async () => {
    const { table, query } = await tracked();
    const mark = lastCursor((await source.read(query, 'changes')).pages);
    await run(`INSERT INTO ${table} (Id, Name) VALUES (1, N'a'), (2, N'b'), (3, N'c')`);
    const read = await source.begin(query, 'changes', mark, signal);
    const page = await source.pull(query, read, undefined, 1, signal);
    await run(`DELETE FROM ${table} WHERE Id = 2`);
    const rest = await source.pull(query, read, page.next, 5, signal);
    expect(valuesOf([page, rest])).toEqual([
      { Id: 1, Name: 'a' },
      { Id: 3, Name: 'c' },
    ]);
    expect(valuesOf((await source.read(query, 'changes', rest.cursor)).pages)).toEqual([{ Id: 2, _op: 'delete' }]);
    // Whoever left off after the first page begins there.
    expect(valuesOf((await source.read(query, 'changes', page.cursor)).pages)).toEqual([
      { Id: 1, Name: 'a' },
      { Id: 3, Name: 'c' },
      { Id: 2, _op: 'delete' },
    ]);
  });

  test('works with keys of several columns, and says what a soft-deleted row is', async () => {
    const { table, query } = await tracked('Branch varchar(5), Id int, Gone bit, PRIMARY KEY (Branch, Id)');
    const settings = { table, key: ['Branch', 'Id'], soft_delete: { column: 'Gone' } };
    const composite = { ...query, settings };
    const mark = lastCursor((await source.read(composite, 'changes')).pages);
    await run(`INSERT INTO ${table} (Branch, Id, Gone) VALUES ('b', 1, 0), ('a', 2, 1), ('a', 1, 0); DELETE FROM ${table}
      WHERE Branch = 'b'`);
    const { pages } = await source.read(composite, 'changes', mark, 1);
    expect(valuesOf(pages)).toEqual([
      { Branch: 'a', Id: 2, Gone: true, _op: 'delete' },
      { Branch: 'a', Id: 1, Gone: false },
      { Branch: 'b', Id: 1, _op: 'delete' },
    ]);
  });

  test('leaves deletes to a sweep where records are known by other columns, and says so', async () => {
    const { table, query } = await tracked('Id int PRIMARY KEY, Code nvarchar(10)');
    await run(`INSERT INTO ${table} (Id, Code) VALUES (1, N'a'), (2, N'b'), (3, N'c')`);
    const byCode = { ...query, keyColumns: ['Code'] };
    const mark = lastCursor((await source.read(byCode, 'changes')).pages);
    await run(`DELETE FROM ${table} WHERE Id < 3; UPDATE ${table} SET Code = N'z' WHERE Id = 3`);
    const { pages } = await source.read(byCode, 'changes', mark);
    expect(valuesOf(pages)).toEqual([{ Id: 3, Code: 'z' }]);
    expect(pages.flatMap(({ notes }) => notes ?? [])).toEqual([
      expect.stringMatching(/^2 rows .*\(Id\).*\(Code\).*sweep/),
    ]);
  });

  test('that was forgotten, or went back as after a restore, is read from the start, with a note', async () => {
    const { table, query } = await tracked();
    const mark = lastCursor((await source.read(query, 'changes')).pages);
    await run(`INSERT INTO ${table} (Id, Name) VALUES (1, N'a')`);
    await run(`ALTER TABLE ${table} DISABLE CHANGE_TRACKING; ALTER TABLE ${table} ENABLE CHANGE_TRACKING`);
    for (const cursor of [mark, '9999999', 'no version']) {
      const { read, pages } = await source.read(query, 'changes', cursor);
      expect(read).toMatchObject({ isBackfill: true, notes: [expect.stringMatching(/everything is read again/)] });
      expect(valuesOf(pages)).toEqual([{ Id: 1, Name: 'a' }]);
    }
  });

  test('that is forgotten while it is read is not taken for complete', async () => {
    const { table, query } = await tracked();
    const mark = lastCursor((await source.read(query, 'changes')).pages);
    await run(`INSERT INTO ${table} (Id, Name) VALUES (1, N'a'), (2, N'b')`);
    const read = await source.begin(query, 'changes', mark, signal);
    const page = await source.pull(query, read, undefined, 1, signal);
    await run(`ALTER TABLE ${table} DISABLE CHANGE_TRACKING; ALTER TABLE ${table} ENABLE CHANGE_TRACKING`);
    await expect(source.pull(query, read, page.next, 1, signal)).rejects.toMatchObject({ disposition: 'retry' });
  });

  test('that is not enabled parks the source, and says what to do', async () => {
    const table = await create('Id int PRIMARY KEY');
    const begin = source.begin(queryOf(table, { kind: 'change_tracking' }), 'changes', undefined, signal);
    await expect(begin).rejects.toMatchObject({ code: 'CONFIG_ERROR', message: /ENABLE CHANGE_TRACKING/ });
  });
});

test('a query that an admin keeps is read like a table', async () => {
  const table = await create('Id int PRIMARY KEY, Name nvarchar(20), Modified datetime2(7)');
  await run(`INSERT INTO ${table} (Id, Name, Modified) VALUES (1, N'a', '2024-01-01'), (2, N'b', '2024-01-02T00:00:00.0000001'),
    (3, N'c', '2024-01-02T00:00:00.0000001')`);
  const queries = { parts: `SELECT Id, Name AS Part, Modified FROM ${table} WHERE Id > 1 -- no more` };
  const other = await openMssql(server, { queries });
  const query = {
    ...queryOf('', { kind: 'timestamp', column: 'Modified' }),
    settings: { query: 'parts', key: ['Id'] },
  };
  const { pages } = await other.read({ ...query, columns: ['Id', 'Part'] }, 'changes', undefined, 1);
  expect(valuesOf(pages)).toEqual([
    { Id: 2, Part: 'b' },
    { Id: 3, Part: 'c' },
  ]);
  const broken = await openMssql(server, { queries: { parts: 'SELECT Nope FROM dbo.Nope' } });
  await expect(broken.read(query, 'changes')).rejects.toMatchObject({ code: 'CONFIG_ERROR', message: /"parts".*Nope/ });
  await other.close();
  await broken.close();
});

test('a check finds what a person would want to know', async () => {
  const table = await create('Id int PRIMARY KEY, Modified datetime2(7), Made datetime2(7)');
  await run(
    `CREATE INDEX IX_Modified ON ${table} (Modified); INSERT INTO ${table} (Id, Modified) VALUES (1, '2024-01-01')`,
  );
  const check = async (column: string, where = source) => {
    const findings = await where.check([queryOf(table, { kind: 'timestamp', column })], signal);
    return Object.fromEntries(findings.map(({ name, level, detail }) => [name, `${level}: ${detail}`]));
  };
  expect(await check('Modified')).toMatchObject({
    version: expect.stringMatching(/^ok: SQL Server 16\./),
    isolation: expect.stringMatching(/^ok: .*snapshot/),
    privileges: expect.stringMatching(/^ok: .*nothing/),
    clock: expect.stringMatching(/^ok/),
    'cursor index': expect.stringMatching(/^ok/),
    key: expect.stringMatching(/^ok/),
    rows: expect.stringMatching(/About 1 rows/),
  });
  const own = async (kind: 'rowversion' | 'change_tracking') =>
    (await source.check([queryOf(table, { kind })], signal)).map(
      ({ name, level, detail }) => `${name} ${level} ${detail}`,
    );
  expect(await own('change_tracking')).toContainEqual(expect.stringMatching(/^cursor error .*ENABLE CHANGE_TRACKING/));
  expect(await own('rowversion')).toContainEqual(expect.stringMatching(/^cursor error .*has none/));
  await run(`ALTER TABLE ${table} ADD Rv rowversion`);
  expect(await own('rowversion')).toContainEqual(expect.stringMatching(/^cursor index warning .*Rv/));
  expect(await check('Made')).toMatchObject({
    'cursor index': expect.stringMatching(/^warning/),
    'NULL cursors': expect.stringMatching(/^warning: 1 /),
  });
  const secret = `Server=localhost,${server.port};Database=dms;User Id=owner;Password="${passwords.owner}"`;
  const writer = await openMssql(server, { secret });
  expect(await check('Modified', writer)).toMatchObject({ privileges: expect.stringMatching(/^warning: .*can write/) });
  await writer.close();
});

test('what can not work is said when a source is saved', () => {
  const faults = (kind: 'rowversion' | 'change_tracking' | 'timestamp', entity: object, settings = {}) => {
    const { cursor } = queryOf('dbo.T', { kind, column: 'Modified' });
    return mssql.faultsOf(settings, { settings: { key: ['Id'], ...entity }, cursor });
  };
  expect(faults('rowversion', { table: 'dbo.T' })).toEqual([]);
  expect(faults('timestamp', { table: 'dbo.T' }, { read_only_intent: true })).toEqual([]);
  expect(faults('timestamp', { query: 'parts' })).toEqual([expect.stringMatching(/no query "parts"/)]);
  expect(faults('change_tracking', { query: 'q' }, { queries: { q: 'SELECT 1 AS Id' } })).toEqual([
    expect.stringMatching(/needs a table/),
  ]);
  expect(faults('rowversion', { table: 'dbo.T' }, { read_only_intent: true })).toEqual([
    expect.stringMatching(/primary/),
  ]);
});
