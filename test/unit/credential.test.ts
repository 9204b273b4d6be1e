import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readCredential } from '../../shared/credentials/credential.ts';
import { credentialVersion, rotated, sharedToken } from '../../shared/credentials/oauth/rotation.ts';
import { AdpError } from '../../shared/errors.ts';

const secret = 'hunter2-hunter2';
const token_url = 'https://login.example.com/token';
const pair = { cert: 'PEM', key: 'PEM' };

/** Each kind, as small as it may be. */
const smallest: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  basic: { username: 'hub', password: secret },
  bearer: { token: secret },
  oauth2_client_credentials: { token_url, client_id: 'hub' },
  oauth2_refresh_token: { token_url, client_id: 'hub', refresh_token: secret },
  jwt_bearer: { token_url, issuer: 'hub', private_key: secret },
  mutual_tls: pair,
};

function refusalOf(value: unknown): AdpError {
  try {
    readCredential(typeof value === 'string' ? value : JSON.stringify(value));
  } catch (error) {
    if (error instanceof AdpError) return error;
    throw error;
  }
  throw new Error('It is taken.');
}

describe.each(Object.entries(smallest))('a secret of the kind %s', (kind, members) => {
  const whole = { kind, ...members };

  test('is taken, with a certificate too', () => {
    expect(readCredential(JSON.stringify(whole))).toEqual(whole);
    if (kind === 'mutual_tls') return;
    expect(readCredential(JSON.stringify({ ...whole, mutual_tls: pair }))).toEqual({ ...whole, mutual_tls: pair });
    expect(refusalOf({ ...whole, mutual_tls: { cert: 'PEM' } }).message).toContain('mutual_tls.key is missing');
  });

  test.each(Object.keys(members))('is refused without %s, by name', (name) => {
    const { [name]: _, ...rest } = whole as Record<string, string>;
    const error = refusalOf(rest);
    expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(error.message).toContain(`${name} is missing`);
    expect(error.message).not.toContain(secret);
  });

  test.each(Object.keys(members))('is refused with %s of another type, without its value', (name) => {
    const error = refusalOf({ ...whole, [name]: [secret] });
    expect(error.message).toContain(`${name} must be string`);
    expect(error.message).not.toContain(secret);
  });

  test('is refused with a member that nobody knows: a typo must not vanish', () => {
    expect(refusalOf({ ...whole, scopes: secret }).message).toMatch(/scopes is not known here(?!.*hunter2)/);
  });
});

test('a key says where it stands: in a header, or else in the query', () => {
  const key = { kind: 'api_key', value: secret };
  expect(readCredential(JSON.stringify({ ...key, header: 'X-Key' }))).toBeDefined();
  expect(readCredential(JSON.stringify({ ...key, query: 'key' }))).toBeDefined();
  expect(refusalOf(key).message).toContain('name the header');
  expect(refusalOf({ ...key, header: 'X-Key', query: 'key' }).message).toContain('one of the two');
});

test.each([
  ['no JSON', `Bearer ${secret}`],
  ['text', JSON.stringify(secret)],
  ['nothing', 'null'],
  ['a kind that nobody knows', JSON.stringify({ kind: secret, token: secret })],
  ['a kind that every object has', JSON.stringify({ kind: 'constructor' })],
  ['a line break in what goes into a header', JSON.stringify({ kind: 'bearer', token: `${secret}\r\nx: y` })],
  [
    'a password in an address',
    JSON.stringify({ kind: 'oauth2_client_credentials', client_id: 'x', token_url: `https://a:${secret}@b/` }),
  ],
])('%s is refused, and nothing of it is told', (_, value) => {
  const error = refusalOf(value);
  expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
  expect(`${error.message}${String(error.cause)}`).not.toContain(secret);
});

test.each(['https://[login/token', 'https://login.example.com:99999/'])(
  'an address that is none is refused: %s',
  (url) => {
    const error = refusalOf({ kind: 'oauth2_client_credentials', client_id: 'x', token_url: url });
    expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(error.message).toContain('token_url');
    expect(error.message).not.toContain(url);
  },
);

describe('a secret that the hub has renewed', () => {
  const written = {
    value: JSON.stringify({ kind: 'oauth2_refresh_token', ...smallest.oauth2_refresh_token }),
    version: 'v1',
  };
  const token = { value: 'at', since: 1_000, until: 601_000 };
  const renewed = { value: rotated(written, 'next', token), version: 'v2' };

  test('is valid, has the next refresh token and all else', () => {
    expect(readCredential(renewed.value)).toMatchObject({ ...smallest.oauth2_refresh_token, refresh_token: 'next' });
  });

  test('is still the credential that a person wrote', () => {
    expect(credentialVersion(written)).toBe('v1');
    expect(credentialVersion(renewed)).toBe('v1');
    const again = { value: rotated(renewed, 'third', token), version: 'v3' };
    expect(credentialVersion(again)).toBe('v1');
  });

  test('is another credential once a person has changed anything in it', () => {
    for (const change of [{ refresh_token: 'by hand' }, { client_id: 'other' }, { scope: 'more' }]) {
      const changed = { value: JSON.stringify({ ...JSON.parse(renewed.value), ...change }), version: 'v4' };
      expect(credentialVersion(changed)).toBe('v4');
      expect(sharedToken(changed, 2_000)).toBeUndefined();
    }
  });

  test('holds an access token for others, as long as that is good for a while', () => {
    expect(sharedToken(renewed, 2_000)).toEqual(token);
    expect(sharedToken(renewed, 540_999)).toEqual(token);
    expect(sharedToken(renewed, 541_000)).toBeUndefined();
    expect(sharedToken(renewed, 999)).toBeUndefined();
    expect(sharedToken(written, 2_000)).toBeUndefined();
  });

  test('leaves an access token out that Key Vault has no room for', () => {
    const large = { value: rotated(written, 'next', { ...token, value: 'x'.repeat(25_000) }), version: 'v2' };
    expect(large.value.length).toBeLessThan(1_000);
    expect(credentialVersion(large)).toBe('v1');
  });

  test.each([
    '',
    'Server=x;Password=y',
    '[]',
    '{"rotation":{"origin":"v0","seal":""}}',
    '{"rotation":5,"a":"\\ud800"}',
  ])('whatever a secret is, it has a version: %s', (value) => {
    expect(credentialVersion({ value, version: 'v9' })).toBe('v9');
  });
});

test('what the guide shows is taken', () => {
  const guide = readFileSync(join(__dirname, '../../docs/rest-credentials.md'), 'utf8');
  const shown = [...guide.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']) => json.replaceAll('…', 'x'));
  expect(shown).toHaveLength(3);
  for (const json of shown) expect(readCredential(json)).toEqual(JSON.parse(json));
  for (const kind of Object.keys(smallest)) expect(guide).toContain(`| \`${kind}\` |`);
});
