import { createServer, type Server, connect as tcp } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection as Owner } from 'mysql2/promise';
import { keepAuthority } from '../../local/certificates/authority.ts';
import { toMysqlError } from '../../shared/connectors/sql/mysql/failures.ts';
import type { Session } from '../../shared/connectors/sql/session.ts';
import { describeWith } from '../helpers/describeWith.ts';
import { encryptedLength, greedyAnswers, helloWithoutTls } from '../helpers/fakeMysql.ts';
import { temporaryFolder } from '../helpers/host.ts';
import { hasMariadb, mariadbAdvice, startMariadb, type TestMariadb } from '../helpers/mariadb.ts';
import { type MysqlLogin, openMysqlSession } from '../helpers/mysqlSource.ts';
import { until } from '../helpers/poll.ts';

describeWith(hasMariadb ? undefined : mariadbAdvice, 'lines to a MySQL server', () => {
  const { signal } = new AbortController();
  const opened: { close(): Promise<void> }[] = [];
  let server: TestMariadb;
  let owner: Owner;
  let database: string;
  const reader = { user: 'reader', password: 'pä$$?w:0/rd#' };

  beforeAll(async () => {
    server = await startMariadb();
    database = await server.createDatabase();
    owner = await server.connect(database);
    await owner.query('CREATE TABLE parts (id INT PRIMARY KEY, name VARCHAR(50))');
    await owner.query("INSERT INTO parts VALUES (1, 'oil'), (2, 'tyre')");
    await owner.query(`CREATE OR REPLACE USER reader IDENTIFIED BY '${reader.password}'`);
    await owner.query(`GRANT SELECT, INSERT, FILE ON *.* TO reader`);
  });
  afterEach(async () => {
    for (const session of opened.splice(0)) await session.close();
  });
  afterAll(() => server?.stop());

  async function open(login: MysqlLogin = {}, settings: Parameters<typeof openMysqlSession>[2] = {}) {
    const session = await openMysqlSession(server, { ...reader, database, ...login }, settings);
    opened.push(session);
    return session;
  }

  async function listen(listener: Server) {
    const listening = await listenOn(listener);
    opened.push(listening);
    return listening;
  }

  const ask = async (session: Session, sql: string, ...values: string[]) =>
    (await session.query({ sql, values }, signal)).rows;

  /** How often statements of that kind run at the server, as anybody. */
  async function running(part: string): Promise<number> {
    const [rows] = await owner.query(
      'SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE INFO LIKE ? AND ID <> CONNECTION_ID()',
      [`%${part}%`],
    );
    return Number(JSON.parse(JSON.stringify(rows))[0].n);
  }

  async function failure(promise: Promise<unknown>) {
    return await promise.then(
      () => {
        throw new Error('It should have failed.');
      },
      (error: unknown) => toMysqlError(error),
    );
  }

  test('are the same whatever the server is set to: read-only, by committed data, in UTC, with limits', async () => {
    const globals = {
      autocommit: 0,
      sql_mode: `'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH,NO_ZERO_DATE,TRADITIONAL'`,
      tx_isolation: `'SERIALIZABLE'`,
      sql_auto_is_null: 1,
    };
    const [before] = await owner.query(
      'SELECT @@global.autocommit a, @@global.sql_mode m, @@global.tx_isolation i, @@global.sql_auto_is_null n',
    );
    const [was] = JSON.parse(JSON.stringify(before));
    for (const [name, value] of Object.entries(globals)) await owner.query(`SET GLOBAL ${name} = ${value}`);
    try {
      const session = await open({}, { lock_timeout_ms: 1_500, statement_timeout_ms: 62_500 });
      expect(
        await ask(
          session,
          `SELECT @@autocommit, @@sql_mode, @@tx_isolation, @@tx_read_only, @@time_zone, @@lock_wait_timeout,
             @@innodb_lock_wait_timeout, @@max_statement_time, @@character_set_results, @@sql_auto_is_null, "a", 'a\\'b'`,
        ),
      ).toEqual([['1', '', 'READ-COMMITTED', '1', '+00:00', '2', '2', 62.5, 'utf8mb4', '0', 'a', "a'b"]]);
    } finally {
      await owner.query('SET GLOBAL autocommit = ?, GLOBAL sql_mode = ?, GLOBAL tx_isolation = ?', [
        Number(was.a),
        was.m,
        was.i,
      ]);
      await owner.query('SET GLOBAL sql_auto_is_null = ?', [Number(was.n)]);
    }
  });

  test('see what was committed since the last statement', async () => {
    const session = await open({}, { connections: 1 });
    expect(await ask(session, 'SELECT COUNT(*) FROM parts')).toEqual([['2']]);
    await owner.query("INSERT INTO parts VALUES (3, 'late')");
    expect(await ask(session, 'SELECT COUNT(*) FROM parts')).toEqual([['3']]);
    await owner.query('DELETE FROM parts WHERE id = 3');
  });

  test('write nothing, even where the login may', async () => {
    const session = await open();
    expect(await failure(ask(session, "INSERT INTO parts VALUES (9, 'x')"))).toMatchObject({ disposition: 'park' });
    expect(await ask(session, 'SELECT COUNT(*) FROM parts WHERE id = 9')).toEqual([['0']]);
  });

  test('take one statement at a time, and no file of ours', async () => {
    const session = await open();
    expect(await failure(ask(session, 'SELECT 1; SELECT 2'))).toMatchObject({ code: 'CONFIG_ERROR' });
    const load = `LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE ${database}.parts`;
    expect(await failure(ask(session, load))).toMatchObject({ disposition: 'park' });
  });

  test('bring values as they were given, whatever is in them', async () => {
    const session = await open();
    const values = ["O'Neill", 'a\\', '"', '?', '\u0000\n\u001a', '🎉', '%', '` -- #'];
    const mark = '\u001f';
    const sql = `SELECT ${values.map((_, i) => `${mark}${i + 1}${mark}`).join(', ')}, '?', "?"`;
    expect(await ask(session, sql, ...values)).toEqual([[...values, '?', '?']]);
  });

  test('are at most two, and wait for one another', async () => {
    const session = await open();
    await owner.query("SELECT GET_LOCK('gate', 0)");
    const sql = "SELECT CONNECTION_ID(), GET_LOCK('gate', 60), RELEASE_LOCK('gate')";
    const asked = Promise.all(Array.from({ length: 6 }, () => ask(session, sql)));
    await until('two are busy', async () => (await running("GET_LOCK('gate'")) === 2);
    await owner.query("SELECT RELEASE_LOCK('gate')");
    expect(new Set((await asked).map(([row]) => row?.[0])).size).toBe(2);
  });

  test.each([1, 2])('stop at the server what is aborted, with %d of them', async (connections) => {
    const session = await open({}, { connections });
    const { signal: aborted, abort } = aborter();
    const asked = session.query({ sql: `SELECT /* stop${connections} */ SLEEP(30)`, values: [] }, aborted);
    await until('it runs', async () => (await running(`stop${connections}`)) === 1);
    abort();
    await expect(asked).rejects.toBe(aborted.reason);
    await until('it is gone', async () => (await running(`stop${connections}`)) === 0);
    expect(await ask(session, 'SELECT 1')).toEqual([[1]]);
  });

  test('throw the reason at once to who waits for one, or comes too late', async () => {
    const session = await open({}, { connections: 1 });
    const first = aborter();
    const slow = session.query({ sql: 'SELECT SLEEP(30)', values: [] }, first.signal);
    const second = aborter();
    const waiting = session.query({ sql: 'SELECT 1', values: [] }, second.signal);
    second.abort();
    await expect(waiting).rejects.toBe(second.signal.reason);
    await expect(session.query({ sql: 'SELECT 1', values: [] }, second.signal)).rejects.toBe(second.signal.reason);
    first.abort();
    await expect(slow).rejects.toBe(first.signal.reason);
    expect(await ask(session, 'SELECT 1')).toEqual([[1]]);
  });

  test('leave in the database what would take too much memory', async () => {
    const session = await open();
    const sql = `SELECT /* wide */ seq, REPEAT('x', 1000) FROM seq_1_to_100000`;
    const { rows, isCut } = await session.query({ sql, values: [] }, signal, 50_000);
    expect(isCut).toBe(true);
    await until('the server stops', async () => (await running('wide')) === 0);
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.length).toBeLessThan(50);
    expect(await session.query({ sql: `SELECT REPEAT('x', 1000)`, values: [] }, signal, 10)).toMatchObject({
      isCut: false,
      rows: [[expect.stringMatching(/^x{1000}$/)]],
    });
    expect(await session.query({ sql: `${sql} LIMIT 40`, values: [] }, signal, 50_000)).toMatchObject({ isCut: false });
  });

  describe('when something fails', () => {
    test('a statement that takes too long is stopped by the server', async () => {
      const session = await open({}, { statement_timeout_ms: 200 });
      // SLEEP() itself answers 1 when it is interrupted.
      const sql = 'SELECT /* too long */ COUNT(*) FROM seq_1_to_100000 a JOIN seq_1_to_100000 b ON a.seq * b.seq = -1';
      expect(await failure(ask(session, sql))).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
      await until('it is gone', async () => (await running('too long')) === 0);
    });

    test('a lock that is held by others is not waited for', async () => {
      const session = await open({}, { lock_timeout_ms: 1_000 });
      await owner.query('LOCK TABLES parts WRITE');
      try {
        expect(await failure(ask(session, 'SELECT * FROM parts'))).toMatchObject({ code: 'NETWORK_ERROR' });
      } finally {
        await owner.query('UNLOCK TABLES');
      }
      expect(await ask(session, 'SELECT COUNT(*) FROM parts')).toEqual([['2']]);
    });

    test('a line that the server ended is replaced', async () => {
      const session = await open({}, { connections: 1 });
      const [[id] = []] = await ask(session, 'SELECT CONNECTION_ID()');
      const asked = failure(ask(session, 'SELECT /* ended */ SLEEP(30)'));
      await until('it runs', async () => (await running('ended')) === 1);
      await owner.query(`KILL CONNECTION ${id}`);
      expect(await asked).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
      const [[next] = []] = await ask(session, 'SELECT CONNECTION_ID()');
      await owner.query(`KILL CONNECTION ${next}`);
      // An idle one ends without a word: either it is seen in time, or the statement fails as others do.
      await until('a new line is used', async () => {
        const answer = await ask(session, 'SELECT 1').catch((error: unknown) => toMysqlError(error));
        if (Array.isArray(answer)) return true;
        expect(answer).toMatchObject({ code: 'NETWORK_ERROR' });
        return false;
      });
    });

    test('a server that goes away and comes back is told as such', async () => {
      if (server.ca === undefined) return;
      const session = await open();
      await ask(session, 'SELECT 1');
      const other = await openMysqlSession(server, { ...reader, port: 1 });
      opened.push(other);
      expect(await failure(ask(other, 'SELECT 1'))).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    });

    test('a wrong password, and a login that is not let in', async () => {
      const wrong = await failure(ask(await open({ password: 'wr0ng-secret' }), 'SELECT 1'));
      expect(wrong).toMatchObject({ code: 'AUTH_FAILED', disposition: 'park' });
      expect(wrong.message).not.toContain('wr0ng');
      await owner.query(`CREATE OR REPLACE USER stranger@'10.9.8.7' IDENTIFIED BY 'x'`);
      const stranger = await failure(ask(await open({ user: 'stranger', password: 'x' }), 'SELECT 1'));
      expect(stranger).toMatchObject({ code: 'AUTH_FAILED' });
      await owner.query(`CREATE OR REPLACE USER locked IDENTIFIED BY 'x' ACCOUNT LOCK`);
      expect(await failure(ask(await open({ user: 'locked', password: 'x' }), 'SELECT 1'))).toMatchObject({
        code: 'AUTH_FAILED',
      });
    });

    test('no room for another connection', async () => {
      await owner.query(`CREATE OR REPLACE USER single IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 1`);
      const login = { user: 'single', password: 'x', database: '' };
      const first = await open(login);
      await ask(first, 'SELECT 1');
      const second = await failure(ask(await open(login), 'SELECT 1'));
      expect(second).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
    });

    test('a host that answers nothing is given up in time', async () => {
      const silent = await listen(createServer());
      const session = await open({ port: silent.port }, { connect_timeout_ms: 200 });
      expect(await failure(ask(session, 'SELECT 1'))).toMatchObject({ code: 'NETWORK_ERROR' });
    });
  });

  describe('are guarded', () => {
    test('by TLS, unless the connection string says otherwise', async () => {
      if (server.ca === undefined) return;
      const cipher = async (login: MysqlLogin) =>
        (await ask(await open(login), `SHOW STATUS LIKE 'Ssl_cipher'`))[0]?.[1];
      expect(await cipher({})).toMatch(/^TLS_/);
      expect(await cipher({ options: 'ssl-mode=REQUIRED' })).toMatch(/^TLS_/);
      expect(await cipher({ options: 'ssl-mode=DISABLED' })).toBe('');
    });

    test('by a certificate that somebody trusted vouches for, and that is the host’s', async () => {
      if (server.ca === undefined) return;
      const port = Number(new URL(server.url).port);
      const proxy = await listen(
        createServer((client) => {
          const upstream = tcp(port, '127.0.0.1');
          client.pipe(upstream).pipe(client);
          for (const socket of [client, upstream]) socket.on('error', () => client.destroy());
          upstream.on('close', () => client.destroy());
        }),
      );
      const other = { host: '127.0.0.2', port: proxy.port };
      const unsafe = { code: 'CONFIG_ERROR', disposition: 'park', message: expect.stringContaining('certificate') };
      // The certificate is for localhost and 127.0.0.1. The second try would be one that resumes the first one's session.
      for (const _ of [1, 2]) expect(await failure(ask(await open(other), 'SELECT 1'))).toMatchObject(unsafe);
      expect(await ask(await open({ ...other, options: 'ssl-mode=VERIFY_CA' }), 'SELECT 1')).toEqual([[1]]);
      expect(await ask(await open(other, { tls: { server_name: 'localhost' } }), 'SELECT 1')).toEqual([[1]]);
      expect(await ask(await open({ host: '127.0.0.1' }), 'SELECT 1')).toEqual([[1]]);
      const elsewhere = { tls: { server_name: 'db.example.com' } };
      expect(await failure(ask(await open({}, elsewhere), 'SELECT 1'))).toMatchObject(unsafe);
      const { certificate } = await keepAuthority(await temporaryFolder('authority'));
      const untrusted = { tls: { ca: certificate } };
      expect(await failure(ask(await open({}, untrusted), 'SELECT 1'))).toMatchObject(unsafe);
      expect(await failure(ask(await open({ options: 'ssl-mode=VERIFY_CA' }, untrusted), 'SELECT 1'))).toMatchObject(
        unsafe,
      );
    });

    test('against a server that offers no TLS: the login is not sent', async () => {
      const heard: Buffer[] = [];
      const plain = await listen(
        createServer((socket) => {
          socket.on('data', (chunk) => heard.push(chunk)).on('error', () => undefined);
          socket.write(helloWithoutTls());
        }),
      );
      const session = await open({ port: plain.port });
      const refused = await failure(ask(session, 'SELECT 1'));
      expect(refused).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
      expect(refused.message).toMatch(/no TLS/);
      expect(Buffer.concat(heard).toString('latin1')).not.toContain('reader');
      expect(Buffer.concat(heard).length).toBe(0);
    });

    test('in plain text against a key that anybody may have sent: the password is not', async () => {
      const heard: Buffer[] = [];
      const answers = greedyAnswers();
      const greedy = await listen(
        createServer((socket) => {
          let asked = 0;
          socket
            .on('error', () => undefined)
            .on('data', (chunk) => {
              heard.push(chunk);
              const answer = answers[asked++];
              if (answer !== undefined) socket.write(answer);
            });
          socket.write(helloWithoutTls());
        }),
      );
      const login = { port: greedy.port, options: 'ssl-mode=DISABLED' };
      expect(await failure(ask(await open(login), 'SELECT 1'))).toMatchObject({
        code: 'AUTH_FAILED',
        message: expect.stringContaining('allowPublicKeyRetrieval'),
      });
      // Names, scrambles and the wish for the key; nothing of 256 encrypted bytes.
      expect(Math.max(...heard.slice(1).map(({ length }) => length))).toBeLessThan(100);
      heard.length = 0;
      const trusting = { ...login, options: 'ssl-mode=DISABLED&allowPublicKeyRetrieval=true' };
      const asked = failure(ask(await open(trusting), 'SELECT 1'));
      await until('the password comes encrypted', () => heard.some(({ length }) => length === encryptedLength));
      await greedy.close();
      await asked;
    });
  });
});

function aborter() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Error('No longer wanted.')) };
}

async function listenOn(server: Server): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A listener has a port.');
  return {
    port: address.port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
