import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createConnectionPool } from '../../shared/connectionPool.ts';
import type { Connector, Tools } from '../../shared/connectors/connector.ts';
import type { PolledSource } from '../../shared/sync/poll/polledSource.ts';
import type { ConnectionPool } from '../../shared/sync/poll/reachSource.ts';
import { FakeDms, sourceOf } from '../helpers/pollWorld.ts';

const tools: Tools = {
  clock: () => 0,
  http: () => {
    throw new Error('Nobody asks for it.');
  },
  readRows: () => {
    throw new Error('Nobody asks for it.');
  },
  timeZone: () => {
    throw new Error('Nobody asks for it.');
  },
};
const secret = (version: string) => ({ value: `secret ${version}`, version });

let dms: FakeDms;
let source: PolledSource;
let failures: unknown[];
let pool: ConnectionPool;
beforeEach(() => {
  jest.useFakeTimers();
  dms = new FakeDms();
  source = sourceOf(dms);
  failures = [];
  pool = createConnectionPool({ tools, idleMs: 30_000, onFailure: (error) => void failures.push(error) });
});
afterEach(() => {
  jest.useRealTimers();
});

const use = (version = '1', from = source) => pool.use(from, secret(version), async () => 'used');
const settled = async () => {
  for (let n = 0; n < 10; n++) await Promise.resolve();
};

/** Work that lasts until it is released. */
function working(version = '1') {
  let release = () => {};
  const done = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { end: pool.use(source, secret(version), () => done), release: () => release() };
}

describe('a connection', () => {
  test('is opened once, and closed when nobody has worked with it for a while', async () => {
    await use();
    jest.advanceTimersByTime(29_000);
    await use();
    jest.advanceTimersByTime(29_000);
    await settled();
    expect([dms.opened.length, dms.closed]).toEqual([1, 0]);
    jest.advanceTimersByTime(1_000);
    await settled();
    expect(dms.closed).toBe(1);
    await use();
    expect(dms.opened).toHaveLength(2);
  });

  test('is not closed while somebody works with it', async () => {
    const work = working();
    await settled();
    jest.advanceTimersByTime(60_000);
    await settled();
    expect(dms.closed).toBe(0);
    work.release();
    await work.end;
  });

  test('of an old secret or configuration is closed once its work is done', async () => {
    const work = working('1');
    await settled();
    await use('2');
    await settled();
    expect([dms.opened, dms.closed]).toEqual([['secret 1', 'secret 2'], 0]);
    work.release();
    await work.end;
    await settled();
    expect(dms.closed).toBe(1);
    await use('2', { ...source, etag: '2' });
    await settled();
    expect([dms.opened.length, dms.closed]).toEqual([3, 2]);
  });

  test('that was dropped is not lent any more', async () => {
    await use();
    pool.drop(source);
    await settled();
    expect(dms.closed).toBe(1);
    await use();
    expect(dms.opened).toHaveLength(2);
  });

  test('that could not be opened is opened by the next one', async () => {
    let isBroken = true;
    const connector: Connector = {
      ...dms.connector,
      open: async (...given) => {
        if (isBroken) throw new Error('No driver.');
        return await dms.connector.open(...given);
      },
    };
    await expect(use('1', { ...source, connector })).rejects.toThrow('No driver.');
    isBroken = false;
    expect(await use('1', { ...source, connector })).toBe('used');
    expect(failures).toEqual([]);
  });

  test('that can not be closed is told of', async () => {
    const connector: Connector = {
      ...dms.connector,
      open: async (...given) => ({
        ...(await dms.connector.open(...given)),
        close: async () => {
          throw new Error('Still busy.');
        },
      }),
    };
    await use('1', { ...source, connector });
    pool.drop(source);
    await settled();
    expect(failures).toEqual([new Error('Still busy.')]);
  });

  test('of each source is its own; all are closed in the end', async () => {
    await use();
    await use('1', { ...source, sourceId: 'other' });
    expect(dms.opened).toHaveLength(2);
    jest.advanceTimersByTime(30_000);
    await settled();
    expect(dms.closed).toBe(2);
    expect(failures).toEqual([]);
  });
});
