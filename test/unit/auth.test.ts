import { createHash, randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Authenticator, createAuthenticator } from '../../shared/auth/authenticate.ts';
import { callerOf } from '../../shared/auth/caller.ts';
import { type Keys, keysIn } from '../../shared/auth/keys.ts';
import { hashOfKey, keyIdOf, newKeyText } from '../../shared/auth/keyText.ts';
import { isScope } from '../../shared/auth/scopes.ts';
import { type TestClock, testClock } from '../helpers/clock.ts';
import { memoryLog } from '../helpers/memoryLog.ts';
import { type MemoryTables, memoryTables } from '../helpers/memoryTable.ts';
import { until } from '../helpers/poll.ts';

const minute = 60_000;
const adminKey = newKeyText(randomBytes).text;

let tables: MemoryTables;
let clock: TestClock;
let keys: Keys;
let authenticator: Authenticator;
let lines: string[];

beforeEach(() => {
  tables = memoryTables();
  clock = testClock();
  keys = keysIn(tables.open, { clock, random: randomBytes });
  const kept = memoryLog();
  lines = kept.lines;
  authenticator = createAuthenticator({ keys, adminKeyHash: hashOfKey(adminKey), clock, log: kept.log });
});

const shown = (key: string) => new Headers({ 'x-api-key': key });
const refusal = { code: 'AUTH_FAILED', message: expect.stringContaining('not valid') };

describe('the text of a key', () => {
  test('has a public id and a secret in base62', () => {
    const { id, text } = newKeyText(randomBytes);
    expect(text).toMatch(/^adp_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}$/);
    expect(keyIdOf(text)).toBe(id);
  });

  test('keeps all 256 bits of its secret', () => {
    const secretOf = (bytes: Uint8Array) => newKeyText((size) => (size === 32 ? bytes : new Uint8Array(size))).text;
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        fc.pre(Buffer.compare(a, b) !== 0);
        return secretOf(a) !== secretOf(b);
      }),
    );
    const last = new Uint8Array(32);
    const first = new Uint8Array(32);
    last[31] = 1;
    first[0] = 128;
    expect(new Set([new Uint8Array(32), last, first, new Uint8Array(32).fill(255)].map(secretOf)).size).toBe(4);
  });

  test.each(['', 'adp_', `adp_${'a'.repeat(12)}_${'b'.repeat(42)}`, `x${adminKey}`, `${adminKey}\n`])(
    'is not %j',
    (text) => {
      expect(keyIdOf(text)).toBeUndefined();
    },
  );
});

describe('scopes', () => {
  test.each(['admin', 'ingest:acme', 'read:a1_b-c'])('%s is one', (text) => expect(isScope(text)).toBe(true));
  test.each(['', 'Admin', 'ingest', 'ingest:', 'read:A', 'write:acme', 'read:acme ', 'read:acme:x', 'ingest:*'])(
    '%j is none',
    (text) => expect(isScope(text)).toBe(false),
  );

  test('cover their own dealer and their own verb', () => {
    const caller = callerOf('k', ['ingest:acme']);
    expect(caller.may('ingest', 'acme')).toBe(true);
    expect(caller.may('read', 'acme')).toBe(false);
    expect(caller.may('ingest', 'acme2')).toBe(false);
    expect(caller.isAdmin).toBe(false);
  });

  test('admin covers everything', () => expect(callerOf('k', ['admin']).may('ingest', 'anyone')).toBe(true));
});

describe('keys', () => {
  test('are kept by their SHA-256 alone', async () => {
    const { key, id } = await keys.create({ name: 'DMS', scopes: ['ingest:acme'] });
    const secret = key.split('_')[2] ?? '';
    expect(tables.texts().filter((text) => text.includes(secret))).toEqual([]);
    expect((await keys.find(id))?.hash).toBe(createHash('sha256').update(key).digest('hex'));
  });

  test('are listed without hash and secret', async () => {
    await keys.create({ name: 'DMS', scopes: ['ingest:acme'] });
    const listed = [];
    for await (const key of keys.list({})) listed.push(Object.keys(key));
    expect(listed).toEqual([['id', 'name', 'scopes', 'created_at']]);
  });

  test('need scopes that exist and an expiry to come', async () => {
    await expect(keys.create({ name: 'k', scopes: ['write:acme'] })).rejects.toMatchObject({ code: 'DATA_ERROR' });
    const expired = { name: 'k', scopes: ['admin'], expires_at: '2026-01-31T11:59:59Z' };
    await expect(keys.create(expired)).rejects.toMatchObject({ code: 'DATA_ERROR' });
  });

  test('forget a dealer that is gone, so that the next one of its name has none', async () => {
    const only = await keys.create({ name: 'only', scopes: ['ingest:acme', 'read:acme'] });
    const both = await keys.create({ name: 'both', scopes: ['read:acme', 'read:acme2'] });
    const admin = await keys.create({ name: 'admin', scopes: ['admin'] });
    await keys.dropDealer('acme');
    expect(await keys.find(only.id)).toBeUndefined();
    expect((await keys.find(both.id))?.scopes).toEqual(['read:acme2']);
    expect((await keys.find(admin.id))?.scopes).toEqual(['admin']);
  });
  test('that were never there are not deleted', async () => {
    const { id } = await keys.create({ name: 'k', scopes: ['admin'] });
    expect(await keys.remove(id)).toBe(true);
    expect(await keys.remove(id)).toBe(false);
  });
});

describe('who is calling', () => {
  test('is told by x-api-key or by a bearer token', async () => {
    const { key, id } = await keys.create({ name: 'DMS', scopes: ['ingest:acme'] });
    for (const headers of [
      shown(key),
      new Headers({ authorization: `Bearer ${key}` }),
      new Headers({ authorization: `bearer  ${key}` }),
    ]) {
      expect(await authenticator.caller(headers)).toMatchObject({ id, scopes: ['ingest:acme'] });
    }
  });

  test('is the admin with the key of the settings, which needs no table', async () => {
    expect((await authenticator.caller(shown(adminKey))).isAdmin).toBe(true);
    expect(tables.count('keys.get')).toBe(0);
  });

  test('is nobody without a key', async () => {
    await expect(authenticator.caller(new Headers())).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    const basic = new Headers({ authorization: 'Basic YTpi' });
    await expect(authenticator.caller(basic)).rejects.toMatchObject({ code: 'AUTH_FAILED' });
  });

  test('is nobody with an unknown key, a wrong secret or what is no key', async () => {
    const { key, id } = await keys.create({ name: 'DMS', scopes: ['admin'] });
    const wrong = `adp_${id}_${'0'.repeat(43)}`;
    for (const text of [newKeyText(randomBytes).text, wrong, 'hello', key.slice(0, -1), `${key}x`]) {
      await expect(authenticator.caller(shown(text))).rejects.toMatchObject(refusal);
    }
  });

  test('ends when the key expires, however lately it was seen', async () => {
    const { key } = await keys.create({ name: 'k', scopes: ['admin'], expires_at: '2026-01-31T12:00:10Z' });
    await authenticator.caller(shown(key));
    clock.move(9_999);
    await authenticator.caller(shown(key));
    clock.move(1);
    await expect(authenticator.caller(shown(key))).rejects.toMatchObject(refusal);
  });

  test('is looked up once in 15 seconds, also where nothing is found', async () => {
    const { key } = await keys.create({ name: 'k', scopes: ['admin'] });
    const stranger = newKeyText(randomBytes).text;
    // Noting the use of a key reads it too.
    await Promise.all([authenticator.caller(shown(key)), authenticator.caller(shown(key))]);
    await until('its use is noted', () => tables.count('keys.replace') === 1);
    const before = tables.count('keys.get');
    for (let i = 0; i < 5; i++) await authenticator.caller(shown(key));
    expect(tables.count('keys.get')).toBe(before);

    for (let i = 0; i < 5; i++) await expect(authenticator.caller(shown(stranger))).rejects.toMatchObject(refusal);
    expect(tables.count('keys.get')).toBe(before + 1);
    clock.move(15_000);
    await expect(authenticator.caller(shown(stranger))).rejects.toMatchObject(refusal);
    expect(tables.count('keys.get')).toBe(before + 2);
  });

  test('ends at once where the key was deleted, within 15 seconds elsewhere', async () => {
    const { key, id } = await keys.create({ name: 'k', scopes: ['admin'] });
    const { log } = memoryLog();
    const elsewhere = createAuthenticator({ keys, adminKeyHash: hashOfKey(adminKey), clock, log });
    await authenticator.caller(shown(key));
    await elsewhere.caller(shown(key));
    await keys.remove(id);
    authenticator.forget(id);
    await expect(authenticator.caller(shown(key))).rejects.toMatchObject(refusal);
    clock.move(14_999);
    await elsewhere.caller(shown(key));
    clock.move(1);
    await expect(elsewhere.caller(shown(key))).rejects.toMatchObject(refusal);
  });

  test('is not refused, nor let in, where the table does not answer', async () => {
    const { key } = await keys.create({ name: 'k', scopes: ['admin'] });
    tables.fail('keys.get');
    await expect(authenticator.caller(shown(key))).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
    tables.fail(undefined);
    expect((await authenticator.caller(shown(key))).isAdmin).toBe(true);
  });
});

describe('when a key was last used', () => {
  test('is noted at most every five minutes', async () => {
    const { key, id } = await keys.create({ name: 'k', scopes: ['admin'] });
    for (let i = 0; i < 20; i++) await authenticator.caller(shown(key));
    await until('the first use is noted', async () => (await keys.find(id))?.last_used_at !== undefined);
    expect((await keys.find(id))?.last_used_at).toBe('2026-01-31T12:00:00.000Z');
    clock.move(4 * minute);
    await authenticator.caller(shown(key));
    clock.move(minute);
    await authenticator.caller(shown(key));
    await until('the later use is noted', async () => (await keys.find(id))?.last_used_at?.includes('12:05') === true);
    expect(tables.count('keys.replace')).toBe(2);
  });

  test('is no reason to fail, only to say so', async () => {
    const { key } = await keys.create({ name: 'k', scopes: ['admin'] });
    tables.fail('keys.replace');
    await authenticator.caller(shown(key));
    await until('it is logged', () => lines.length === 1);
    expect(lines[0]).toContain('NETWORK_ERROR');
    expect(lines[0]).not.toContain(key);
  });

  test('does not raise a key that was deleted', async () => {
    const { id } = await keys.create({ name: 'k', scopes: ['admin'] });
    const noted = keys.touch(id);
    await Promise.all([noted, keys.remove(id)]);
    expect(await keys.find(id)).toBeUndefined();
  });
});
