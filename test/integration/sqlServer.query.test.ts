import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sql from 'mssql';
import { passwords, startTestSqlServer, type TestSqlServer } from '../helpers/sqlServer.ts';

let server: TestSqlServer;
let owner: sql.ConnectionPool;
let reader: sql.ConnectionPool;

beforeAll(async () => {
  server = await startTestSqlServer();
  owner = await server.connect({ user: 'owner', password: passwords.owner });
  reader = await server.connect();
  await owner.request().batch(`
    CREATE TABLE dbo.Veh (
      Id int NOT NULL PRIMARY KEY, Big bigint, Flag bit, Rate float, Price decimal(28,8), Whole numeric(18,0), Cost money,
      Name nvarchar(50), Notes nvarchar(max), Vin varchar(17), Doc xml, Modified datetime2(7), Zoned datetimeoffset(7),
      Made datetime2(3), Old datetime, Day date, Clock time(7), Guid uniqueidentifier, Bytes varbinary(max), Rv rowversion
    );
    CREATE INDEX IX_Veh_Modified ON dbo.Veh (Modified, Id);
    INSERT INTO dbo.Veh (Id, Big, Flag, Rate, Price, Whole, Cost, Name, Notes, Vin, Doc, Modified, Zoned, Made, Old, Day,
      Clock, Guid, Bytes) VALUES (1, 9223372036854775807, 1, 1.5, '12345678901234567890.12345678', 900719925474099312,
      '922337203685477.5807', N'Žluťoučký 車 🚗', NULL, 'WVWZZZ1JZXW000001', N'<a b="1">ž</a>',
      '2024-05-06T07:08:09.1234567', '2024-05-06 09:08:09.1234567 +02:00', '2024-05-06 07:08:09.987', '2024-05-06 07:08:09.123',
      '2024-02-29', '23:59:59.9999999', '6f9619ff-8b86-d011-b42d-00c04fc964ff', 0xDEADBEEF);
    INSERT INTO dbo.Veh (Id) VALUES (2)`);
});
afterAll(() => server.stop());

const rowsOf = async (text: string, pool = reader) => (await pool.request().query(text)).recordset;

async function failureOf(text: string, pool = reader): Promise<sql.RequestError> {
  try {
    await pool.request().query(text);
  } catch (error) {
    if (error instanceof sql.RequestError) return error;
    throw error;
  }
  throw new Error('It was taken.');
}

describe('types', () => {
  // Which loses digits of decimals and money, and of times: hence the next test.
  test('arrive as the driver shows them', async () => {
    const [row, empty] = await rowsOf('SELECT * FROM [dbo].[Veh] ORDER BY [Id]');
    expect({ ...row, Modified: row.Modified.toISOString() }).toEqual({
      Id: 1,
      Big: '9223372036854775807',
      Flag: true,
      Rate: 1.5,
      Price: Number('12345678901234570000'),
      Whole: Number('900719925474099312'),
      Cost: Number('922337203685477.5807'),
      Name: 'Žluťoučký 車 🚗',
      Notes: null,
      Vin: 'WVWZZZ1JZXW000001',
      Doc: '<a b="1">ž</a>',
      Modified: '2024-05-06T07:08:09.123Z',
      Zoned: new Date('2024-05-06T07:08:09.123Z'),
      Made: new Date('2024-05-06T07:08:09.987Z'),
      Old: new Date('2024-05-06T07:08:09.123Z'),
      Day: new Date('2024-02-29T00:00:00Z'),
      Clock: new Date('1970-01-01T23:59:59.999Z'),
      Guid: '6F9619FF-8B86-D011-B42D-00C04FC964FF',
      Bytes: Buffer.from('deadbeef', 'hex'),
      Rv: Buffer.from('00000000000007d1', 'hex'),
    });
    expect(row.Modified.nanosecondsDelta).toBeCloseTo(0.0004567, 10);
    const { Id: _, Rv: __, ...nulls } = empty;
    expect(new Set(Object.values(nulls))).toEqual(new Set([null]));
  });

  test('lose nothing as text made by the database', async () => {
    const [row] = await rowsOf(`SELECT CONVERT(varchar(33), Modified, 126) AS modified,
      CONVERT(varchar(33), Zoned, 126) AS zoned, CONVERT(varchar(33), Made, 126) AS made,
      CONVERT(varchar(33), Old, 126) AS old, CONVERT(varchar(40), Price) AS price, CONVERT(varchar(40), Cost, 2) AS cost,
      CAST(Big AS varchar(20)) AS big, CONVERT(varchar(40), Rate, 3) AS rate, CONVERT(varchar(18), Rv, 1) AS rv,
      CONVERT(varchar(10), Day, 126) AS day, CONVERT(varchar(16), Clock, 126) AS clock FROM dbo.Veh WHERE Id = 1`);
    expect(row).toEqual({
      modified: '2024-05-06T07:08:09.1234567',
      zoned: '2024-05-06T09:08:09.1234567+02:00',
      made: '2024-05-06T07:08:09.987',
      old: '2024-05-06T07:08:09.123',
      price: '12345678901234567890.12345678',
      cost: '922337203685477.5807',
      big: '9223372036854775807',
      rate: '1.5000000000000000e+0',
      rv: '0x00000000000007D1',
      day: '2024-02-29',
      clock: '23:59:59.9999999',
    });
  });

  test('of parameters arrive at the server', async () => {
    const time = new Date('2024-01-02T03:04:05.678Z');
    const request = reader
      .request()
      .input('int', sql.Int, -5)
      .input('tiny', sql.TinyInt, 255)
      .input('big', sql.BigInt, '9007199254740993')
      .input('float', sql.Float, 1.25)
      .input('bit', sql.Bit, true)
      .input('text', sql.NVarChar(50), "O'Brien 車")
      .input('long', sql.NVarChar(sql.MAX), 'y'.repeat(50_000))
      .input('plain', sql.VarChar(20), 'plain')
      .input('bytes', sql.VarBinary(8), Buffer.from('0102', 'hex'))
      .input('time', sql.DateTime2(7), time)
      .input('zoned', sql.DateTimeOffset(7), time)
      .input('day', sql.Date, new Date('2024-02-29'))
      .input('guid', sql.UniqueIdentifier, '6f9619ff-8b86-d011-b42d-00c04fc964ff')
      .input('exact', sql.Decimal(18, 4), -12.5)
      .input('money', sql.Money, -3.25)
      .input('none', sql.Int, null);
    const { recordset } =
      await request.query(`SELECT @int AS i, @tiny AS tiny, CAST(@big AS bigint) AS big, @float AS f,
      CAST(@bit AS bit) AS bit, @text AS t, LEN(@long) AS length, @plain AS plain, @bytes AS bytes,
      CAST(@time AS datetime2(7)) AS time, CAST(@zoned AS datetimeoffset(7)) AS zoned, CAST(@day AS date) AS day,
      @guid AS guid, CAST(@exact AS decimal(18,4)) AS exact, CONVERT(money, @money) AS money, @none AS none`);
    expect(recordset).toEqual([
      {
        i: -5,
        tiny: 255,
        big: '9007199254740993',
        f: 1.25,
        bit: true,
        t: "O'Brien 車",
        length: 50_000,
        plain: 'plain',
        bytes: Buffer.from('0102', 'hex'),
        time,
        zoned: time,
        day: new Date('2024-02-29'),
        guid: '6F9619FF-8B86-D011-B42D-00C04FC964FF',
        exact: -12.5,
        money: -3.25,
        none: null,
      },
    ]);
  });
});

describe('a poller reads', () => {
  beforeAll(async () => {
    await owner.request().batch(`CREATE TABLE dbo.[Stock ]]x] (
      Id int NOT NULL, Branch nvarchar(10) NOT NULL, Modified datetime2(7), CONSTRAINT PK PRIMARY KEY (Branch, Id))`);
    for (let id = 1; id <= 25; id += 1) {
      const insert = owner
        .request()
        .input('id', id)
        .input('at', `2024-01-01T00:00:0${Math.ceil(id / 10)}.0000001`);
      await insert.query("INSERT INTO dbo.[Stock ]]x] (Id, Branch, Modified) VALUES (@id, N'b', @at)");
    }
  });

  test('pages of equal cursor values, by text made by the database, behind settings of its session', async () => {
    const seen: number[] = [];
    let at = '0001-01-01T00:00:00.0000000';
    let id = 0;
    for (;;) {
      const request = reader.request().input('c', sql.VarChar(33), at).input('id', sql.Int, id);
      const { recordset } = await request.query(`SET LOCK_TIMEOUT 5000 SET DEADLOCK_PRIORITY LOW;
        SET TRANSACTION ISOLATION LEVEL READ COMMITTED
        SELECT TOP (4) s.[Id], CONVERT(varchar(33), s.[Modified], 126) AS [c] FROM [dbo].[Stock ]]x] AS s WITH (READCOMMITTED)
        WHERE s.[Modified] >= CONVERT(datetime2(7), @c, 126)
          AND (s.[Modified] > CONVERT(datetime2(7), @c, 126) OR s.[Id] > @id)
        ORDER BY s.[Modified], s.[Id] OPTION (RECOMPILE)`);
      if (recordset.length === 0) break;
      seen.push(...recordset.map(({ Id }) => Id));
      ({ c: at, Id: id } = recordset.at(-1));
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => index + 1));
  });

  test('by values in whatever form they are written', async () => {
    const request = reader
      .request()
      .input('t', sql.VarChar(40), '2024-05-06 07:08:09.1234567')
      .input('day', sql.DateTime2(7), new Date('2024-02-29T00:00:00Z'))
      .input('price', sql.VarChar(40), '12345678901234567890.123456780');
    const conditions = [
      'Modified = @t',
      "Modified > '2024-05-06 07:08'",
      "v.Modified BETWEEN '2024-05-06' AND @t",
      'Day = @day',
      "Guid = '6F9619FF-8b86-D011-B42D-00C04FC964FF'",
      'Price = @price',
      "Zoned = '2024-05-06T09:08:09.1234567+02:00'",
    ];
    for (const condition of conditions) {
      const { recordset } = await request.query(`SELECT Id FROM dbo.Veh AS v WHERE ${condition}`);
      expect([condition, recordset]).toEqual([condition, [{ Id: 1 }]]);
    }
  });

  test('TOP by parameter, OFFSET and FETCH, aggregates, subqueries and several results', async () => {
    const request = reader.request().input('n', sql.Int, 2).input('skip', sql.Int, 23);
    const { recordsets } = await request.query(`SELECT TOP (@n) Id FROM [Stock ]]x] ORDER BY Id DESC;
      SELECT Id FROM dbo.[Stock ]]x] ORDER BY Id OFFSET @skip ROWS FETCH NEXT 5 ROWS ONLY;
      SELECT COUNT(*) AS n, COUNT_BIG(*) AS big, MAX(Modified) AS last,
        (SELECT TOP 1 Id FROM dbo.Veh ORDER BY Id) AS first FROM dbo.[Stock ]]x] s WHERE s.Id IN (SELECT Id FROM dbo.Veh)`);
    expect(recordsets).toEqual([
      [{ Id: 25 }, { Id: 24 }],
      [{ Id: 24 }, { Id: 25 }],
      [{ n: 2, big: '2', last: new Date('2024-01-01T00:00:01Z'), first: 1 }],
    ]);
  });

  test('by exact numbers and by times with an offset, as they are worth', async () => {
    await owner.request().batch(`CREATE TABLE dbo.Worth (Id int PRIMARY KEY, Price decimal(28,8), At datetimeoffset(7));
      INSERT INTO dbo.Worth (Id, Price, At) VALUES (1, '-10.5', '2024-05-06 09:00:00 +02:00'), (2, '9.00000001',
        '2024-05-06 07:00:00 +00:00'), (3, '100', '2024-05-06 06:59:59.9999999 -01:00'), (4, '-2', '2024-05-06 06:00:00 +00:00')`);
    const ids = async (rest: string) => (await rowsOf(`SELECT Id FROM dbo.Worth ${rest}`)).map(({ Id }) => Id);
    expect(await ids('ORDER BY Price')).toEqual([1, 4, 2, 3]);
    expect(await ids("WHERE Price >= CONVERT(decimal(28,8), '9.00000001') ORDER BY Price DESC")).toEqual([3, 2]);
    expect(await ids("WHERE At > '2024-05-06 07:00:00 +00:00' ORDER BY At")).toEqual([3]);
    const from = "CONVERT(datetime2(7), LEFT(REPLACE('2024-05-06T07:00:00.00000009Z', 'Z', ''), 27), 126)";
    expect(await ids(`WHERE At = TODATETIMEOFFSET(${from}, '+00:00') ORDER BY At, Id`)).toEqual([1, 2]);
    const [row] =
      await rowsOf(`SELECT CONVERT(varchar(33), CONVERT(datetime2(7), SWITCHOFFSET(At, '+00:00')), 126) + 'Z'
      AS utc FROM dbo.Worth WHERE Id = 1`);
    expect(row).toEqual({ utc: '2024-05-06T07:00:00.0000000Z' });
  });

  test('what has changed since a version, also rows that are gone, until it is forgotten', async () => {
    await owner.request().batch(`CREATE TABLE dbo.Tracked (Id int PRIMARY KEY, Name nvarchar(10));
      INSERT INTO dbo.Tracked (Id, Name) VALUES (1, N'a'), (2, N'b'), (3, N'c');
      ALTER DATABASE dms SET CHANGE_TRACKING = ON (CHANGE_RETENTION = 2 DAYS, AUTO_CLEANUP = ON);
      ALTER TABLE dbo.Tracked ENABLE CHANGE_TRACKING`);
    await owner.request().batch(`UPDATE dbo.Tracked SET Name = N'z' WHERE Id = 2; DELETE FROM dbo.Tracked WHERE Id = 1;
      UPDATE dbo.Tracked SET Id = 4 WHERE Id = 3; UPDATE dbo.Tracked SET Name = N'y' WHERE Id = 2`);
    const changes = `SELECT c.Id, c.SYS_CHANGE_OPERATION AS op, t.Name AS name
      FROM CHANGETABLE(CHANGES dbo.Tracked, 0) AS c LEFT JOIN dbo.Tracked AS t ON t.Id = c.Id ORDER BY c.SYS_CHANGE_VERSION, c.Id`;
    expect(await rowsOf(changes)).toEqual([
      { Id: 1, op: 'D', name: null },
      { Id: 3, op: 'D', name: null },
      { Id: 4, op: 'U', name: 'c' },
      { Id: 2, op: 'U', name: 'y' },
    ]);
    const versions = `SELECT CHANGE_TRACKING_CURRENT_VERSION() AS now,
      CHANGE_TRACKING_MIN_VALID_VERSION(OBJECT_ID(N'[dbo].[Tracked]')) AS oldest`;
    expect(await rowsOf(versions)).toEqual([{ now: '4', oldest: '0' }]);
    await owner.request().batch(`ALTER TABLE dbo.Tracked DISABLE CHANGE_TRACKING;
      ALTER TABLE dbo.Tracked ENABLE CHANGE_TRACKING`);
    expect(await rowsOf(versions)).toEqual([{ now: '4', oldest: '4' }]);
    expect(await rowsOf(changes)).toEqual([]);
    await owner.request().batch('ALTER DATABASE dms SET CHANGE_TRACKING = OFF');
    expect((await rowsOf(versions))[0].now).toBeNull();
  });

  test('what a query would answer', async () => {
    const describe = `SELECT name, system_type_name AS type, error_message AS error
      FROM sys.dm_exec_describe_first_result_set(@query, NULL, 0) ORDER BY column_ordinal`;
    const ask = async (query: string) => (await reader.request().input('query', query).query(describe)).recordset;
    expect(await ask('SELECT * FROM (SELECT Id, Price AS Worth, Name FROM dbo.Veh) AS [q]')).toEqual([
      { name: 'Id', type: 'int', error: null },
      { name: 'Worth', type: 'decimal(28,8)', error: null },
      { name: 'Name', type: 'nvarchar(50)', error: null },
    ]);
    expect(await ask('SELECT Nope FROM dbo.Veh')).toEqual([
      { name: null, type: null, error: "Invalid column name 'Nope'." },
    ]);
  });

  test('the clock, in UTC and as a time', async () => {
    const before = Date.now();
    const [row] = await rowsOf(`SELECT SYSUTCDATETIME() AS now, CONVERT(varchar(33), SYSUTCDATETIME(), 126) AS text,
      DATEADD(second, -300, SYSUTCDATETIME()) AS before,
      DATEDIFF(second, DATEADD(minute, -5, SYSUTCDATETIME()), SYSUTCDATETIME()) AS seconds`);
    expect(row.now.getTime()).toBeGreaterThanOrEqual(before);
    expect(row.now.getTime()).toBeLessThanOrEqual(Date.now());
    expect(row.text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}$/);
    expect(Math.round((row.now - row.before) / 1000)).toBe(300);
    expect([300, 301]).toContain(row.seconds);
  });

  test('row versions, up to those that are not committed yet', async () => {
    const [before] = await rowsOf('SELECT CONVERT(varchar(18), MIN_ACTIVE_ROWVERSION(), 1) AS low');
    const transaction = new sql.Transaction(owner);
    await transaction.begin();
    await new sql.Request(transaction).query('UPDATE dbo.Veh SET Flag = 0 WHERE Id = 2');
    const low = reader.request().input('low', sql.VarChar(18), before.low);
    const open = await low.query('SELECT Id FROM dbo.Veh WHERE Rv >= CONVERT(binary(8), @low, 1)');
    expect(open.recordset).toEqual([]);
    expect(await rowsOf('SELECT CONVERT(varchar(18), MIN_ACTIVE_ROWVERSION(), 1) AS low')).toEqual([before]);
    await transaction.commit();
    const done = await low.query('SELECT Id FROM dbo.Veh WHERE Rv >= CONVERT(binary(8), @low, 1)');
    expect(done.recordset).toEqual([{ Id: 2 }]);
  });

  test('by prepared statements', async () => {
    const prepared = new sql.PreparedStatement(reader);
    prepared.input('id', sql.Int);
    await prepared.prepare('SELECT Vin FROM dbo.Veh WHERE Id = @id');
    expect((await prepared.execute({ id: 1 })).recordset).toEqual([{ Vin: 'WVWZZZ1JZXW000001' }]);
    expect((await prepared.execute({ id: 2 })).recordset).toEqual([{ Vin: null }]);
    await prepared.unprepare();
  });
});

describe('the catalogue tells', () => {
  test('columns with their types, the key and the indexes', async () => {
    const columns = await rowsOf(`SELECT c.name, t.name AS type, c.max_length, c.precision, c.scale, c.is_nullable
      FROM sys.columns AS c JOIN sys.types AS t ON t.user_type_id = c.user_type_id
      WHERE c.object_id = OBJECT_ID(N'dbo.Veh') AND c.name IN ('Id', 'Price', 'Name', 'Notes', 'Modified', 'Rv')
      ORDER BY c.column_id`);
    expect(columns).toEqual([
      { name: 'Id', type: 'int', max_length: 4, precision: 0, scale: 0, is_nullable: 0 },
      { name: 'Price', type: 'decimal', max_length: 8, precision: 28, scale: 8, is_nullable: 1 },
      { name: 'Name', type: 'nvarchar', max_length: 100, precision: 0, scale: 0, is_nullable: 1 },
      { name: 'Notes', type: 'nvarchar', max_length: -1, precision: 0, scale: 0, is_nullable: 1 },
      { name: 'Modified', type: 'datetime2', max_length: 8, precision: 0, scale: 7, is_nullable: 1 },
      { name: 'Rv', type: 'timestamp', max_length: 8, precision: 0, scale: 0, is_nullable: 0 },
    ]);
    const indexes = await rowsOf(`SELECT i.is_primary_key, ic.key_ordinal, c.name FROM sys.indexes i
      JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
      JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id
      WHERE i.object_id = OBJECT_ID('[dbo].[Veh]') ORDER BY i.index_id, ic.key_ordinal`);
    expect(indexes).toEqual([
      { is_primary_key: 1, key_ordinal: 1, name: 'Id' },
      { is_primary_key: 0, key_ordinal: 1, name: 'Modified' },
      { is_primary_key: 0, key_ordinal: 2, name: 'Id' },
    ]);
  });

  test('tables with their schemas, an estimate of rows, the version and permissions', async () => {
    const tables = await rowsOf(`SELECT s.name AS s, t.name AS t, p.rows FROM sys.tables t
      JOIN sys.schemas s ON s.schema_id = t.schema_id JOIN sys.partitions p ON p.object_id = t.object_id ORDER BY t.name`);
    expect(tables).toEqual(expect.arrayContaining([{ s: 'dbo', t: 'Veh', rows: 2 }]));
    const ask = `SELECT @@VERSION AS version, DB_NAME() AS name, OBJECT_ID('dbo.Nope') AS nope,
      HAS_PERMS_BY_NAME('dbo.Veh', 'OBJECT', 'SELECT') AS may_read, HAS_PERMS_BY_NAME('dbo.Veh', 'OBJECT', 'UPDATE') AS may_write`;
    expect(await rowsOf(ask)).toEqual([
      { version: expect.stringMatching(/SQL Server 2022/), name: 'dms', nope: null, may_read: 1, may_write: 0 },
    ]);
    expect((await rowsOf(ask, owner))[0].may_write).toBe(1);
  });

  test('what was altered', async () => {
    await owner.request().batch('CREATE TABLE dbo.Drifting (Id int PRIMARY KEY, Old int, Price decimal(10,2))');
    await owner.request().query("INSERT INTO dbo.Drifting (Id, Old, Price) VALUES (1, 2, '3.456')");
    await owner.request().query('ALTER TABLE dbo.Drifting DROP COLUMN Old; ALTER TABLE dbo.Drifting ADD Fresh bit');
    expect(await rowsOf('SELECT * FROM dbo.Drifting')).toEqual([{ Id: 1, Price: 3.46, Fresh: null }]);
    expect((await failureOf('SELECT [Old] FROM dbo.Drifting')).number).toBe(207);
    await owner.request().query('DROP TABLE dbo.Drifting');
    expect((await failureOf('SELECT * FROM dbo.Drifting')).number).toBe(208);
  });
});

describe('transactions', () => {
  test('roll back what they wrote, and are seen by others only when they are committed', async () => {
    const transaction = new sql.Transaction(owner);
    await transaction.begin();
    await new sql.Request(transaction).query('INSERT INTO dbo.Veh (Id) VALUES (99)');
    expect(await rowsOf('SELECT COUNT(*) AS n FROM dbo.Veh')).toEqual([{ n: 2 }]);
    await transaction.rollback();
    expect(await rowsOf('SELECT COUNT(*) AS n FROM dbo.Veh', owner)).toEqual([{ n: 2 }]);
  });

  test('wait for one another, as long as the session says', async () => {
    const transaction = new sql.Transaction(owner);
    await transaction.begin();
    const locked = 'UPDATE dbo.Veh SET Flag = 1 WHERE Id = 2';
    expect((await failureOf(`SET LOCK_TIMEOUT 50; ${locked}`, owner)).number).toBe(1222);
    const waiting = owner.request().query(`SET LOCK_TIMEOUT 10000; ${locked}`);
    await transaction.commit();
    expect((await waiting).rowsAffected).toEqual([1]);
  });
});

describe('what can not be done is refused loudly', () => {
  test.each([
    ['a write of who may only read', 'DELETE FROM dbo.Veh', 229],
    ['a table of who may only read', 'CREATE TABLE dbo.Mine (Id int)', 229],
    ['a table that is not there', 'SELECT 1 AS one FROM dbo.Nope', 208],
    ['a column that is not there', 'SELECT [Nope] FROM dbo.Veh', 207],
    ['a parameter that was not sent', 'SELECT @nope AS nope', 137],
    ['broken syntax', "SELECT 'open FROM dbo.Veh", 102],
    ['a variable', 'DECLARE @x int', 229],
    ['changes of a table that is not tracked', 'SELECT * FROM CHANGETABLE(CHANGES dbo.Veh, 0) AS c', 22_105],
    ['a function that is read like a table', 'SELECT * FROM sys.fn_helpcollations() AS c', 50_000],
    ['a time as text in a style that loses digits', 'SELECT CONVERT(varchar(33), Modified) AS m FROM dbo.Veh', 50_000],
    ['a setting that would matter', 'SET ROWCOUNT 5', 50_000],
    ['a sum of exact numbers', 'SELECT Price + 1 AS more FROM dbo.Veh', 50_000],
    ['the greatest exact number', 'SELECT MAX(Price) AS most FROM dbo.Veh', 50_000],
    ['a number that does not fit', 'SELECT CAST(300 AS tinyint) AS n', 8_115],
    ['a time that is none', "SELECT CAST('2024-02-30x' AS datetime2(7)) AS t", 241],
  ])('%s', async (_, text, number) => {
    expect((await failureOf(text)).number).toBe(number);
    expect(await rowsOf('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
