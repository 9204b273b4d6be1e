import { expect, test } from '@jest/globals';
import { scrubber } from '../../shared/connectors/rest/scrub.ts';
import { withoutSecrets } from '../../shared/errors.ts';
import { quotation } from '../../shared/http/refusal.ts';

test('a message holds no secret, in whatever form it comes back', () => {
  const secret = 'a+b/c="d" &é';
  const forms = [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ k: secret }).toString(),
    JSON.stringify({ k: secret }),
    Buffer.from(secret).toString('base64'),
  ];
  expect(withoutSecrets(forms.join(' | '), [secret, '', 'x'])).toBe('*** | *** | k=*** | {"k":"***"} | ***');
});

test('a secret is taken out whole, also where a part of it is another one', () => {
  const texts = ['p/w', 'postgres://u:p%2Fw@h'];
  expect(withoutSecrets(`login p/w and p%2Fw of ${texts[1]} failed`, texts)).toBe('login *** and *** of *** failed');
  const secret = JSON.stringify({
    kind: 'oauth2_refresh_token',
    refresh_token: 'abcd1234',
    client_secret: 'abcd1234efgh',
  });
  expect(scrubber(secret)('abcd1234efgh was refused')).toBe('*** was refused');
});

test('half a character in a secret, which no URL can hold, is no trouble', () => {
  expect(withoutSecrets('login half\ud800 failed', ['half\ud800'])).toBe('login *** failed');
});

test('words are no secrets', () => {
  expect(withoutSecrets('abc', ['', 'a'])).toBe('abc');
  const secret = JSON.stringify({
    kind: 'oauth2_client_credentials',
    client_authentication: 'body',
    client_secret: 's3cret',
  });
  expect(scrubber(secret)('no body for s3cret')).toBe('no body for ***');
});

test('a quotation is cut when it holds no secret any more: half of one would not be recognised', () => {
  expect(quotation(`${'x'.repeat(198)}secret`, ['secret'])).toBe(`${'x'.repeat(198)}**…`);
});
